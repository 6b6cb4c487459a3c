"""The tools of imports. Offered where AUTOSEND_TOOLSETS names them, or AUTOSEND_IMPORT_DIR is set."""

from autosend_mcp.models.imports import GetImport, ImportState, StartedImport, StartImport, StopImport
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.registry import Effect, tool


@tool("imports", "Import contacts", Effect.CHANGE)
async def start_import(context: Context, body: StartImport) -> StartedImport:
    """Import contacts into AutoSend from a CSV file or text of any length: create or update one for each row. Call it
    with dryRun first and show the user what it found: columns, invalid rows, how many would be created and updated.

    Every row is validated before anything is sent. It goes on after the answer; get_import shows how far it is.
    listIds starts those lists' live automations, which may send mail. The same import again sends nothing twice.
    """
    return await _background(context).start(context, body)


@tool("imports", "Show import", Effect.READ)
async def get_import(context: Context, body: GetImport) -> ImportState:
    """Show how far an import into AutoSend is, what became of its rows, and what to do next. Waits some seconds for its
    end."""
    return await _background(context).show(context, body)


@tool("imports", "Stop import", Effect.ADD)
async def stop_import(context: Context, body: StopImport) -> ImportState:
    """Stop an import into AutoSend. What was sent stays; start_import with the same arguments goes on later."""
    return await _background(context).stop(context, body)


def _background(context: Context):
    """Return what does the work: this process, or any of several.

    It is loaded by the first call: a server that imports nothing need not load sqlite3.
    """
    if context.imports is not None:
        return context.imports
    from autosend_mcp.imports import background

    return background
