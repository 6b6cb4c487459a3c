"""The lists, contact properties and automations of the project, each read from AutoSend at most once a minute."""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import anyio

from autosend_mcp.api import automations, contact_lists, contact_properties
from autosend_mcp.api.cache import Cached
from autosend_mcp.api.calls import Call
from autosend_mcp.api.contact_properties import OLDER
from autosend_mcp.api.request import Request
from autosend_mcp.errors import AutoSendError, Refused, Unknown
from autosend_mcp.models.automations import Automation
from autosend_mcp.models.comparison import custom_fields
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_properties import CustomField
from autosend_mcp.models.contacts.contact import AnyContact, Values
from autosend_mcp.models.text import visible
from autosend_mcp.models.values import SYSTEM_PROPERTIES

RowT = TypeVar("RowT", ContactList, CustomField)

_MAX_PAGES = 3  # of automations, of which plans allow ten and more


async def read_lists(call: Call) -> list[ContactList]:
    """Return all lists and segments, read now.

    Raises:
        AutoSendError: They could not be read.
    """
    return await _read(call, call.cache.lists, lambda: call.read(contact_lists.list_all()))


async def recent_lists(call: Call) -> list[ContactList]:
    """Return all lists and segments, as they were at most a minute ago.

    Raises:
        AutoSendError: They could not be read.
    """
    cached = call.cache.lists
    return cached.rows if cached.rows is not None and cached.is_fresh else await read_lists(call)


async def known_lists(call: Call) -> dict[str, ContactList]:
    """Return the lists and segments by id, at most a minute old; none where they cannot be read.

    Like the contact properties they are tried once and quickly, so that they never hold an answer up.
    """
    cached = call.cache.lists
    if not cached.is_fresh:
        with suppress(Unknown):
            async with cached.reading(call.seconds_left):
                await _renew(cached, lambda: call.look_up(contact_lists.list_all()))
    return {row.id: row for row in cached.rows or ()}


async def read_properties(call: Call) -> list[CustomField]:
    """Return all contact properties but the built-in ones, read now.

    Raises:
        AutoSendError: They could not be read.
    """
    return await _read(call, call.cache.properties, lambda: _under_either_path(call, call.read))


async def look_up_properties(call: Call) -> list[CustomField]:
    """Return all contact properties but the built-in ones, by a short read that finds out what became of a write.

    Raises:
        AutoSendError: They could not be read.
    """
    return await _under_either_path(call, call.look_up)


async def property_types(call: Call) -> dict[str, str] | None:
    """Return the type of each contact property by its exact name, at most a minute old; None where it cannot be read.

    It is tried once and quickly, and a failure is remembered as long as a success: it never holds a write up.
    """
    cached = call.cache.properties
    if not cached.is_fresh:
        with suppress(Unknown):
            async with cached.reading(call.seconds_left):
                await _renew(cached, lambda: look_up_properties(call))
    if cached.rows is None:
        return None
    return {row.stored_name: row.field_type or "" for row in cached.rows}


async def own_properties(
    call: Call, contacts: Iterable[AnyContact], expected: Iterable[Values] = ()
) -> frozenset[str] | None:
    """Return which properties of the contacts are the project's own: defined, or expected of them.

    The others AutoSend sets by itself, so that nobody can send them. None where there are no others, or where the
    definitions cannot be read. They are read again for a name that is not among those of a minute ago.
    """
    asked = {visible(name) for values in expected for name in custom_fields(values)}
    others = {visible(name) for contact in contacts for name in contact.raw_fields} - asked
    if not others:
        return None
    cached = call.cache.properties
    known = cached.rows
    types = await property_types(call)
    if types is not None and cached.rows is known and others - {*map(visible, types), *SYSTEM_PROPERTIES}:
        cached.invalidate()
        types = await property_types(call)
    return None if types is None else frozenset(asked.union(map(visible, types)))


async def active_automations(call: Call) -> list[Automation] | None:
    """Return the active automations, at most a minute old; None where they cannot be read, or are very many.

    It is tried once and quickly. A key that may not read them costs one request in all.
    """
    cached = call.cache.automations
    if not cached.is_fresh:
        with suppress(Unknown):
            async with cached.reading(call.seconds_left):
                if not cached.is_fresh:
                    await _renew_automations(call, cached)
    return cached.rows


async def _renew_automations(call: Call, cached: Cached[Automation]) -> None:
    rows: list[Automation] = []
    try:
        for number in range(1, _MAX_PAGES + 1):
            page = await call.look_up(automations.list_active(number))
            rows += page.rows
            if len(page.rows) < automations.PAGE and len(rows) >= (page.total or 0):
                cached.store(rows)
                return
        cached.store(None)
    except Refused as refusal:
        if refusal.status == 429:
            cached.store(None)
        else:
            cached.give_up()
    except AutoSendError:
        cached.store(None)


async def _read(call: Call, cached: Cached[RowT], read: Callable[[], Awaitable[list[RowT]]]) -> list[RowT]:
    """Return the rows, read after this was asked for: by this call, or by another while this one waited for it."""
    asked_at = anyio.current_time()
    async with cached.reading(call.seconds_left):
        if cached.rows is None or cached.read_at is None or cached.read_at < asked_at:
            cached.store(await read())
        return cached.rows or []


async def _renew(cached: Cached[RowT], look_up: Callable[[], Awaitable[list[RowT]]]) -> None:
    """Look the rows up, unless another call has done so meanwhile."""
    if cached.is_fresh:
        return
    try:
        cached.store(await look_up())
    except AutoSendError:
        cached.store(None)


async def _under_either_path(
    call: Call, send: Callable[[Request[list[CustomField]]], Awaitable[list[CustomField]]]
) -> list[CustomField]:
    """Read the contact properties; where their path is not known to AutoSend, by the older one, from then on."""
    cache = call.cache
    try:
        return await send(contact_properties.list_all(cache.resource))
    except Refused as refusal:
        if refusal.status != 404 or cache.resource is OLDER:
            raise
    rows = await send(contact_properties.list_all(OLDER))
    cache.resource = OLDER
    return rows
