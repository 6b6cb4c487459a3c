"""The lists and custom fields of the project: lists by name or id, and values checked against the fields' types.

Both are read from AutoSend at most once a minute, and never stand in the way of a write: where they cannot be read, the
write goes on with a note that says so.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from difflib import get_close_matches
from re import compile as pattern
from typing import Any, TypeVar

import anyio

from autosend_mcp.api.cache import LIFETIME, Shelf
from autosend_mcp.api.calls import UNCHANGED, Call
from autosend_mcp.api.contacts import parsed, path_to, rows_of
from autosend_mcp.api.envelope import Reply
from autosend_mcp.errors import NOTHING_CHANGED, AutoSendError, NotSent, Refused, Unknown
from autosend_mcp.models.contact_lists import EVERYBODY, ContactList
from autosend_mcp.models.contact_properties import CustomField
from autosend_mcp.models.text import visible

LISTS_UNCHECKED = "AutoSend's lists could not be read, so the list ids were used unchecked."
FIELDS_UNCHECKED = "AutoSend's custom fields could not be read, so names and types were not checked."

_CANDIDATES = 10
_LIKE_AN_ID = pattern(r"[0-9a-fA-F]{16,40}")


RowT = TypeVar("RowT", ContactList, CustomField)


class UnclearListError(NotSent):
    """What was given is not the name or id of one list."""


async def read_lists(call: Call) -> list[ContactList]:
    """All lists and segments, read now. `data.lists` and `data.contacts` are both documented.

    Raises:
        AutoSendError: They could not be read.
    """
    return await _read(call, call.catalogue.lists, _lists, "/contact-lists")


async def recent_lists(call: Call) -> list[ContactList]:
    """All lists and segments, as they were at most a minute ago.

    Raises:
        AutoSendError: They could not be read.
    """
    shelf = call.catalogue.lists
    if shelf.rows is not None and shelf.age < LIFETIME:
        return shelf.rows
    if call.lists_failed is not None:  # once a call is enough
        raise call.lists_failed
    try:
        return await read_lists(call)
    except AutoSendError as error:
        call.lists_failed = error
        raise


async def read_fields(call: Call) -> list[CustomField]:
    """All custom fields, read now.

    Raises:
        AutoSendError: They could not be read.
    """
    return await _read(call, call.catalogue.fields, _fields, "/custom-fields")


async def _read(call: Call, shelf: Shelf[RowT], parse: Callable[[Reply], list[RowT]], path: str) -> list[RowT]:
    """The rows, read after this was asked for: by this call, or by another while this one waited for it."""
    asked_at = anyio.current_time()
    async with _alone(call, shelf):
        if shelf.rows is None or shelf.read_at is None or shelf.read_at < asked_at:
            shelf.keep(await call.read(parse, "GET", path, many=True))
        return shelf.rows or []


@asynccontextmanager
async def _alone(call: Call, shelf: Shelf[Any]) -> AsyncGenerator[None]:
    """Hold the shelf, so that calls side by side cost one request; wait no longer than a write may still begin."""
    with anyio.move_on_after(max(0.0, call.seconds_left)) as waiting:
        await shelf.reading.acquire()
    if waiting.cancelled_caught:
        raise Unknown("Another call is still reading the same from AutoSend.", "Try again.", changed=UNCHANGED)
    try:
        yield
    finally:
        shelf.reading.release()


async def look_lists(call: Call) -> list[ContactList]:
    """All lists and segments, in one short attempt: what became of a write."""
    return _lists(await call.look_up("GET", "/contact-lists", many=True))


async def look_fields(call: Call) -> list[CustomField]:
    """All custom fields, in one short attempt: what became of a write."""
    return _fields(await call.look_up("GET", "/custom-fields", many=True))


def _lists(reply: Reply) -> list[ContactList]:
    return [parsed(ContactList, reply, row) for row in rows_of(reply, "lists", "contacts")]


def _fields(reply: Reply) -> list[CustomField]:
    return [parsed(CustomField, reply, row) for row in rows_of(reply, "customFields")]


async def resolve_lists(call: Call, given: Sequence[str] | None, *, fresh: bool) -> list[ContactList]:
    """The contact lists meant by these names or ids, each once, fit to be joined. `fresh`: with their counts of now.

    Raises:
        NotSent: One is unknown, ambiguous or a segment; or a name is given and the lists cannot be read.
    """
    if given and fresh:
        call.catalogue.lists.drop()
    lists = [await resolve_list(call, one, joining=True) for one in given or []]
    return list({one.id: one for one in lists}.values())


async def resolve_list(
    call: Call, given: str, *, joining: bool = False, fresh: bool = False, checked: bool = False
) -> ContactList:
    """The list or segment meant by this exact name, or this id.

    `joining`: it must be one to put contacts into. `fresh`: with its count of now. `checked`: an id, too, only if it
    can be read.

    Raises:
        UnclearListError: It is unknown or ambiguous, with the candidates.
        NotSent: It is a segment where a list is needed.
    """
    wanted = given.strip()
    if fresh:
        call.catalogue.lists.drop()
    try:
        found = await _known_list(call, wanted)
    except UnclearListError:
        raise
    except AutoSendError:
        if not checked and (_LIKE_AN_ID.fullmatch(wanted) or wanted == EVERYBODY):
            if LISTS_UNCHECKED not in call.notes:
                call.notes.append(LISTS_UNCHECKED)
            return ContactList(id=wanted, name=wanted)
        raise
    if joining:
        _check_joinable(found)
    return found


async def _known_list(call: Call, wanted: str) -> ContactList:
    known = call.catalogue.lists.rows
    lists = await recent_lists(call)
    matches = _matching(lists, wanted)
    if not matches and lists is known:  # it may have been made since
        lists = await read_lists(call)
        matches = _matching(lists, wanted)
    if len(matches) == 1:
        return matches[0]
    if not matches and _LIKE_AN_ID.fullmatch(wanted) and (found := await _get_list(call, wanted)):
        return found
    near = matches or _near(lists, wanted)
    raise UnclearListError(
        f"{len(matches)} lists or segments have this name." if matches else "No list or segment has this name or id.",
        "Call again with the id of the one that is meant, or ask the user."
        if near
        else "There are none yet; create_contact_list makes one.",
        changed=NOTHING_CHANGED,
        facts={"asked for": visible(wanted), "there are" if matches else "nearest": [one.named() for one in near]},
    )


async def _get_list(call: Call, list_id: str) -> ContactList | None:
    """The list with this id, in case AutoSend did not show all of them; None if there is none."""
    try:
        path = path_to("contact-lists", list_id)
        return await call.read(lambda reply: parsed(ContactList, reply, reply.data), "GET", path)
    except Refused as refusal:
        if refusal.status in {400, 404}:
            return None
        raise


def _matching(lists: Iterable[ContactList], wanted: str) -> list[ContactList]:
    rows = list(lists)
    name = visible(wanted).strip()
    return [one for one in rows if one.id == wanted] or [one for one in rows if one.name.strip() == name]


def _near(lists: Sequence[ContactList], wanted: str) -> list[ContactList]:
    names = {one.name.lower(): one for one in lists}
    near = get_close_matches(wanted.lower(), names, n=_CANDIDATES, cutoff=0.5)
    return [names[name] for name in near] or list(lists)[:_CANDIDATES]


def _check_joinable(found: ContactList) -> None:
    if found.id == EVERYBODY:
        raise NotSent("Every contact is in All Contacts.", "Leave it out, and call again.")
    if found.is_segment:
        raise NotSent(
            "This is a segment: AutoSend computes who is in it, so nobody can be put in or taken out.",
            "Choose a contact list; or change the contact so that it meets the segment's conditions.",
            changed=NOTHING_CHANGED,
            facts={"segment": found.named()},
        )


async def defined_fields(call: Call) -> dict[str, str] | None:
    """The type of each custom field that is defined, by name; None where that cannot be read, with a note."""
    shelf: Shelf[CustomField] = call.catalogue.fields
    if shelf.age > LIFETIME:
        with suppress(Unknown):
            async with _alone(call, shelf):
                await _renew(call, shelf)
    if shelf.rows is None:
        call.notes.append(FIELDS_UNCHECKED)
        return None
    return {field.field_name: field.field_type or "" for field in shelf.rows}


async def _renew(call: Call, shelf: Shelf[CustomField]) -> None:
    """Read the custom fields, unless another call has done so meanwhile."""
    if shelf.age <= LIFETIME:
        return
    try:
        shelf.keep(_fields(await call.look_up("GET", "/custom-fields", many=True)))
    except AutoSendError:
        shelf.keep(None)
