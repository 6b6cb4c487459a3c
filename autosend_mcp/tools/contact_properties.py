"""Contact properties, by the older name that the tools use, custom fields: shown, defined, deleted.

Source: AutoSend's documentation, the pages of "Contact properties" and "Custom fields".
"""

from collections.abc import Sequence
from functools import partial

from pydantic import ValidationError

from autosend_mcp.api import contact_properties
from autosend_mcp.api.calls import Call
from autosend_mcp.api.directory import look_up_properties, read_properties
from autosend_mcp.api.moment import relative_to
from autosend_mcp.errors import NOTHING_CHANGED, NotSent, Refused, Unknown
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.contact_properties import CustomField
from autosend_mcp.models.pages import page
from autosend_mcp.models.property_tools import (
    CreateCustomField,
    CreatedCustomField,
    CustomFieldList,
    DeleteCustomField,
    DeletedCustomField,
    ListCustomFields,
)
from autosend_mcp.models.text import visible
from autosend_mcp.tools.confirm import confirm
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.lost_reply import delete, make
from autosend_mcp.tools.registry import Effect, tool

VALUES = "its values in all contacts"
NO_UNDO = "There is no undo: the field cannot be defined again as it was."
VALUES_GONE = (
    "The undo defines the field again, without a description or default that AutoSend does not show; the values that "
    "contacts had are gone or out of reach."
)

_MAX_SHOWN = 50


@tool("fields", "Show custom fields", Effect.READ)
async def list_custom_fields(context: Context, body: ListCustomFields) -> CustomFieldList:
    """Show the custom fields that AutoSend contacts can have, with their types."""
    rows = [row.shown() for row in await read_properties(context.call)]
    shown, following = page(rows, body.cursor, body.limit, "fields")
    return CustomFieldList(fields=shown, total=len(rows), next_cursor=following)


@tool("fields", "Create custom field", Effect.CREATE)
async def create_custom_field(context: Context, body: CreateCustomField) -> CreatedCustomField:
    """Define (add) a custom field in AutoSend, so that contacts can have it. Name and type cannot be changed later.

    Raises:
        Refused: It is defined already, or AutoSend refused it for another reason.
    """
    call = context.call
    if same := _named(await read_properties(call), body.field_name):
        raise Refused("This custom field is defined already.", "Use it as it is.", facts={"there is": same[0].shown()})
    request = contact_properties.create(body.request_body(), call.cache.resource)
    if body.dry_run:
        return CreatedCustomField(outcome="dry_run", plan=planned(request.shown()))
    made, ours, notes = await make(call, request, lambda: look_up_properties(call), partial(_made, call, body))
    call.cache.properties.invalidate()
    steps = [step("delete_custom_field", fieldName=made.field_name)] if ours else []
    return CreatedCustomField(
        outcome="created",
        field_name=made.field_name,
        field_type=made.field_type or body.field_type,
        steps=steps,
        notes=notes,
    )


def _made(
    call: Call, body: CreateCustomField, lost: Unknown, fields: Sequence[CustomField]
) -> tuple[CustomField, bool] | None:
    """Return the field of this name that has appeared since, and whether it is certain that this call made it."""
    if not (same := _named(fields, body.field_name)):
        return None
    made = same[0]
    if (made.field_type or body.field_type) != body.field_type:
        raise Refused(
            f"A custom field of this name, but of another type, was made meanwhile. {lost.what}",
            "Use it as it is, or choose another name.",
            facts={"there is": made.shown()},
        )
    return made, relative_to(call.sent_at, made.created_at, made.seen_at) == "during"


def _named(fields: Sequence[CustomField], name: str) -> list[CustomField]:
    """Return the field of exactly this name; without one, all whose names look like it."""
    exact = [row for row in fields if row.stored_name == name]
    return exact or [row for row in fields if row.field_name == visible(name)]


@tool("fields", "Delete custom field", Effect.DELETE)
async def delete_custom_field(context: Context, body: DeleteCustomField) -> DeletedCustomField:
    """Delete a custom field from AutoSend for good, with its values in all contacts. Without confirm nothing is
    deleted, and the error shows what would go.

    Raises:
        NotSent: `confirm` is not its name, the user said no, or there is not exactly one such field.
        Unknown: The reply was lost, and it is still there or could not be looked for.
    """
    call = context.call
    found = _the_one_named(await read_properties(call), body.field_name)
    request = contact_properties.delete(found.stored_name, call.cache.resource)
    if body.dry_run:
        plan = planned(request.shown(), wouldDelete=found.shown(), **{"and": VALUES})
        return DeletedCustomField(outcome="dry_run", plan=plan)
    shows: dict[str, object] = {"would delete": found.shown(), "and": VALUES}
    name = found.field_name
    await confirm(context, body.confirm, name, kind="the custom field", names=[name], ids=[found.id or ""], shows=shows)
    notes = await delete(
        call, request, lambda: look_up_properties(call), lambda row: row.stored_name == found.stored_name
    )
    call.cache.properties.invalidate()
    return DeletedCustomField(
        outcome="deleted",
        field_name=found.field_name,
        field_type=found.field_type,
        steps=[step("create_custom_field", **found.shown())] if _definable(found) else [],
        notes=[*notes, VALUES_GONE if _definable(found) else NO_UNDO],
    )


def _the_one_named(fields: list[CustomField], name: str) -> CustomField:
    found = _named(fields, name)
    if len(found) == 1:
        return found[0]
    if found:
        raise NotSent(
            f"{len(found)} custom fields look like this name: they differ in characters that cannot be seen.",
            "It has to be deleted in AutoSend's dashboard.",
            changed=NOTHING_CHANGED,
        )
    raise NotSent(
        "No custom field has this name.",
        "Call again with an exact name.",
        changed=NOTHING_CHANGED,
        facts={"there are": [row.field_name for row in fields][:_MAX_SHOWN]},
    )


def _definable(found: CustomField) -> bool:
    """Return whether create_custom_field would define it as it was."""
    try:
        CreateCustomField.model_validate(found.shown(), context=[])
    except ValidationError:
        return False
    return found.stored_name == found.field_name
