"""The tools of custom fields."""

from autosend_mcp import definitions, searches
from autosend_mcp.calls import Call
from autosend_mcp.models.fields import (
    CreateCustomField,
    CreatedCustomField,
    CustomFieldList,
    DeleteCustomField,
    DeletedCustomField,
    ListCustomFields,
)
from autosend_mcp.tools.toolset import Effect, tool


@tool("List custom fields", Effect.READ)
async def list_custom_fields(call: Call, body: ListCustomFields) -> CustomFieldList:
    """Show the custom fields that contacts can have, with their types."""
    return await searches.list_custom_fields(call, body)


@tool("Create custom field", Effect.CREATE)
async def create_custom_field(call: Call, body: CreateCustomField) -> CreatedCustomField:
    """Define a custom field, so that contacts can have it. Name and type cannot be changed later."""
    return await definitions.create_custom_field(call, body)


@tool("Delete custom field", Effect.DELETE)
async def delete_custom_field(call: Call, body: DeleteCustomField) -> DeletedCustomField:
    """Delete a custom field for good, with its values in all contacts. Without confirm nothing is deleted, and the
    error shows what would go.
    """
    return await definitions.delete_custom_field(call, body)
