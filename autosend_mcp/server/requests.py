"""The MCP requests other than tools/call: lists of tools, resources and prompts, and the completion of list names."""

from typing import Any, cast

from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    INVALID_PARAMS,
    SERVER_INFO_META_KEY,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    GetPromptRequestParams,
    GetPromptResult,
    Icon,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    PromptReference,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    TextResourceContents,
)
from mcp_types import Tool as ToolDefinition

from autosend_mcp.api.calls import Call
from autosend_mcp.api.client import AutoSend
from autosend_mcp.api.directory import recent_lists
from autosend_mcp.errors import AutoSendError
from autosend_mcp.models.contact_lists.lists import EVERYBODY
from autosend_mcp.models.text import visible
from autosend_mcp.server import prompts, resources
from autosend_mcp.server.dispatch import Dispatch
from autosend_mcp.server.elicitation import RequestContext
from autosend_mcp.server.icons import icons
from autosend_mcp.server.memory import Memory
from autosend_mcp.server.view import extension
from autosend_mcp.tools.registry import Tool

_MAX_COMPLETIONS = 100


class Handlers:
    """Handlers of the requests, for the tools that `dispatch` offers."""

    def __init__(self, autosend: AutoSend, dispatch: Dispatch, memory: Memory) -> None:
        self._autosend = autosend
        self._memory = memory
        self._dispatch = dispatch
        self._toolsets = {tool.toolset for tool in dispatch.tools.values() if tool.toolset}
        self._prompts = prompts.offered(dispatch.tools)

    async def introduce(self, ctx: RequestContext, call_next: CallNext) -> HandlerResult:
        """Show the server's icon in the answers that introduce it; the SDK would put it into every answer, or in none.

        A client that shows pages is told that there is one.
        """
        result = await call_next(ctx)
        if ctx.method not in {"initialize", "server/discover"}:
            return result
        members, params = cast("dict[str, Any]", result), ctx.params or {}
        if ctx.method == "initialize":
            version, info, capabilities = members["protocolVersion"], members["serverInfo"], params["capabilities"]
        else:
            version, info = ctx.protocol_version, members["_meta"][SERVER_INFO_META_KEY]
            capabilities = params["_meta"][CLIENT_CAPABILITIES_META_KEY]
        if icons.are_known(version):
            info["icons"] = icons.icons(None)
        if extension.is_declared(capabilities):
            members["capabilities"]["extensions"] = {extension.EXTENSION: {}}
        return members

    async def list_tools(self, context: RequestContext, _params: PaginatedRequestParams | None) -> ListToolsResult:
        """Answer tools/list."""
        shows_pages, version = _shows_pages(context), context.protocol_version
        tools = self._dispatch.tools.values()
        return ListToolsResult(tools=[_listed(tool, version, shows_pages=shows_pages) for tool in tools])

    async def list_resources(
        self, context: RequestContext, _params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        """Answer resources/list."""
        shown = resources.offered(self._toolsets)
        if _shows_pages(context) and extension.is_used(self._dispatch.tools):
            shown.append(Resource.model_validate(extension.LISTED))
        return ListResourcesResult(resources=shown)

    async def list_templates(
        self, _context: RequestContext, _params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        """Answer resources/templates/list."""
        return ListResourceTemplatesResult(resource_templates=resources.templates(self._toolsets))

    async def read_resource(self, _context: RequestContext, params: ReadResourceRequestParams) -> ReadResourceResult:
        """Answer resources/read."""
        uri = str(params.uri)
        if uri == extension.URI:
            page = {"uri": uri, "mimeType": extension.HTML, "text": extension.page(), "_meta": extension.OF_PAGE}
            return ReadResourceResult(contents=[TextResourceContents.model_validate(page)])
        if not resources.is_offered(uri, self._toolsets):
            uris = ", ".join(str(resource.uri) for resource in resources.offered(self._toolsets))
            raise MCPError(INVALID_PARAMS, f"There is no such resource; there are {uris}.", {"uri": uri})
        try:
            text = await resources.read(Call(self._autosend), uri, self._memory.history)
        except AutoSendError as error:
            raise MCPError(INVALID_PARAMS, self._dispatch.text_of(error)) from None
        text = self._autosend.settings.without_key(text)
        return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=resources.JSON, text=text)])

    async def list_prompts(self, _context: RequestContext, _params: PaginatedRequestParams | None) -> ListPromptsResult:
        """Answer prompts/list."""
        return ListPromptsResult(prompts=[prompt.definition(name) for name, prompt in self._prompts.items()])

    async def get_prompt(self, _context: RequestContext, params: GetPromptRequestParams) -> GetPromptResult:
        """Answer prompts/get."""
        if params.name not in self._prompts:
            raise MCPError(INVALID_PARAMS, f"There is no such prompt; there are {', '.join(self._prompts) or 'none'}.")
        try:
            return self._prompts[params.name].filled(params.arguments or {})
        except KeyError as missing:
            raise MCPError(INVALID_PARAMS, f"The argument {missing} is required.") from None

    async def complete(self, _context: RequestContext, params: CompleteRequestParams) -> CompleteResult:
        """Answer completion/complete: the names of lists that begin with what is typed."""
        names: list[str] = []
        if params.argument.name == "list":
            can_be_joined = isinstance(params.ref, PromptReference)  # the prompt adds people to the list
            names = await self._list_names(params.argument.value.lower(), can_be_joined=can_be_joined)
        shown = names[:_MAX_COMPLETIONS]
        return CompleteResult(completion=Completion(values=shown, total=len(names), has_more=len(shown) < len(names)))

    async def _list_names(self, start: str, *, can_be_joined: bool) -> list[str]:
        """Return the names of the lists that begin with `start`; none if the lists cannot be read."""
        try:
            found = await recent_lists(Call(self._autosend))
        except AutoSendError:
            return []
        if can_be_joined:
            found = [each for each in found if not each.is_segment and each.id != EVERYBODY]
        without_key = self._autosend.settings.without_key
        return [without_key(visible(each.name)) for each in found if each.name.lower().startswith(start)]


def _shows_pages(context: RequestContext) -> bool:
    """Return whether the client declares that it shows pages."""
    capabilities = context.session.client_capabilities
    return capabilities is not None and extension.is_declared({"extensions": capabilities.extensions})


def _listed(tool: Tool, version: str, *, shows_pages: bool) -> ToolDefinition:
    """Return the definition of a tool with what is for hosts alone."""
    more: dict[str, Any] = {}
    if icons.are_known(version):
        more["icons"] = [Icon.model_validate(icon) for icon in icons.icons(tool.toolset)]
    if shows_pages and tool.name in extension.SHOWN:
        more["meta"] = extension.OF_TOOL
    return tool.definition.model_copy(update=more)
