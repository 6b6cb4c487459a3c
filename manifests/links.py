"""The links that install the published package in a host, each with the entry that it holds."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from autosend_mcp.cli.install import links
from autosend_mcp.variables import variable_of
from manifests.hosts import NAME

Entry = dict[str, Any]

SERVER = "autosend"  # its name in hosts
KEY = variable_of("api_key")


def published(key: str | None = None) -> Entry:
    """Return the entry of the published package, with what stands for the key."""
    return {"command": "uvx", "args": [NAME], **({"env": {KEY: key}} if key else {})}


def _redirect(host: str, **more: str) -> str:
    parts = {"name": SERVER, "inputs": links.compact([links.INPUT]), "config": links.compact(published(_ASKED))}
    return f"https://{host}/redirect/mcp/install?{urlencode(parts | more, quote_via=quote)}"


def _goose() -> str:
    entry = published()
    parts = {"cmd": entry["command"], "arg": entry["args"], "id": SERVER, "name": "AutoSend contacts"}
    about = {"description": "Contacts and lists of AutoSend", "env": f"{KEY}={links.INPUT['description']}"}
    return f"goose://extension?{urlencode({**parts, **about}, doseq=True, quote_via=quote)}"


_ASKED = f"${{input:{links.INPUT['id']}}}"  # the host asks
_REFERRED = f"${{env:{KEY}}}"  # the environment that the host starts in has it

# The web pages open the host; the others are links of the host's own, which many pages do not show as links.
LINKS: dict[str, Callable[[], str]] = {
    "Cursor": lambda: f"https://cursor.com/en/install-mcp?{links.in_base64(SERVER, published(_REFERRED))}",
    "VS Code": lambda: _redirect("vscode.dev"),
    "VS Code Insiders": lambda: _redirect("insiders.vscode.dev", quality="insiders"),
    "Kiro": lambda: (
        f"https://kiro.dev/launch/mcp/add?name={SERVER}"
        f"&config={quote(links.compact(published(f'${{{KEY}}}')), safe='')}"
    ),
    "Cursor, itself": lambda: links.cursor(SERVER, published(_REFERRED)),
    "VS Code, itself": lambda: links.vscode(SERVER, published(_ASKED)),
    "VS Code Insiders, itself": lambda: links.vscode(SERVER, published(_ASKED)).replace("vscode:", "vscode-insiders:"),
    "LM Studio": lambda: f"lmstudio://add_mcp?{links.in_base64(SERVER, published())}",
    "Goose": _goose,
}


def buttons() -> str:
    """Return the links that are web pages, in a line."""
    return " · ".join(f"[{host}]({link()})" for host, link in LINKS.items() if link().startswith("https:"))


def addresses() -> str:
    """Return the other links, to paste into a browser's address bar."""
    own = {host: link() for host, link in LINKS.items() if not link().startswith("https:")}
    return "\n".join(f"- {host.removesuffix(', itself')}: `{link}`" for host, link in own.items())
