"""Contact lists and segments: shown, made, deleted.

Source: AutoSend's documentation, the pages of "Contact lists".
"""

from autosend_mcp.api.calls import Call
from autosend_mcp.api.contacts import path_to
from autosend_mcp.api.directory import look_lists, read_lists, resolve_list
from autosend_mcp.errors import NotSent, Refused
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.contact_lists import (
    EVERYBODY,
    ContactList,
    ContactLists,
    CreateContactList,
    CreatedContactList,
    DeleteContactList,
    DeletedContactList,
    ListContactLists,
)
from autosend_mcp.models.pages import page
from autosend_mcp.models.text import compact_json, visible
from autosend_mcp.tools.confirm import confirm
from autosend_mcp.tools.lost_reply import delete, make
from autosend_mcp.tools.registry import Effect, tool

ALIKE = "There was a list or segment of almost this name already: {}."


@tool("lists", "List contact lists", Effect.READ)
async def list_contact_lists(call: Call, body: ListContactLists) -> ContactLists:
    """Show the contact lists and segments with their type, id and number of contacts. Who is in one: find_contacts."""
    wanted = (body.name_contains or "").lower()
    rows = [
        one.named() | ({"description": one.description} if one.description else {})
        for one in await read_lists(call)
        if wanted in one.name.lower() and (body.type is None or one.is_segment is (body.type == "segment"))
    ]
    shown, following = page(rows, body.cursor, body.limit, compact_json(["lists", body.type, wanted]))
    return ContactLists(lists=shown, total=len(rows), next_cursor=following)


@tool("lists", "Create contact list", Effect.CREATE)
async def create_contact_list(call: Call, body: CreateContactList) -> CreatedContactList:
    """Make an empty contact list, or a segment, which AutoSend fills by conditions. Neither can be renamed: make a
    new list, add its contacts, delete the old one.

    Raises:
        Refused: The name is taken, or AutoSend refused it for another reason.
    """
    there = await read_lists(call)
    wanted = visible(body.name).strip()
    same_name = [one for one in there if one.name.strip() == wanted]
    request = body.model_dump(by_alias=True, exclude_none=True, exclude={"dry_run"})
    if same_name:
        raise Refused(
            "A list or segment of this name exists already.",
            "Use it, or choose another name.",
            facts={"there is": [one.named() for one in same_name]},
        )
    if alike := [one for one in there if one.name.strip().lower() == wanted.lower()]:
        call.notes.append(ALIKE.format(compact_json(alike[0].name)))
    if body.dry_run:
        return CreatedContactList(outcome="dry_run", plan=planned("POST", "/contact-lists", request))
    made, notes = await make(call, "/contact-lists", request, ContactList, lambda: _list_named(call, body.name))
    call.catalogue.lists.drop()
    back = [step("delete_contact_list", list=made.id, confirm=made.name)]
    return CreatedContactList(
        outcome="created", id=made.id, name=made.name, type=made.type or body.type, undo=back, notes=notes
    )


async def _list_named(call: Call, name: str) -> ContactList | None:
    return next((one for one in await look_lists(call) if one.name.strip() == visible(name).strip()), None)


@tool("lists", "Delete contact list", Effect.DELETE)
async def delete_contact_list(call: Call, body: DeleteContactList) -> DeletedContactList:
    """Delete a contact list or segment for good; its contacts stay. Without confirm nothing is deleted, and the error
    shows what would go.

    Raises:
        NotSent: `confirm` is not its name, the person said no, or there is no such list.
        Unknown: The reply was lost, and it is still there or could not be looked for.
    """
    found = await resolve_list(call, body.contact_list, fresh=True, checked=True)
    if found.id == EVERYBODY:
        raise NotSent("All Contacts cannot be deleted.", "delete_contacts deletes contacts.")
    path = path_to("contact-lists", found.id)
    if body.dry_run:
        plan = planned("DELETE", path, None, wouldDelete=found.named(), contacts="stay in AutoSend")
        return DeletedContactList(outcome="dry_run", plan=plan)
    kind, shows = "the segment" if found.is_segment else "the list", {"would delete": found.named()}
    await confirm(call, body.confirm, found.name.strip(), kind=kind, names=[found.name], shows=shows)
    notes = await delete(call, path, lambda: _list_with_id(call, found.id))
    call.catalogue.lists.drop()
    return DeletedContactList(outcome="deleted", id=found.id, name=found.name, notes=notes)


async def _list_with_id(call: Call, list_id: str) -> ContactList | None:
    return next((one for one in await look_lists(call) if one.id == list_id), None)
