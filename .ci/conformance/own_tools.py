"""The tools that the conformance suite calls, as far as they can be tools of ours: text, errors, progress, yes or no.

Our own dispatch reads their arguments, runs them and answers. Importing this module offers them in this process.
"""

from pydantic import Field

from autosend_mcp.errors import NotSent
from autosend_mcp.models.base import Answer, Body
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.registry import Effect, tool


class Nothing(Body):
    """No arguments."""


class Message(Body):
    """What the user is asked."""

    message: str = Field(description="What to ask.")


class Said(Answer):
    """A text."""

    text: str


@tool(None, "Simple text", Effect.READ)
async def test_simple_text(context: Context, body: Nothing) -> Said:
    """Return a text."""
    return Said(text="This is a simple text response for testing.")


@tool(None, "Error", Effect.READ)
async def test_error_handling(context: Context, body: Nothing) -> Said:
    """Fail."""
    raise NotSent("This tool intentionally returns an error for testing.", "Do not call it again.")


@tool(None, "Progress", Effect.READ)
async def test_tool_with_progress(context: Context, body: Nothing) -> Said:
    """Report progress three times."""
    for done in (0, 50, 100):
        await context.progress(done, 100, None)
    return Said(text="done")


@tool(None, "Question", Effect.READ)
async def test_elicitation(context: Context, body: Message) -> Said:
    """Ask the user."""
    return Said(text=await context.ask(body.message, ()))


async def _confirm(context: Context, body: Nothing) -> Said:
    """Ask the user to confirm."""
    return Said(text=f"state-ok: {await context.ask('Please confirm', ())}")


for _name in (
    "test_input_required_result_request_state",
    "test_input_required_result_tampered_state",
    "test_streaming_elicitation",
):
    _confirm.__name__ = _name
    tool(None, "Confirmation", Effect.READ)(_confirm)
