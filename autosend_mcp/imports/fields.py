"""The custom fields that an import defines, once it is certain that a row needs them."""

from collections.abc import Sequence

from pydantic import ValidationError

from autosend_mcp.errors import AutoSendError, NotSent
from autosend_mcp.imports.file.columns import CUSTOM_PREFIX, Column
from autosend_mcp.imports.sending.requests import Requests
from autosend_mcp.models.arguments import problem_lines
from autosend_mcp.models.contact_properties import CreateCustomField
from autosend_mcp.models.text import quoted
from autosend_mcp.tools.contact_properties import create_custom_field
from autosend_mcp.tools.contacts.rows import in_one_line
from autosend_mcp.tools.context import Context


def new_field(column: Column) -> CreateCustomField:
    """The custom field that the column needs.

    Raises:
        NotSent: There can be none of this name.
    """
    name = column.field.removeprefix(CUSTOM_PREFIX)
    try:
        return CreateCustomField.model_validate({"field_name": name, "field_type": column.kind}, context=[])
    except ValidationError as error:
        why = in_one_line(problem_lines(CreateCustomField, error))
        what = f"The column {quoted(column.name)} cannot be a custom field. {why}"
        raise NotSent(what, "Say which field it is, or leave it out.") from None


async def define(requests: Requests, new: Sequence[CreateCustomField]) -> None:
    """Define custom fields.

    Raises:
        AutoSendError: One could not be; it says which were.
    """
    for place, body in enumerate(new):
        try:
            await requests.patiently(lambda call, body=body: create_custom_field(Context(call), body))
        except AutoSendError as error:
            if place:
                names = ", ".join(quoted(one.field_name) for one in new[:place])
                error.changed = f"These custom fields were defined: {names}."
            raise
