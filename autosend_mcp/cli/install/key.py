"""How a host gets the key: it asks for it, reads it from its environment, or is given a file of mode 0600."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autosend_mcp.cli.exits import without_keys
from autosend_mcp.cli.install.files import written
from autosend_mcp.cli.install.hosts import KEY, Entry, Host
from autosend_mcp.cli.install.machine import Machine
from autosend_mcp.errors import NotSent
from autosend_mcp.secret import content_of, key_in

KEY_FILE = f"{KEY}_FILE"

_REFERENCE = re.compile(r"\$\w+|\$?\{[^{}]+\}")  # of a variable or a file, in whatever way a host writes that

Asks = Callable[[str], str]


@dataclass(frozen=True)
class Key:
    """How the key reaches the server, and a sentence that says so.

    `env`: variables of the entry. `forwards`: names of variables that the host passes on. `content`: for a new file.
    """

    said: str
    env: Mapping[str, str]
    forwards: Sequence[str] = ()
    file: Path | None = None
    content: str | None = None

    def keep(self) -> None:
        """Write the file of the key, if there is one to write: mode 0600, in a folder of mode 0700."""
        if self.file is not None and self.content is not None:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            written(self.file, f"{self.content}\n" if self.content else "", mode=0o600)


def usual_file(machine: Machine) -> Path:
    """Return the file that holds the key where nobody names another."""
    return machine.applications / "autosend-mcp" / "key"


def key_for(host: Host, machine: Machine, before: Entry, named: str | None, asks: Asks | None) -> Key:
    """Return how this host gets the key.

    Args:
        before: The entry of an earlier installation; a key that stands in it moves into the file.
        named: The file of `--key-file`; "" for the usual one, None without the flag.
        asks: Asks the user for the key, where there is a terminal.

    Raises:
        NotSent: A key that is given is none of AutoSend's, or stands where a file is meant.
    """
    given = machine.variables.get(KEY, "").strip()
    if named is None and host.key == "input":
        said = f"{host.title} asks for the key when it starts the server, and keeps it in its secret storage."
        return Key(said, {KEY: "${input:autosend_key}"})
    stated, kept = (str(before.get("env", {}).get(name, "")) for name in (KEY, KEY_FILE))
    refers = "$" in stated or _REFERENCE.fullmatch(stated) is not None or KEY in before.get("env_vars", [])
    elsewhere = kept or ("" if given else machine.variables.get(KEY_FILE, ""))
    unknown = not stated and not elsewhere and (given or not _holds_key(usual_file(machine)))
    if named is None and host.key and (refers or unknown):
        return _from_environment(host, stated if refers else "", is_set=bool(given))
    if named and without_keys(named) != named:
        what = "--key-file takes the path of a file, and was given a key, which others on this machine may have seen."
        raise NotSent(what, user_step=f"use --key-file alone, and set {KEY} or type the key when asked")
    file = Path(named or elsewhere or usual_file(machine)).expanduser()
    return _in_file(Path.cwd() / file, given or ("" if refers else stated), asks)


def _from_environment(host: Host, stated: str, *, is_set: bool) -> Key:
    if host.key == "reference" and stated != host.refers and _REFERENCE.fullmatch(stated):
        return Key(f"{host.title} reads the key by {stated}, as before.", {KEY: stated})
    said = f"{host.title} reads {KEY} from the environment that it starts in: export it there" + (
        ", also in the next shell." if is_set else "; it is not set in this one. --key-file keeps it in a file instead."
    )
    if host.key == "forward":
        return Key(said, {}, [KEY])
    return Key(said, {KEY: host.refers})


def _in_file(file: Path, given: str, asks: Asks | None) -> Key:
    """Return the file, with the key that it is to hold: the one given, else what it holds already, else what is typed.

    Raises:
        NotSent: The key is none of AutoSend's.
    """
    env = {KEY_FILE: str(file)}
    if not given and not _holds_key(file) and asks is not None:
        given = asks("AutoSend API key (it is not shown; empty to put it into the file later): ").strip()
    if given:
        key = key_in(given, KEY)
        new = None if _holds_key(file, key) else key
        return Key(f"The key is in {file}, which only you can read.", env, file=file, content=new)
    if _holds_key(file):
        return Key(f"The key in {file} is used.", env, file=file)
    return Key(
        f"Put your key into {file}, which only you can read.", env, file=file, content=None if file.exists() else ""
    )


def _holds_key(file: Path, key: str = "") -> bool:
    """Return whether the file holds a key, or this one."""
    try:
        found = key_in(content_of(file), KEY) if os.path.lexists(file) else ""
    except NotSent:
        return False
    return found == key if key else bool(found)
