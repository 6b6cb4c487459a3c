"""Contact properties, by their older name custom fields: shown, defined, deleted.

Source: AutoSend's documentation, the pages of "Contact properties" and "Custom fields".
"""

from pydantic import ValidationError

from autosend_mcp.api.calls import Call
from autosend_mcp.api.contacts import path_to
from autosend_mcp.api.directory import look_fields, read_fields
from autosend_mcp.errors import NOTHING_CHANGED, NotSent, Refused
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.contact_properties import (
    CreateCustomField,
    CreatedCustomField,
    CustomField,
    CustomFieldList,
    DeleteCustomField,
    DeletedCustomField,
    ListCustomFields,
)
from autosend_mcp.models.pages import page
from autosend_mcp.models.text import visible
from autosend_mcp.tools.confirm import confirm
from autosend_mcp.tools.lost_reply import delete, make
from autosend_mcp.tools.registry import Effect, tool

VALUES = "its values in all contacts"
NO_UNDO = "There is no undo: the field cannot be defined again as it was."
VALUES_GONE = "The undo defines the field anew; the values that contacts had are gone."


@tool("fields", "List custom fields", Effect.READ)
async def list_custom_fields(call: Call, body: ListCustomFields) -> CustomFieldList:
    """Show the custom fields that contacts can have, with their types."""
    rows = [one.shown() for one in await read_fields(call)]
    shown, following = page(rows, body.cursor, body.limit, "fields")
    return CustomFieldList(fields=shown, total=len(rows), next_cursor=following)


@tool("fields", "Create custom field", Effect.CREATE)
async def create_custom_field(call: Call, body: CreateCustomField) -> CreatedCustomField:
    """Define a custom field, so that contacts can have it. Name and type cannot be changed later.

    Raises:
        Refused: It is defined already, or AutoSend refused it for another reason.
    """
    there = {one.field_name: one for one in await read_fields(call)}
    if same := there.get(visible(body.field_name)):
        raise Refused("This custom field is defined already.", "Use it as it is.", facts={"there is": same.shown()})
    request = body.model_dump(by_alias=True, exclude_none=True, exclude={"dry_run"})
    if body.dry_run:
        return CreatedCustomField(outcome="dry_run", plan=planned("POST", "/custom-fields", request))
    made, notes = await make(call, "/custom-fields", request, CustomField, lambda: _field_named(call, body.field_name))
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


@tool("fields", "Delete custom field", Effect.DELETE)
async def delete_custom_field(call: Call, body: DeleteCustomField) -> DeletedCustomField:
    """Delete a custom field for good, with its values in all contacts. Without confirm nothing is deleted, and the
    error shows what would go.

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
    notes = await delete(call, path, lambda: _field_named(call, found.field_name))
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
