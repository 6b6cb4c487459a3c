"""The hosts: where each keeps its servers, under which name, how it reads a key, and its own command if it has one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from autosend_mcp.cli.install import links
from autosend_mcp.cli.install.machine import Machine

Entry = dict[str, Any]

KEY = "AUTOSEND_API_KEY"


@dataclass(frozen=True)
class Host:
    """One host. `members`: where its servers are. `key`: how its file can name the key without holding it.

    `reference`: the value that stands for a variable of the environment; "input": the host asks for it and keeps it;
    "forward": it names variables to pass on; None: a file is needed, for the host starts without the user's shell.
    `refers`: how a value stands for the variable of the key. `always`: members that each entry has. `words`: an entry
    has the command and its arguments in one list, and variables as `environment`. `link`: what installs an entry when
    it is opened.
    """

    title: str
    file: Callable[[Machine], Path]
    members: str
    key: Literal["reference", "input", "forward"] | None = None
    add: Callable[[str, Entry], Sequence[str]] | None = None
    remove: Callable[[str], Sequence[str]] | None = None
    next_step: str = "Restart it, and ask it for your contact lists."
    link: Callable[[str, Entry], str] | None = None
    refers: str = f"${{{KEY}}}"
    always: Entry = field(default_factory=Entry)
    words: bool = False

    @property
    def program(self) -> str:
        """The name of its own command, empty for none."""
        return self.add("", {"command": "", "env": {}})[0] if self.add else ""

    @property
    def is_toml(self) -> bool:
        """Whether its file is TOML; else it is JSON, perhaps with comments."""
        return self.members == "mcp_servers"


def _desktop(machine: Machine) -> Path:
    """Return the file of Claude Desktop: in its own folder, or in that of a package of Windows' store."""
    name = "claude_desktop_config.json"
    if machine.is_windows:
        local = machine.folder("LOCALAPPDATA", "AppData/Local")
        for folder in sorted((local / "Packages").glob("Claude_*/LocalCache/Roaming/Claude")):
            return folder / name
    return machine.applications / "Claude" / name


def _claude_code(machine: Machine) -> Path:
    return machine.folder("CLAUDE_CONFIG_DIR", "") / ".claude.json"


def _zed(machine: Machine) -> Path:
    if machine.is_windows:
        return machine.applications / "Zed" / "settings.json"
    return (machine.home / ".config" if machine.platform == "darwin" else machine.settings) / "zed" / "settings.json"


def _opencode(machine: Machine) -> Path:
    """Return the file that `opencode mcp add` writes (1.18, November 2026), in the same folder on each platform."""
    folder = machine.settings / "opencode"
    return file if (file := folder / "opencode.json").exists() else folder / "opencode.jsonc"


def _variables(entry: Mapping[str, Any], flag: str) -> list[str]:
    return [word for name, value in entry.get("env", {}).items() for word in (flag, f"{name}={value}")]


def _claude_add(name: str, entry: Entry) -> Sequence[str]:
    shown = [*_variables(entry, "-e"), "--", entry["command"], *entry.get("args", [])]
    return ["claude", "mcp", "add", "-s", "user", name, *shown]


def _adds(program: str) -> Callable[[str, Entry], Sequence[str]]:
    """Return what adds an entry by the command of a host that takes its words in the commonest order."""

    def add(name: str, entry: Entry) -> Sequence[str]:
        words = [*_variables(entry, "--env"), "--", entry["command"], *entry.get("args", [])]
        return [program, "mcp", "add", name, *words]

    return add


def _gemini_add(name: str, entry: Entry) -> Sequence[str]:
    words = ["gemini", "mcp", "add", "-s", "user", *_variables(entry, "-e"), name, entry["command"]]
    return [*words, "--", *entry["args"]] if entry.get("args") else words


HOSTS: dict[str, Host] = {
    "claude-desktop": Host("Claude Desktop", _desktop, "mcpServers"),
    "claude-code": Host(
        "Claude Code",
        _claude_code,
        "mcpServers",
        "reference",
        _claude_add,
        lambda name: ["claude", "mcp", "remove", "-s", "user", name],
        "Start claude anew, and ask it for your contact lists; /mcp shows the server.",
    ),
    "cursor": Host("Cursor", lambda machine: machine.home / ".cursor" / "mcp.json", "mcpServers", link=links.cursor),
    "vscode": Host(
        "VS Code",
        lambda machine: machine.applications / "Code" / "User" / "mcp.json",
        "servers",
        "input",
        link=links.vscode,
        next_step="Run MCP: List Servers and start autosend; VS Code asks for the key once and keeps it.",
    ),
    "codex": Host(
        "Codex",
        lambda machine: machine.folder("CODEX_HOME", ".codex") / "config.toml",
        "mcp_servers",
        "forward",
        _adds("codex"),
        lambda name: ["codex", "mcp", "remove", name],
        "Start codex anew, and ask it for your contact lists; /mcp shows the server.",
    ),
    "gemini": Host(
        "Gemini CLI",
        lambda machine: machine.folder("GEMINI_CLI_HOME", "") / ".gemini" / "settings.json",
        "mcpServers",
        "reference",
        _gemini_add,
        lambda name: ["gemini", "mcp", "remove", "-s", "user", name],
        "Start gemini anew in a folder that it trusts, and ask it for your contact lists.",
    ),
    "copilot-cli": Host(
        "Copilot CLI",
        lambda machine: machine.folder("COPILOT_HOME", ".copilot") / "mcp-config.json",
        "mcpServers",
        "reference",
        _adds("copilot"),
        lambda name: ["copilot", "mcp", "remove", name],
        "Start copilot anew, and ask it for your contact lists; /mcp shows the server.",
        always={"type": "local", "tools": ["*"]},
    ),
    "opencode": Host(
        "opencode",
        _opencode,
        "mcp",
        "reference",
        _adds("opencode"),
        next_step="Start opencode anew, and ask it for your contact lists; opencode mcp list shows the server.",
        refers=f"{{env:{KEY}}}",
        always={"type": "local"},
        words=True,
    ),
    "windsurf": Host(
        "Windsurf", lambda machine: machine.home / ".codeium" / "windsurf" / "mcp_config.json", "mcpServers"
    ),
    "zed": Host("Zed", _zed, "context_servers", next_step="Open the agent panel, and ask it for your contact lists."),
}
