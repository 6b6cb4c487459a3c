"""Who reads what the server says: an assistant whose user runs it, the user at the shell, or who calls over HTTP.

Over HTTP neither an assistant nor its user can set a variable, start the server again or read its files. Who runs the
server can, so that they are named, and the log says what is to be fixed.
"""

import re
from dataclasses import dataclass
from typing import Literal

from autosend_mcp.errors import AutoSendError, NotSent, address_user
from autosend_mcp.logs import report
from autosend_mcp.variables import PREFIX, variable_of

WHO_RUNS = "who runs this server"

# What only who runs a server can do something about: its variables, flags, process, files and AutoSend key.
_OF_SERVER = re.compile(
    rf"\b(?:{PREFIX}|[A-Z]+_PROXY\b)\w*|(?<!\S)--[a-z]|(?:re)?start this server|certificates|"
    r"or the key in the dashboard"
)
_OF_KEY = tuple(map(variable_of, ("api_key", "project_id")))
_PARTS = re.compile(r"(?<=[.;]) |(?=, or )")

# What texts say where the user runs the server, and over HTTP instead. Any other part that names a setting is left out.
_OVER_HTTP = {
    f"{variable_of('ask')}=never turns it off": f"{WHO_RUNS} can turn it off",
    f"{variable_of('base_url')} is wrong": f"report it to {WHO_RUNS}",
}


class Audience:
    """An assistant whose user runs the server."""

    is_at_shell = False
    can_set = True  # whether the user can set a variable

    def no_writes(self, tool: str) -> NotSent:
        """Return the refusal of a tool that writes, where only reading is allowed."""
        what = f"{tool} changes something, and this server is read-only."
        return NotSent(what, user_step=f"unset {variable_of('read_only')} or leave out --read-only")

    def no_toolset(self, tool: str, toolset: str | None) -> NotSent:
        """Return the refusal of a tool whose toolset is not offered."""
        what = f"{tool} is in the toolset {toolset}, which is not offered here."
        return NotSent(what, user_step=f"add {toolset} to {variable_of('toolsets')} or --toolsets")

    def address(self, error: AutoSendError) -> None:
        """Turn what only the user can do into advice for an assistant. Settings are read when the server starts."""
        if error.user_step:
            restart = " and restart this server" if PREFIX in error.user_step else ""
            advice = f"Ask the user to {error.user_step}{restart}."
            error.next_step, error.user_step = f"{error.next_step} {advice}".lstrip(), ""


class AtShell(Audience):
    """The user, who calls the tools with no assistant in between."""

    is_at_shell = True

    def address(self, error: AutoSendError) -> None:
        """Turn advice for an assistant into advice for the user."""
        address_user(error)


@dataclass(frozen=True)
class OverHttp(Audience):
    """Who calls over HTTP. `reads_by`: what of theirs allows reading alone; `own_toolsets`: their token names them."""

    reads_by: Literal["", "token", "scope"] = ""
    own_toolsets: bool = False

    can_set = False

    def no_writes(self, tool: str) -> NotSent:
        """Return the refusal of a tool that writes, where only reading is allowed."""
        by, step = {
            "": ("this server is read-only", f"ask {WHO_RUNS} whether it may write"),
            "token": ("this token may only read", f"get a token that may write from {WHO_RUNS}"),
            "scope": (
                "this sign-in may only read: it has no scope contacts:write",
                f"sign in again with that scope, or to get it from {WHO_RUNS}",
            ),
        }[self.reads_by]
        return NotSent(f"{tool} changes something, and {by}.", user_step=step)

    def no_toolset(self, tool: str, toolset: str | None) -> NotSent:
        """Return the refusal of a tool whose toolset is not offered."""
        by = "to this token" if self.own_toolsets else "here"
        step = f"ask {WHO_RUNS} to offer it" if not self.own_toolsets else f"get a token for it from {WHO_RUNS}"
        return NotSent(f"{tool} is in the toolset {toolset}, which is not offered {by}.", user_step=step)

    def address(self, error: AutoSendError) -> None:
        """Say what the caller can do; log what only who runs the server can."""
        if _OF_SERVER.search(f"{error.what} {error.user_step}"):
            report("fix_needed", why=f"{error.what} {error.user_step}".strip())
            error.user_step = f"report it to {WHO_RUNS}"
        if (found := _OF_SERVER.search(error.what)) is not None:
            is_key = found[0].startswith(_OF_KEY)
            error.what = f"This server {'has no AutoSend key that works' if is_key else 'is not set up'} for this call."
        error.next_step = _without_settings(error.next_step)
        super().address(error)


def _without_settings(text: str) -> str:
    """Return a text without the parts that name what only who runs the server can change."""
    for said, instead in _OVER_HTTP.items():
        text = text.replace(said, instead)
    if not _OF_SERVER.search(text):
        return text
    kept = "".join(part if part[0] == "," else f" {part}" for part in _PARTS.split(text) if not _OF_SERVER.search(part))
    return f"{kept.strip().rstrip('.;')}." if kept else ""
