"""The list or segment that a name or an id means, or the nearest there are."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

from autosend_mcp.api import contact_lists
from autosend_mcp.api.calls import Call
from autosend_mcp.api.directory import read_lists, recent_lists
from autosend_mcp.errors import NOTHING_CHANGED, AutoSendError, NotSent, Refused
from autosend_mcp.models.contact_lists.lists import EVERYBODY, ContactList
from autosend_mcp.models.contacts.contact import LISTS
from autosend_mcp.models.text import folded, visible
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.names import called, called_in_any_case, note_reading

UNCHECKED = "AutoSend's lists could not be read, so the list ids were used unchecked."

_CANDIDATES = 5
_FEW = 3  # lists that are shown where none is near
_CALL_WITH_ID = "Call again with the id of the one that is meant, or ask the user."
_SEE_WHICH = "None is near; list_contact_lists shows the {} that there are."
_NONE_YET = "There are no lists yet; create_contact_list makes one, if the user wants it."
_LIKE_AN_ID = re.compile(r"[0-9a-fA-F]{16,40}")


class UnclearListError(NotSent):
    """What was given is not the name or id of one list."""


async def resolve_lists(
    context: Context, given: Sequence[str] | None, *, argument: str = LISTS, fresh: bool
) -> list[ContactList]:
    """Return the contact lists meant by these names or ids, each once, fit to be joined.

    `argument`: where they were given. `fresh`: with their counts of now.

    Raises:
        NotSent: One is unknown, ambiguous or a segment; or a name is given and the lists cannot be read.
    """
    if not given:
        return []
    if fresh:
        context.call.cache.lists.invalidate()
    failed = await _failure_to_read(context.call)
    lists = [await _resolve(context, name, failed, argument) for name in given]
    for contact_list in lists:
        _check_joinable(contact_list)
    return list({contact_list.id: contact_list for contact_list in lists}.values())


async def resolve_list(
    context: Context,
    given: str,
    *,
    argument: str = "list",
    joining: str = "",
    fresh: bool = False,
    checked: bool = False,
) -> ContactList:
    """Return the list or segment meant by this name, or this id.

    `argument`: where it was given. `joining`: it must be one to put contacts into; what to do if it is All Contacts.
    `fresh`: with its count of now. `checked`: an id, too, only if it can be read.

    Raises:
        UnclearListError: It is unknown or ambiguous, with the candidates.
        NotSent: It is a segment where a list is needed.
    """
    if fresh:
        context.call.cache.lists.invalidate()
    found = await _resolve(context, given, await _failure_to_read(context.call), argument, checked=checked)
    if joining:
        _check_joinable(found, joining)
    return found


async def _failure_to_read(call: Call) -> AutoSendError | None:
    """Read the lists, unless they are known; return why that could not be."""
    try:
        await recent_lists(call)
    except AutoSendError as error:
        return error
    return None


async def _resolve(
    context: Context, given: str, failed: AutoSendError | None, argument: str, *, checked: bool = False
) -> ContactList:
    wanted = given.strip()
    try:
        if failed is not None:
            raise failed
        return await _known_list(context, wanted, argument)
    except UnclearListError:
        raise
    except AutoSendError:
        if checked or not (_LIKE_AN_ID.fullmatch(wanted) or wanted == EVERYBODY):
            raise
        if UNCHECKED not in context.notes:
            context.notes.append(UNCHECKED)
        return ContactList(id=wanted, name=wanted)


async def _known_list(context: Context, wanted: str, argument: str) -> ContactList:
    call = context.call
    lists = await recent_lists(call)
    matches = _matching(lists, wanted)
    if not matches and (call.cache.lists.read_at or 0.0) < call.started_at:  # it may have been made since
        lists = await read_lists(call)
        matches = _matching(lists, wanted)
    if not matches:
        if _LIKE_AN_ID.fullmatch(wanted) and (found := await _get_list(call, wanted)):
            return found
        matches = called_in_any_case(lists, wanted, _name_of)
        if len(matches) == 1:
            note_reading(context, wanted, matches[0].name)
    if len(matches) == 1:
        return matches[0]
    raise _unclear(lists, matches, wanted, argument)


def _unclear(
    lists: Sequence[ContactList], matches: Sequence[ContactList], wanted: str, argument: str
) -> UnclearListError:
    """Return the error for a name that several have, or none."""
    facts: dict[str, object] = {f"asked for in {argument}" if argument else "asked for": visible(wanted)}
    if matches:
        what, next_step = f"{len(matches)} lists or segments have this name.", _CALL_WITH_ID
        facts["there are"] = [row.named() for row in matches]
    else:
        what, own = "No list or segment has this name or id.", [row for row in lists if row.id != EVERYBODY]
        near = _near(lists, wanted)
        shown = near or own[: _FEW * (len(own) <= _FEW)]
        facts |= {"nearest" if near else "there are": [row.named() for row in shown]} if shown else {}
        next_step = _CALL_WITH_ID if shown else _SEE_WHICH.format(len(own)) if own else _NONE_YET
    return UnclearListError(what, next_step, changed=NOTHING_CHANGED, facts=facts)


async def _get_list(call: Call, list_id: str) -> ContactList | None:
    """Return the list with this id, in case AutoSend did not show all of them; None if there is none."""
    try:
        return await call.read(contact_lists.get(list_id))
    except Refused as refusal:
        if refusal.status in {400, 404}:
            return None
        raise


def _name_of(row: ContactList) -> str:
    return row.name


def _matching(lists: Sequence[ContactList], wanted: str) -> list[ContactList]:
    return [row for row in lists if row.id == wanted] or called(lists, wanted, _name_of)


def _near(lists: Sequence[ContactList], wanted: str) -> list[ContactList]:
    """Return those whose names resemble what is wanted, or have it as a part."""
    names = {folded(row.name): row for row in lists}
    name = folded(wanted)
    near = get_close_matches(name, names, n=_CANDIDATES, cutoff=0.6)
    near += [other for other in names if len(name) > 2 and (name in other or other in name) and other not in near]
    return [names[name] for name in near[:_CANDIDATES]]


def _check_joinable(found: ContactList, everybody: str = "Leave it out, and call again.") -> None:
    """Return only if people can be put into the list and taken out. `everybody`: what to do if it is All Contacts."""
    if found.id == EVERYBODY:
        raise NotSent("Every contact is in All Contacts.", everybody, changed=NOTHING_CHANGED)
    if found.is_segment:
        raise NotSent(
            "This is a segment: AutoSend computes who is in it, so nobody can be put in or taken out.",
            "Choose a contact list; or change the contact so that it meets the segment's conditions.",
            changed=NOTHING_CHANGED,
            facts={"segment": found.shown()},
        )
