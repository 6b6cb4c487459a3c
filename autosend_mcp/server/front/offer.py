"""What is offered, as the SDK would answer it, from generated data: `offer.json`, and the definitions of the tools."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from autosend_mcp.server.front.start import Start
from autosend_mcp.server.icons import icons
from autosend_mcp.server.instructions import instructions
from autosend_mcp.server.view import extension

MODERN = "2026-07-28"

_DATA = Path(__file__).with_name("offer.json")
_DEFINITIONS = Path(__file__).parents[2] / "tools" / "definitions"

Json = dict[str, Any]


class Offer:
    """What one start offers.

    `offer.json` has the toolsets and what each is about; the tools in their order, each with its toolset (none: that of
    all) and whether it only reads; the prompts, resources and templates, each with what it depends on; and what else an
    answer to `initialize` says.
    """

    def __init__(self, start: Start) -> None:
        self._start = start

    @property
    def is_generated(self) -> bool:
        """Whether the data is as the source has it: in a checkout, where its generator is, it may be older."""
        return not (_DATA.parents[3] / "manifests" / "generate.py").exists()

    @cached_property
    def is_known(self) -> bool:
        """Whether the toolsets that were asked for exist."""
        return set(self._start.toolsets) <= set(self._data["toolsets"])

    def result(self, method: str, version: str, *, shows_pages: bool = False) -> str:
        """Return the result of a request in this version of the protocol as JSON, its members in alphabetical order.

        `shows_pages`: whether the client declares that it shows pages.
        """
        members = self._members(method, version, shows_pages=shows_pages)
        info = self._info
        if method in {"initialize", "server/discover"} and icons.are_known(version):
            info = info | {"icons": icons.icons(None)}
        if method == "initialize":
            members |= {"protocolVersion": version, "serverInfo": info}
        if version != MODERN:
            return _json(members)
        if method == "server/discover":
            members |= {"supportedVersions": [MODERN]}
        whole = _json(members | {"cacheScope": "private", "resultType": "complete", "ttlMs": 0})
        return f'{whole[:-1]},"_meta":{_json({"io.modelcontextprotocol/serverInfo": info})}}}'

    def _members(self, method: str, version: str, *, shows_pages: bool) -> Json:
        match method:
            case "initialize" | "server/discover":
                capabilities: Json = {**self._data["capabilities"]}
                if shows_pages:
                    capabilities["extensions"] = {extension.EXTENSION: {}}
                return {"capabilities": capabilities, "instructions": self._instructions}
            case "tools/list":
                tools = self._tools.items()
                return {"tools": [_definition(*tool, version, shows_pages=shows_pages) for tool in tools]}
            case "prompts/list":
                prompts = self._data["prompts"]
                return {"prompts": [each["shown"] for each in prompts if {*each["needs"]} <= {*self._tools}]}
            case "resources/list":
                pages = [extension.LISTED] if shows_pages and extension.is_used(self._tools) else []
                return {"resources": [*self._of_toolsets("resources"), *pages]}
            case "resources/templates/list":
                return {"resourceTemplates": self._of_toolsets("templates")}
            case _:  # ping
                return {}

    @cached_property
    def _data(self) -> Json:
        return cast("Json", json.loads(_DATA.read_bytes()))

    @cached_property
    def _tools(self) -> dict[str, str | None]:
        """The tools that are offered, each with its toolset."""
        wanted = [*self._start.toolsets] or [*self._data["default"], *["imports"] * self._start.imports]
        return {
            name: toolset
            for name, toolset, reads in self._data["tools"]
            if (toolset is None or toolset in wanted) and (reads or not self._start.read_only)
        }

    @cached_property
    def _toolsets(self) -> set[str]:
        return {toolset for toolset in self._tools.values() if toolset}

    @cached_property
    def _instructions(self) -> str:
        read_only = all(reads for name, _, reads in self._data["tools"] if name in self._tools)
        toolsets: dict[str, str] = self._data["toolsets"]
        return instructions(self._toolsets, toolsets.items(), read_only=read_only, is_sandbox=self._start.is_sandbox)

    @property
    def _info(self) -> Json:
        info: Json = self._data["serverInfo"]
        return info | {"title": info["title"] + self._data["ofSandbox"]} if self._start.is_sandbox else info

    def _of_toolsets(self, what: str) -> list[Json]:
        return [each["shown"] for each in self._data[what] if not each["toolset"] or each["toolset"] in self._toolsets]


def _definition(name: str, toolset: str | None, version: str, *, shows_pages: bool) -> Json:
    """Return the definition of a tool as the SDK writes it: the members of a model in alphabetical order.

    The schemas of an older version are models, too; what is in their `properties` never is.
    """
    members = cast("Json", json.loads((_DEFINITIONS / f"{name}.json").read_bytes()))
    if icons.are_known(version):
        members["icons"] = icons.icons(toolset)
    if shows_pages and name in extension.SHOWN:
        members["_meta"] = extension.OF_TOOL
    models = ["annotations"] if version == MODERN else ["annotations", "inputSchema", "outputSchema"]
    return _in_order(members | {model: _in_order(members[model]) for model in models})


def _in_order(members: Json) -> Json:
    return dict(sorted(members.items()))


def _json(members: Json) -> str:
    return json.dumps(_in_order(members), ensure_ascii=False, separators=(",", ":"))
