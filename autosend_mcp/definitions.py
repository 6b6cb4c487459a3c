"""What a project defines: making and deleting contact lists, segments and custom fields.

Source: AutoSend's documentation, the pages of "Contact lists" and "Custom fields".
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from pydantic import BaseModel, ValidationError

from autosend_mcp.calls import LOOK_UP_TIMES, Call
from autosend_mcp.confirmations import confirm
from autosend_mcp.directory import look_fields, look_lists, read_fields, read_lists, resolve_list
from autosend_mcp.errors import NOTHING_CHANGED, AutoSendError, NotSent, Refused, Unknown, compact_json
from autosend_mcp.lookups import parsed, path_to
from autosend_mcp.models.base import planned, step, visible
from autosend_mcp.models.fields import (
    CreateCustomField,
    CreatedCustomField,
    CustomField,
    DeleteCustomField,
    DeletedCustomField,
)
from autosend_mcp.models.lists import (
    EVERYBODY,
    ContactList,
    CreateContactList,
    CreatedContactList,
    DeleteContactList,
    DeletedContactList,
)

THERE = "AutoSend's reply was lost; a look-up then found it there."
VALUES = "its values in all contacts"
NO_UNDO = "There is no undo: the field cannot be defined again as it was."
VALUES_GONE = "The undo defines the field anew; the values that contacts had are gone."
ALIKE = "There was a list or segment of almost this name already: {}."
GONE = "AutoSend's reply was lost; a look-up then found it gone."

RowT = TypeVar("RowT", bound=BaseModel)


async def create_contact_list(call: Call, body: CreateContactList) -> CreatedContactList:
    """Make the list or segment; with dryRun, show what that would be.

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
    made, notes = await _make(call, "/contact-lists", request, ContactList, lambda: _list_named(call, body.name))
    call.catalogue.lists.drop()
    back = [step("delete_contact_list", list=made.id, confirm=made.name)]
    return CreatedContactList(
        outcome="created", id=made.id, name=made.name, type=made.type or body.type, undo=back, notes=notes
    )


async def _list_named(call: Call, name: str) -> ContactList | None:
    return next((one for one in await look_lists(call) if one.name.strip() == visible(name).strip()), None)


async def _make(
    call: Call, path: str, request: dict[str, object], model: type[RowT], find: Callable[[], Awaitable[RowT | None]]
) -> tuple[RowT, list[str] | None]:
    """What was made, and a note where only looking could tell.

    Raises:
        Unknown: The reply was lost, and it is not there or could not be looked for.
    """
    try:
        reply = await call.write("POST", path, request)
        return parsed(model, reply, reply.data), None
    except Unknown as lost:
        found = await _looked_for(call, find, until=lambda row: row is not None)
        if isinstance(found, BaseModel):
            return found, [THERE]
        raise _in_doubt(lost, seen=found is None) from None


async def _looked_for(
    call: Call, find: Callable[[], Awaitable[RowT | None]], until: Callable[[RowT | None], bool]
) -> RowT | AutoSendError | None:
    """What the last look found, None if it is not there; the error where each look failed."""
    found: RowT | AutoSendError | None = None
    waited = 0.0
    for seconds in LOOK_UP_TIMES:
        await anyio.sleep((seconds - waited) * call.scale)
        waited = seconds
        try:
            found = await find()
        except AutoSendError as error:
            found = error
            continue
        if until(found):
            break
    return found


def _in_doubt(lost: Unknown, *, seen: bool) -> Unknown:
    changed = (
        "Looked up afterwards, it was as before, so it was probably not applied."
        if seen
        else "Looking it up failed too: whether it was applied is not known."
    )
    again = "Look whether it is there before you call again."
    return lost.looked_into(again, changed=changed)


async def delete_contact_list(call: Call, body: DeleteContactList) -> DeletedContactList:
    """Delete the list or segment, not the contacts in it; with dryRun, show which.

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
    notes = await _delete(call, path, lambda: _list_with_id(call, found.id))
    call.catalogue.lists.drop()
    return DeletedContactList(outcome="deleted", id=found.id, name=found.name, notes=notes)


async def _list_with_id(call: Call, list_id: str) -> ContactList | None:
    return next((one for one in await look_lists(call) if one.id == list_id), None)


async def _delete(call: Call, path: str, find: Callable[[], Awaitable[BaseModel | None]]) -> list[str] | None:
    """A note where only looking could tell that it is gone."""
    try:
        await call.write("DELETE", path)
    except Unknown as lost:
        left = await _looked_for(call, find, until=lambda row: row is None)
        if left is not None:
            raise _in_doubt(lost, seen=isinstance(left, BaseModel)) from None
        return [GONE]
    return None


async def create_custom_field(call: Call, body: CreateCustomField) -> CreatedCustomField:
    """Define the field; with dryRun, show what that would be.

    Raises:
        Refused: It is defined already, or AutoSend refused it for another reason.
    """
    there = {one.field_name: one for one in await read_fields(call)}
    if same := there.get(visible(body.field_name)):
        raise Refused("This custom field is defined already.", "Use it as it is.", facts={"there is": same.shown()})
    request = body.model_dump(by_alias=True, exclude_none=True, exclude={"dry_run"})
    if body.dry_run:
        return CreatedCustomField(outcome="dry_run", plan=planned("POST", "/custom-fields", request))
    made, notes = await _make(call, "/custom-fields", request, CustomField, lambda: _field_named(call, body.field_name))
    call.catalogue.fields.drop()
    return CreatedCustomField(
        outcome="created",
        field_name=made.field_name,
        field_type=made.field_type or body.field_type,
        undo=[step("delete_custom_field", fieldName=made.field_name, confirm=made.field_name)],
        notes=notes,
    )


async def _field_named(call: Call, name: str) -> CustomField | None:
    return next((one for one in await look_fields(call) if one.field_name == visible(name)), None)


async def delete_custom_field(call: Call, body: DeleteCustomField) -> DeletedCustomField:
    """Delete the field, and with it its values in all contacts; with dryRun, show which.

    Raises:
        NotSent: `confirm` is not its name, the person said no, or there is no such field.
        Unknown: The reply was lost, and it is still there or could not be looked for.
    """
    fields = {one.field_name: one for one in await read_fields(call)}
    found = fields.get(visible(body.field_name))
    if found is None:
        raise NotSent(
            "No custom field has this name.",
            "Call again with an exact name.",
            changed=NOTHING_CHANGED,
            facts={"there are": list(fields)[:50]},
        )
    path = path_to("custom-fields", "fieldName", found.name_as_held)
    if body.dry_run:
        plan = planned("DELETE", path, None, wouldDelete=found.shown(), **{"and": VALUES})
        return DeletedCustomField(outcome="dry_run", plan=plan)
    shows: dict[str, object] = {"would delete": found.shown(), "and": VALUES}
    name = found.field_name
    await confirm(call, body.confirm, name, kind="the custom field", names=[name], shows=shows)
    notes = await _delete(call, path, lambda: _field_named(call, found.field_name))
    call.catalogue.fields.drop()
    return DeletedCustomField(
        outcome="deleted",
        field_name=found.field_name,
        field_type=found.field_type,
        undo=[step("create_custom_field", **found.shown())] if _definable(found) else None,
        notes=[*(notes or []), VALUES_GONE if _definable(found) else NO_UNDO],
    )


def _definable(found: CustomField) -> bool:
    """Whether create_custom_field would define it as it was."""
    try:
        CreateCustomField.model_validate(found.shown(), context=[])
    except ValidationError:
        return False
    return found.name_as_held == found.field_name
