"""Contact lists and segments: shown, made, deleted.

Source: AutoSend's documentation, the pages of "Contact lists".
"""

from collections.abc import Sequence
from functools import partial

from autosend_mcp.api import contact_lists
from autosend_mcp.api.calls import Call
from autosend_mcp.api.directory import read_lists
from autosend_mcp.api.moment import relative_to
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.contact_lists.list_tools import (
    ContactLists,
    CreateContactList,
    CreatedContactList,
    DeleteContactList,
    DeletedContactList,
    ListContactLists,
)
from autosend_mcp.models.contact_lists.lists import EVERYBODY, ContactList
from autosend_mcp.models.pages import page
from autosend_mcp.models.text import compact_json, visible
from autosend_mcp.tools.automations import automations_of
from autosend_mcp.tools.confirm import confirm
from autosend_mcp.tools.contact_lists.resolve import resolve_list
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.lost_reply import delete, make
from autosend_mcp.tools.property_checks import note_fields_nobody_has
from autosend_mcp.tools.registry import Effect, tool

IN_USE = "a live automation uses it"
FREE_IT = "end the automation that uses it, or give it another list, in AutoSend's dashboard; then it can be deleted"
ALIKE = "There was a list or segment of almost this name already: {}."


@tool("lists", "Show contact lists and segments", Effect.READ)
async def list_contact_lists(context: Context, body: ListContactLists) -> ContactLists:
    """Show which contact lists and segments (audiences) there are in AutoSend, with type, id, number of contacts and
    the conditions of a segment. find_contacts shows who is in one."""
    wanted = (body.name_contains or "").lower()
    rows = [
        row.shown()
        for row in await read_lists(context.call)
        if wanted in row.name.lower() and (body.type == "any" or row.is_segment is (body.type == "segment"))
    ]
    shown, following = page(rows, body.cursor, body.limit, compact_json(["lists", body.type, wanted]))
    return ContactLists(lists=shown, total=len(rows), next_cursor=following)


@tool("lists", "Create contact list or segment", Effect.CREATE)
async def create_contact_list(context: Context, body: CreateContactList) -> CreatedContactList:
    """Make a new, empty contact list (audience) in AutoSend, or a segment, which it fills by conditions. Only its
    dashboard can rename one: do not make a new list for that.

    Raises:
        Refused: The name is taken, or AutoSend refused it for another reason.
    """
    call = context.call
    existing = await read_lists(call)
    wanted = visible(body.name).strip()
    if same_name := [row for row in existing if row.name.strip() == wanted]:
        raise Refused(
            "A list or segment of this name exists already.",
            "Use it, or choose another name.",
            facts={"there is": [row.named() for row in same_name]},
        )
    if alike := [row for row in existing if row.name.strip().lower() == wanted.lower()]:
        context.notes.append(ALIKE.format(compact_json(alike[0].name)))
    await note_fields_nobody_has(context, body.field_names())
    request = contact_lists.create(body.request_body())
    if body.dry_run:
        return CreatedContactList(outcome="dry_run", plan=planned(request.shown()))
    made, ours, notes = await make(
        call, request, lambda: call.look_up(contact_lists.list_all()), partial(_made, call, body)
    )
    call.cache.lists.invalidate()
    steps = [step("delete_contact_list", list=made.id)] if ours else []
    return CreatedContactList(
        outcome="created",
        id=made.id,
        name=made.name,
        type=made.type or body.type,
        contact_count=await _count(call, made.id) if body.type == "segment" else None,
        steps=steps,
        notes=notes,
    )


async def _count(call: Call, segment: str) -> int | None:
    """Return how many are in the segment that was made, None where that cannot be read."""
    try:
        return (await call.look_up(contact_lists.search(segment, limit=1))).total
    except AutoSendError:
        return None


def _made(
    call: Call, body: CreateContactList, lost: Unknown, lists: Sequence[ContactList]
) -> tuple[ContactList, bool] | None:
    """Return the list of this name that has appeared since, and whether it is certain that this call made it."""
    wanted = visible(body.name).strip()
    made = next((row for row in lists if row.name.strip() == wanted), None)
    if made is None:
        return None
    if made.is_segment is not (body.type == "segment"):
        raise Refused(
            f"Another list or segment of this name was made meanwhile. {lost.what}",
            "Use it, or choose another name.",
            facts={"there is": made.named()},
        )
    return made, relative_to(call.sent_at, made.created_at, made.seen_at) == "during"


@tool("lists", "Delete contact list or segment", Effect.DELETE)
async def delete_contact_list(context: Context, body: DeleteContactList) -> DeletedContactList:
    """Delete an AutoSend contact list or segment for good; its contacts stay. Without confirm nothing is deleted, and
    the error shows what would go.

    Raises:
        NotSent: `confirm` is not its name, the user said no, or there is no such list.
        Refused: An automation uses it.
        Unknown: The reply was lost, and it is still there or could not be looked for.
    """
    call = context.call
    found = await resolve_list(context, body.contact_list, fresh=True, checked=True)
    if found.id == EVERYBODY:
        raise NotSent("All Contacts cannot be deleted.", "delete_contacts deletes contacts.")
    request = contact_lists.delete(found.id)
    if body.dry_run:
        used_by = {"usedBy": await automations_of(call, found.id), "unless": IN_USE}
        plan = planned(request.shown(), wouldDelete=found.named(), contacts="stay in AutoSend", **used_by)
        return DeletedContactList(outcome="dry_run", plan=plan)
    kind, shows = "the segment" if found.is_segment else "the list", {"would delete": found.named()}
    await confirm(context, body.confirm, found.name.strip(), kind=kind, names=[found.name], ids=[found.id], shows=shows)
    try:
        notes = await delete(
            call, request, lambda: call.look_up(contact_lists.list_all()), lambda row: row.id == found.id
        )
    except Refused as refusal:
        if contact_lists.is_in_use(refusal):
            refusal.what = f"Not deleted: {IN_USE}."
            refusal.next_step, refusal.user_step = "", FREE_IT
            used_by = {"used by": names} if (names := await automations_of(call, found.id)) else {}
            refusal.facts = {"in use": found.named(), **used_by, **refusal.facts}
        raise
    call.cache.lists.invalidate()
    return DeletedContactList(outcome="deleted", id=found.id, name=found.name, notes=notes)
