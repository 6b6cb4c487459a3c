"""What AutoSend last said of its contact lists, contact properties and automations, kept for a minute."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio

from autosend_mcp.api.contact_properties import NEWER, Resource
from autosend_mcp.errors import Unknown
from autosend_mcp.models.automations import Automation
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_properties import CustomField

LIFETIME = 60.0

RowT = TypeVar("RowT")


@dataclass(slots=True)
class Cached(Generic[RowT]):
    """One kind of row. `rows` is None before the first read, and after one that failed."""

    rows: list[RowT] | None = None
    read_at: float | None = None
    _reading: anyio.Lock = field(default_factory=anyio.Lock)

    @property
    def age(self) -> float:
        """Seconds since the last read, infinite when there was none or its result was invalidated."""
        return float("inf") if self.read_at is None else anyio.current_time() - self.read_at

    @property
    def is_fresh(self) -> bool:
        """Whether what was read last, a failure too, may still be used."""
        return self.age <= LIFETIME

    def store(self, rows: list[RowT] | None) -> None:
        """Keep what a read brought, None for a failure."""
        self.rows, self.read_at = rows, anyio.current_time()

    def give_up(self) -> None:
        """Never read it again: this key may not, or this AutoSend has no such thing."""
        self.rows, self.read_at = None, float("inf")

    def invalidate(self) -> None:
        """Forget it: a write of ours has changed it."""
        self.rows, self.read_at = None, None

    @asynccontextmanager
    async def reading(self, patience: float) -> AsyncGenerator[None]:
        """Hold the right to read, so that calls side by side cost one request.

        Raises:
            Unknown: Another call kept it for all of `patience` seconds.
        """
        with anyio.move_on_after(max(0.0, patience)) as waiting:
            await self._reading.acquire()
        if waiting.cancelled_caught:
            raise Unknown(
                "Another call is still reading the same from AutoSend.",
                "Try again.",
                changed="Reading changes nothing.",
            )
        try:
            yield
        finally:
            self._reading.release()


@dataclass(slots=True)
class Cache:
    """The lists (segments too), the contact properties and the active automations of the project.

    `resource`: the path of the properties. `shows_suppressions`: whether this key may search AutoSend's entries.
    """

    lists: Cached[ContactList] = field(default_factory=Cached[ContactList])
    properties: Cached[CustomField] = field(default_factory=Cached[CustomField])
    automations: Cached[Automation] = field(default_factory=Cached[Automation])
    resource: Resource = NEWER
    shows_suppressions: bool = True
