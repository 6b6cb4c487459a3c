"""The MCP App and the icons: who is sent them, and what the page may do."""

import json
from base64 import b64decode
from typing import Any
from xml.etree import ElementTree

import pytest
from mcp import Client
from mcp.client.extension import advertise
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID, Apps, ResourceCsp, client_supports_apps
from mcp.server.mcpserver import MCPServer
from mcp_types import SERVER_INFO_META_KEY, ClientCapabilities, TextResourceContents, Tool

from autosend_mcp.server.app import open_server
from autosend_mcp.server.front.offer import MODERN, Offer
from autosend_mcp.server.front.requests import LEGACY
from autosend_mcp.server.front.start import Start
from autosend_mcp.server.icons.icons import are_known, icons
from autosend_mcp.server.view import extension
from autosend_mcp.settings import TOOLSETS
from autosend_mcp.tools.registry import TOOLS
from tests.support.answering import Answering
from tests.support.worlds import autosend_over

pytestmark = pytest.mark.anyio

LOADING = ["http:", "https:", " src=", "href", "@import", "url(", "fetch(", "XMLHttpRequest", "import(", "eval"]
MARKUP = ["innerHTML", "outerHTML", "insertAdjacent", "document.write"]
ACTING = ["tools/call", "ui/message", "ui/open-link", "ui/update-model-context"]
PAGES = {"mimeTypes": [extension.HTML]}
ALL = Start(tuple(TOOLSETS), read_only=False, imports=False, is_sandbox=False)
TOOLS_LISTED = {version: json.loads(Offer(ALL).result("tools/list", version))["tools"] for version in (*LEGACY, MODERN)}


def client_of(server: Any, era: str, settings: dict[str, Any] | None) -> Client:
    extensions = [] if settings is None else [advertise(extension.EXTENSION, settings)]
    mode = "legacy" if era == "legacy" else "auto"  # which asks the server who it is
    return Client(server, mode=mode, cache=None, extensions=extensions)


async def seen(era: str, settings: dict[str, Any] | None) -> tuple[list[Tool], list[str], Any, Any]:
    """Return the tools, the resources, the capabilities and the name card that a client with these settings is sent."""
    async with open_server(autosend_over(Answering())) as (server, _), client_of(server, era, settings) as client:
        uris = [str(resource.uri) for resource in (await client.list_resources()).resources]
        tools = (await client.list_tools()).tools
        return tools, uris, client.server_capabilities, client.server_info


async def test_a_host_without_pages_is_sent_what_it_was_sent_before(era: str) -> None:
    plain, uris, capabilities, _ = await seen(era, None)
    assert await seen(era, {"mimeTypes": ["text/html"]}) == (plain, uris, capabilities, _)
    assert all(tool.meta is None for tool in plain)
    assert not [uri for uri in uris if uri.startswith("ui:")]
    shown, more, declared, _ = await seen(era, PAGES)
    assert [tool.model_copy(update={"meta": None}) for tool in shown] == plain
    assert {tool.name for tool in shown if tool.meta} == extension.SHOWN & {tool.name for tool in shown}
    assert more == [*uris, extension.URI]
    assert extension.EXTENSION in (declared.extensions or {}) or era == "legacy"  # in which the SDK's client drops it
    assert not capabilities.extensions


async def test_the_page_is_the_one_that_the_sdks_extension_would_offer(era: str) -> None:
    """Its tools' reference, its resource and what it says of it."""
    apps = Apps()

    @apps.tool(resource_uri=extension.URI)
    def get_contact() -> str:  # pyright: ignore[reportUnusedFunction]  # the decorator uses it
        return ""

    csp = ResourceCsp(connect_domains=[], resource_domains=[], frame_domains=[], base_uri_domains=[])
    apps.add_html_resource(extension.URI, extension.page(), csp=csp, prefers_border=True)
    async with client_of(MCPServer("theirs", extensions=[apps]), era, PAGES) as theirs:
        (tool,) = (await theirs.list_tools()).tools
        (content,) = (await theirs.read_resource(extension.URI)).contents
    async with open_server(autosend_over(Answering())) as (server, _), client_of(server, era, None) as ours:
        assert (await ours.read_resource(extension.URI)).contents == [content]
    assert isinstance(content, TextResourceContents)
    assert (content.mime_type, tool.meta) == (extension.HTML, extension.OF_TOOL)


