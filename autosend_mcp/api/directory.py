"""The lists and contact properties of the project, each read from AutoSend at most once a minute."""

from contextlib import suppress
from typing import TypeVar

import anyio

from autosend_mcp.api import contact_lists, contact_properties
from autosend_mcp.api.cache import Cached
from autosend_mcp.api.calls import Call
from autosend_mcp.api.request import Request
from autosend_mcp.errors import AutoSendError, Unknown
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_properties import CustomField

RowT = TypeVar("RowT", ContactList, CustomField)


async def read_lists(call: Call) -> list[ContactList]:
    """Return all lists and segments, read now.

    Raises:
        AutoSendError: They could not be read.
    """
    return await _read(call, call.cache.lists, contact_lists.list_all())


async def recent_lists(call: Call) -> list[ContactList]:
    """Return all lists and segments, as they were at most a minute ago.

    Raises:
        AutoSendError: They could not be read.
    """
    cached = call.cache.lists
    return cached.rows if cached.rows is not None and cached.is_fresh else await read_lists(call)


async def read_properties(call: Call) -> list[CustomField]:
    """Return all contact properties, read now.

    Raises:
        AutoSendError: They could not be read.
    """
    return await _read(call, call.cache.properties, contact_properties.list_all())


async def property_types(call: Call) -> dict[str, str] | None:
    """Return the type of each contact property by name, at most a minute old; None where that cannot be read.

    It is tried once and quickly, and a failure is remembered as long as a success: it never holds a write up.
    """
    cached = call.cache.properties
    if not cached.is_fresh:
        with suppress(Unknown):
            async with cached.reading(call.seconds_left):
                await _renew(call, cached)
    return None if cached.rows is None else {row.field_name: row.field_type or "" for row in cached.rows}


async def _read(call: Call, cached: Cached[RowT], request: Request[list[RowT]]) -> list[RowT]:
    """Return the rows, read after this was asked for: by this call, or by another while this one waited for it."""
    asked_at = anyio.current_time()
    async with cached.reading(call.seconds_left):
        if cached.rows is None or cached.read_at is None or cached.read_at < asked_at:
            cached.store(await call.read(request))
        return cached.rows or []


async def _renew(call: Call, cached: Cached[CustomField]) -> None:
    """Read the contact properties, unless another call has done so meanwhile."""
    if cached.is_fresh:
        return
    try:
        cached.store(await call.look_up(contact_properties.list_all()))
    except AutoSendError:
        cached.store(None)
