"""The contact tools."""

from autosend_mcp import batches, deletions, reconcile, searches, upserts
from autosend_mcp.calls import Call
from autosend_mcp.models.batches import DeleteContacts, DeletedContacts, UpsertContacts, UpsertedContacts
from autosend_mcp.models.contacts import CreateContact, UpsertContact
from autosend_mcp.models.outcomes import CreatedContact, UpsertedContact
from autosend_mcp.models.searches import FindContacts, FoundContact, FoundContacts, GetContact
from autosend_mcp.tools.toolset import Effect, tool


@tool("Create contact", Effect.CREATE)
async def create_contact(call: Call, body: CreateContact) -> CreatedContact:
    """Add one new contact. It changes none: upsert_contact does.

    If the address exists, nothing changes, and the error shows the contact, the differences and the upsert arguments.
    listIds starts those lists' live automations, which may send mail and cannot be undone: pass only lists the user
    asked for. A lost reply is looked up, never sent again.
    """
    return await reconcile.create_contact(call, body)


@tool("Upsert contact", Effect.CHANGE)
async def upsert_contact(call: Call, body: UpsertContact) -> UpsertedContact:
    """Create one contact, or change the one with this address; use create_contact if it must be new.

    Only what is given is changed. The answer says which it was, and what each value was before. listIds and changed
    values may start live automations, which may send mail.
    """
    return await upserts.upsert_contact(call, body)


@tool("Upsert contacts", Effect.CHANGE)
async def upsert_contacts(call: Call, body: UpsertContacts) -> UpsertedContacts:
    """Create or change up to 100 contacts in one request, with an outcome for each.

    Invalid rows are not sent, the others are; rows of one address are merged unless they contradict each other.
    """
    return await batches.upsert_contacts(call, body)


@tool("Get contact", Effect.READ)
async def get_contact(call: Call, body: GetContact) -> FoundContact:
    """Show everything AutoSend holds of one contact, by address or id. For several, or a part of an address:
    find_contacts.
    """
    return await searches.get_contact(call, body)


@tool("Find contacts", Effect.READ)
async def find_contacts(call: Call, body: FindContacts) -> FoundContacts:
    """Look many addresses up (found and not found), or page through a list, a segment or all contacts by part of the
    address. Shows id and email, unless fields asks for more.
    """
    return await searches.find(call, body)


@tool("Delete contacts", Effect.DELETE)
async def delete_contacts(call: Call, body: DeleteContacts) -> DeletedContacts:
    """Delete contacts for good, for example when somebody asks to be forgotten. To end a membership only, use
    remove_from_list. Without confirm nothing is deleted, and the error shows who would go.
    """
    return await deletions.delete_contacts(call, body)
