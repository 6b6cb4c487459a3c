"""The contact tools."""

from autosend_mcp import reconcile
from autosend_mcp.calls import Call
from autosend_mcp.models.contacts import CreateContact, CreatedContact
from autosend_mcp.tools.toolset import Effect, tool


@tool("Create contact", Effect.CREATE)
async def create_contact(call: Call, body: CreateContact) -> CreatedContact:
    """Add one new contact to AutoSend. It changes none: that would be an upsert.

    The address must be new. If it exists, nothing changes; the error shows the contact, the differences, and the upsert
    arguments that would apply them. listIds starts those lists' live automations, which may send real mail and cannot
    be undone: pass only lists the user asked for, never segment ids. A lost reply is looked up, never sent again. An
    error says whether anything changed and what to do next.
    """
    contact, verified = await reconcile.create_contact(call, body)
    return CreatedContact.of(contact, body, verified=verified)
