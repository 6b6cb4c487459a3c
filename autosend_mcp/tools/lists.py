"""The tools of contact lists and segments."""

from autosend_mcp import definitions, memberships, searches
from autosend_mcp.calls import Call
from autosend_mcp.models.lists import (
    AddedToList,
    ContactLists,
    CreateContactList,
    CreatedContactList,
    DeleteContactList,
    DeletedContactList,
    ListContactLists,
    ListMembers,
    RemovedFromList,
)
from autosend_mcp.tools.toolset import Effect, tool


@tool("List contact lists", Effect.READ)
async def list_contact_lists(call: Call, body: ListContactLists) -> ContactLists:
    """Show the contact lists and segments with their type, id and number of contacts. Who is in one: find_contacts."""
    return await searches.list_contact_lists(call, body)


@tool("Create contact list", Effect.CREATE)
async def create_contact_list(call: Call, body: CreateContactList) -> CreatedContactList:
    """Make an empty contact list, or a segment, which AutoSend fills by conditions. Neither can be renamed: make a
    new list, add its contacts, delete the old one.
    """
    return await definitions.create_contact_list(call, body)


@tool("Add to list", Effect.ADD)
async def add_to_list(call: Call, body: ListMembers) -> AddedToList:
    """Put up to 100 people into a contact list. AutoSend creates those who are no contacts yet. The list's live
    automations start for who is new in it, which may send mail and cannot be undone: only as the user asked.
    """
    return await memberships.add_to_list(call, body)


@tool("Remove from list", Effect.CHANGE)
async def remove_from_list(call: Call, body: ListMembers) -> RemovedFromList:
    """Take up to 100 people out of a contact list. They stay contacts; delete_contacts deletes them."""
    return await memberships.remove_from_list(call, body)


@tool("Delete contact list", Effect.DELETE)
async def delete_contact_list(call: Call, body: DeleteContactList) -> DeletedContactList:
    """Delete a contact list or segment for good; its contacts stay. Without confirm nothing is deleted, and the error
    shows what would go.
    """
    return await definitions.delete_contact_list(call, body)
