"""The generated blocks of the pages: tables and figures, each between two lines that may stand on any page.

A block is written between `<!-- NAME: generated -->` and `<!-- /NAME -->`.
"""

import re
import sys
from collections.abc import Callable, Collection
from functools import cache
from typing import Any

from autosend_mcp.sandbox import app as sandbox
from autosend_mcp.sandbox.mails import endpoints as mails
from autosend_mcp.sandbox.mails.outcomes import BY_ADDRESS, Happening
from autosend_mcp.server.app import chosen, instructions
from autosend_mcp.server.http.settings import HttpSettings
from autosend_mcp.settings import DEFAULT_TOOLSETS, TOOLSETS, Toolset
from autosend_mcp.tools.registry import TOOLS, Tool
from autosend_mcp.variables import variable_of
from manifests.exchanges import exchanges_table
from manifests.hosts import as_text, described_settings
from manifests.links import addresses, buttons
from manifests.tables import table
from manifests.tool_pages import tools_reference, tools_table

# What hosts put before a model of each definition; titles, hints and output schemas are for the host itself.
_SHOWN = {"name", "description", "input_schema"}


def opening(name: str) -> str:
    """Return the line above the block."""
    return f"<!-- {name}: generated -->"


def closing(name: str) -> str:
    """Return the line below the block."""
    return f"<!-- /{name} -->"


def filled(path: str, page: str) -> str:
    """Return the page with each of its blocks as it should be.

    Raises:
        SystemExit: It has a block that there is not, or one without an end.
    """
    for name in re.findall(r"<!-- (\w+): generated -->", page):
        first, last = opening(name), closing(name)
        between = re.compile(f"^{re.escape(first)}\n.*?^{re.escape(last)}$", re.MULTILINE | re.DOTALL)
        if name not in BLOCKS:
            sys.exit(f"{path}: {first}: there is no such block; there are {', '.join(BLOCKS)}")
        if not between.search(page):
            sys.exit(f"{path}: {first} must be a line of its own, and a line {last} must follow it")
        page = between.sub(f"{first}\n\n{BLOCKS[name]()}\n\n{last}".replace("\\", "\\\\"), page)
    return page


def tokens_of(tools: Collection[Tool]) -> int:
    """Return what an assistant pays for these tools: hosts show it the name, the description and the input schema."""
    return sum(tokens(tool.derive().model_dump_json(by_alias=True, include=_SHOWN)) for tool in tools)


@cache
def toolsets_table() -> str:
    """Return the toolsets as a table: their tools, what these cost, and when they are offered."""
    rows: list[list[str]] = []
    for toolset in TOOLSETS:
        tools = {name: tool for name, tool in chosen([toolset], read_only=False).items() if tool.toolset}
        names = ", ".join(f"`{name}`" for name in tools)
        rows.append([f"`{toolset}`", names, f"{tokens_of(tools.values()):,}", _offered(toolset)])
    undo = TOOLS["undo"]
    rows.append(["each", f"`{undo.name}`", f"{tokens_of([undo]):,}", "with tools that write"])
    return table(["Toolset", "Tools", "Tokens", "Offered"], rows)


@cache
def tokens_sentence() -> str:
    """Return what an assistant pays for the tools offered by default, and for the text about the server."""
    tools = chosen((), read_only=False)
    return (
        f"The tools offered by default cost an assistant {tokens_of(tools.values()):,} tokens (o200k), "
        f"`create_contact` {tokens_of([tools['create_contact']])} of them; the text about the server as a whole costs "
        f"{tokens(instructions(tools))}."
    )


def settings_table() -> str:
    """Return the settings as a table: variable, default and meaning."""
    rows: list[list[str]] = []
    for name, setting in described_settings().items():
        default = "" if setting["default"] in {None, ""} else f"`{as_text(setting['default'])}`"
        rows.append([f"`{variable_of(name)}`", default, setting["description"]])
    return table(["Variable", "Default", "Meaning"], rows)


def http_settings_table() -> str:
    """Return the settings of serving over HTTP as a table: variable and meaning."""
    fields = HttpSettings.model_fields.items()
    return table(
        ["Variable", "Meaning"], [[f"`{variable_of(name)}`", field.description or ""] for name, field in fields]
    )


def unknowns_table() -> str:
    """Return what the sandbox does where AutoSend's documentation is silent, as its docstring has it."""
    texts = [module.__doc__ or "" for module in (sandbox, mails)]
    first, more = ([line for line in text.splitlines() if line.startswith("|")] for text in texts)
    return "\n".join([*first, *more[2:]])


def addresses_table() -> str:
    """Return what happens to a mail, by what its address has before the @."""
    rows = [
        [f"`{word}@`", ", ".join(map(_happening, happenings)) or "stays queued"]
        for word, happenings in BY_ADDRESS.items()
    ]
    rows += [["`suppress@`", "suppressed, as an address that gets no mail"], ["any other", "sent, delivered"]]
    return table(["Address", "What happens"], rows)


def _happening(happening: Happening) -> str:
    kind = f" ({happening.data['bounceType'].lower()})" if "bounceType" in happening.data else ""
    return f"{happening.status or 'unsubscribed'}{kind}"


def _offered(toolset: Toolset) -> str:
    if toolset in DEFAULT_TOOLSETS:
        return "by default"
    also = f", or `{variable_of('import_dir')}` is set" if toolset == "imports" else ""
    return f"if `{variable_of('toolsets')}` names it{also}"


def tokens(text: str) -> int:
    """Return how many tokens (o200k) a text is."""
    return len(_encoding().encode(text))


@cache
def _encoding() -> Any:
    # Imported where it is used: that takes 1.2 s, most of it for encodings that are not asked for.
    import bpe_openai  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # it ships none

    return bpe_openai.get_encoding("o200k_base")


BLOCKS: dict[str, Callable[[], str]] = {
    "toolsets": toolsets_table,
    "tokens": tokens_sentence,
    "tools": tools_table,
    "reference": tools_reference,
    "settings": settings_table,
    "http_settings": http_settings_table,
    "unknowns": unknowns_table,
    "addresses": addresses_table,
    "exchanges": exchanges_table,
    "buttons": buttons,
    "addresses_of_links": addresses,
}
