"""The list or segment that an exact name or an id means, or the nearest there are."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from autosend_mcp.api import contact_lists
from autosend_mcp.api.calls import Call
from autosend_mcp.api.directory import read_lists, recent_lists
from autosend_mcp.errors import NOTHING_CHANGED, AutoSendError, NotSent, Refused
from autosend_mcp.models.contact_lists.lists import EVERYBODY, ContactList
from autosend_mcp.models.text import visible
from autosend_mcp.tools.context import Context

UNCHECKED = "AutoSend's lists could not be read, so the list ids were used unchecked."

_CANDIDATES = 10
_LIKE_AN_ID = re.compile(r"[0-9a-fA-F]{16,40}")


class UnclearListError(NotSent):
    """What was given is not the name or id of one list."""


async def resolve_lists(context: Context, given: Sequence[str] | None, *, fresh: bool) -> list[ContactList]:
    """Return the contact lists meant by these names or ids, each once, fit to be joined.

    `fresh`: with their counts of now.

    Raises:
        NotSent: One is unknown, ambiguous or a segment; or a name is given and the lists cannot be read.
    """
    if not given:
        return []
    if fresh:
        context.call.cache.lists.invalidate()
    failed = await _failure_to_read(context.call)
    lists = [await _resolve(context, name, failed) for name in given]
    for contact_list in lists:
        _check_joinable(contact_list)
    return list({contact_list.id: contact_list for contact_list in lists}.values())


async def resolve_list(
    context: Context, given: str, *, joining: bool = False, fresh: bool = False, checked: bool = False
) -> ContactList:
    """Return the list or segment meant by this exact name, or this id.

    `joining`: it must be one to put contacts into. `fresh`: with its count of now. `checked`: an id, too, only if it
    can be read.

    Raises:
        UnclearListError: It is unknown or ambiguous, with the candidates.
        NotSent: It is a segment where a list is needed.
    """
    if fresh:
        context.call.cache.lists.invalidate()
    found = await _resolve(context, given, await _failure_to_read(context.call), checked=checked)
    if joining:
        _check_joinable(found)
    return found


async def _failure_to_read(call: Call) -> AutoSendError | None:
    """Read the lists, unless they are known; return why that could not be."""
    try:
        await recent_lists(call)
    except AutoSendError as error:
        return error
    return None


async def _resolve(context: Context, given: str, failed: AutoSendError | None, *, checked: bool = False) -> ContactList:
    wanted = given.strip()
    try:
        if failed is not None:
            raise failed
        return await _known_list(context.call, wanted)
    except UnclearListError:
        raise
    except AutoSendError:
        if checked or not (_LIKE_AN_ID.fullmatch(wanted) or wanted == EVERYBODY):
            raise
        if UNCHECKED not in context.notes:
            context.notes.append(UNCHECKED)
        return ContactList(id=wanted, name=wanted)


async def _known_list(call: Call, wanted: str) -> ContactList:
    known = call.cache.lists.rows
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
        facts={"asked for": visible(wanted), "there are" if matches else "nearest": [row.named() for row in near]},
    )


async def _get_list(call: Call, list_id: str) -> ContactList | None:
    """Return the list with this id, in case AutoSend did not show all of them; None if there is none."""
    try:
        return await call.read(contact_lists.get(list_id))
    except Refused as refusal:
        if refusal.status in {400, 404}:
            return None
        raise


def _matching(lists: Iterable[ContactList], wanted: str) -> list[ContactList]:
    rows = list(lists)
    name = visible(wanted).strip()
    return [row for row in rows if row.id == wanted] or [row for row in rows if row.name.strip() == name]


def _near(lists: Sequence[ContactList], wanted: str) -> list[ContactList]:
    names = {row.name.lower(): row for row in lists}
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
