"""Build the MCP server: the tools, resources and prompts that the settings ask for, in both protocol eras."""

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import anyio
from mcp.server.lowlevel import Server

from autosend_mcp import tools as tool_modules
from autosend_mcp.api.client import VERSION, AutoSend
from autosend_mcp.server.audience import Audience
from autosend_mcp.server.dispatch import Dispatch
from autosend_mcp.server.in_flight import InFlightWrites
from autosend_mcp.server.instructions import instructions as about
from autosend_mcp.server.memory import Memory, Remember, in_process
from autosend_mcp.server.requests import Handlers
from autosend_mcp.settings import DEFAULT_TOOLSETS, TOOLSETS, Settings
from autosend_mcp.tools.jobs import Jobs
from autosend_mcp.tools.registry import TOOLS, Tool, is_installed, tools_in_table

NAME = "autosend-mcp"
TITLE = "AutoSend contacts"
OF_SANDBOX = " (sandbox)"
_ASSISTANT = Audience()


def offered_tools(settings: Settings) -> dict[str, Tool]:
    """Return the tools that the settings ask for.

    Raises:
        SettingsError: AUTOSEND_TOOLSETS names a toolset that there is not.
    """
    names = settings.toolsets_named()
    if not names and settings.import_dir is not None:
        names = [*DEFAULT_TOOLSETS, "imports"]
    return chosen(names, read_only=settings.read_only)


def chosen(toolsets: Collection[str], *, read_only: bool) -> dict[str, Tool]:
    """Return the tools of these toolsets, or of the default ones; with `read_only`, those that change nothing.

    They come in the order of their toolsets, and by name: as every client is shown them.
    """
    order = [*TOOLSETS, None]
    ordered = sorted(TOOLS.values(), key=lambda tool: (order.index(tool.toolset), tool.name))
    wanted = {*(toolsets or DEFAULT_TOOLSETS), None}
    return {tool.name: tool for tool in ordered if tool.toolset in wanted and (tool.reads or not read_only)}


def _import_tools() -> dict[str, Tool]:
    """Import every module that may define a tool, which registers it."""
    for module in walk_packages(tool_modules.__path__, f"{tool_modules.__name__}."):
        import_module(module.name)
    import_module("autosend_mcp.imports.tools")
    return TOOLS


TOOLS.update(tools_in_table() if is_installed() else _import_tools())
ALL_TOOLS = chosen(TOOLSETS, read_only=False)


def instructions(tools: Mapping[str, Tool], *, is_sandbox: bool = False, can_set: bool = True) -> str:
    """Return what a host shows the model about the server as a whole, by the tools that are offered."""
    offered = {tool.toolset for tool in tools.values() if tool.toolset}
    read_only = all(tool.reads for tool in tools.values())
    return about(offered, TOOLSETS.items(), read_only=read_only, is_sandbox=is_sandbox, can_set=can_set)


def _no_headers(_name: str) -> None:
    """Return no schema: no argument of ours is repeated in a header, which the SDK would check by tools/list a call."""


def build_server(autosend: AutoSend, memory: Memory, jobs: Jobs, *, audience: Audience = _ASSISTANT) -> Server[Any]:
    """Return an MCP server over this client, this memory and these jobs, for any transport and both protocol eras.

    `audience`: who reads what it says.

    Raises:
        SettingsError: AUTOSEND_TOOLSETS names a toolset that there is not.
    """
    tools = offered_tools(autosend.settings)
    dispatch = Dispatch(autosend, memory, jobs, tools, audience=audience)
    handlers = Handlers(autosend, dispatch, memory)
    server = Server[Any](
        NAME,
        version=VERSION,
        title=f"{TITLE}{OF_SANDBOX}" if autosend.is_sandbox else TITLE,
        instructions=instructions(tools, is_sandbox=autosend.is_sandbox, can_set=audience.can_set),
        get_tool_input_schema=_no_headers,
        on_list_tools=handlers.list_tools,
        on_call_tool=dispatch.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
        on_list_prompts=handlers.list_prompts,
        on_get_prompt=handlers.get_prompt,
        on_completion=handlers.complete,
    )
    server.middleware += [dispatch.explain_malformed, handlers.introduce]
    return server


@asynccontextmanager
async def open_server(
    autosend: AutoSend, *, audience: Audience = _ASSISTANT, remember: Remember = in_process
) -> AsyncGenerator[tuple[Server[Any], InFlightWrites]]:
    """Build the server with its writes. On the way out the writes and jobs end first, then the connections."""
    try:
        async with anyio.create_task_group() as tasks:
            jobs = Jobs(tasks)
            memory = remember(autosend, tasks, jobs)
            try:
                yield build_server(autosend, memory, jobs, audience=audience), memory.writes
            finally:
                await memory.writes.close()
                with anyio.CancelScope(shield=True):
                    await jobs.close()
    finally:
        await autosend.aclose()