class Declaring:
    """What the SDK asks for the capabilities of a client."""

    def __init__(self, capabilities: ClientCapabilities) -> None:
        self.session = self
        self.client_capabilities = capabilities


@pytest.mark.parametrize(
    "extensions",
    [
        None,
        {},
        {"x": {}},
        {EXTENSION_ID: {}},
        {EXTENSION_ID: {"mimeTypes": APP_MIME_TYPE}},
        {EXTENSION_ID: {"mimeTypes": []}},
        {EXTENSION_ID: {"mimeTypes": ["text/html", APP_MIME_TYPE]}},
        {EXTENSION_ID: {"mimeTypes": [APP_MIME_TYPE], "features": ["streaming"]}},
    ],
)
def test_who_shows_pages_is_judged_as_the_sdk_does(extensions: Any) -> None:
    theirs: Any = Declaring(ClientCapabilities(extensions=extensions))
    assert extension.is_declared({"extensions": extensions}) is client_supports_apps(theirs)


def test_the_page_is_listed_where_a_tool_that_refers_to_it_is_offered() -> None:
    assert set(TOOLS) >= extension.SHOWN
    for toolset in TOOLSETS:
        offer = Offer(Start((toolset,), read_only=True, imports=False, is_sandbox=False))
        listed = extension.URI in offer.result("resources/list", MODERN, shows_pages=True)
        assert listed is (f'"resourceUri":"{extension.URI}"' in offer.result("tools/list", MODERN, shows_pages=True))


def test_the_page_loads_nothing_and_makes_no_markup_of_what_it_is_sent() -> None:
    page = extension.page()
    assert "view.css" not in page
    assert page.isascii()
    assert "default-src 'none'" in page
    assert "ui/initialize" in page
    assert len(page) < 24_000
    for word in [*LOADING, *MARKUP, *ACTING]:
        assert word not in page, word


# Icons


def test_each_toolset_has_a_small_drawing_that_is_nothing_but_shapes() -> None:
    for name in (None, *TOOLSETS):
        (icon,) = icons(name)
        assert icon["mimeType"] == "image/svg+xml"
        svg = b64decode(icon["src"].removeprefix("data:image/svg+xml;base64,"))
        root = ElementTree.fromstring(svg)  # noqa: S314 - it is ours
        assert {each.tag.partition("}")[2] for each in root.iter()} <= {"svg", "rect", "path", "circle"}
        assert len(json.dumps(icon)) < 360
    sizes = {version: len(json.dumps(listed)) for version, listed in TOOLS_LISTED.items()}
    assert sizes[MODERN] < sizes["2025-06-18"] * 1.17


@pytest.mark.parametrize("version", TOOLS_LISTED)
def test_a_version_without_icons_is_sent_none(version: str) -> None:
    listed, has_icons = TOOLS_LISTED[version], version in {"2025-11-25", MODERN}
    assert are_known(version) is has_icons
    assert all(("icons" in tool) is has_icons for tool in listed)
    without = [{name: about for name, about in tool.items() if name != "icons"} for tool in listed]
    derived = [TOOLS[tool["name"]].derive() for tool in listed]
    assert without == [json.loads(each.model_dump_json(by_alias=True, exclude_none=True)) for each in derived]
    info = json.loads(Offer(ALL).result("initialize", version) if version != MODERN else "{}")
    assert version == MODERN or ("icons" in info["serverInfo"]) is has_icons


async def test_the_server_shows_its_icon_where_it_introduces_itself(era: str) -> None:
    *_, info = await seen(era, None)
    assert [icon.model_dump(by_alias=True, exclude_none=True) for icon in info.icons] == icons(None)


async def test_answers_do_not_repeat_the_icon() -> None:
    async with open_server(autosend_over(Answering())) as (server, _), client_of(server, MODERN, PAGES) as client:
        result = await client.call_tool("get_contact", {"email": "nobody@example.com"})
    assert SERVER_INFO_META_KEY in (result.meta or {})
    assert "data:image" not in result.model_dump_json()
