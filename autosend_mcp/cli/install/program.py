"""The absolute path of this command: a host started from the desktop has a short PATH and finds no other."""

import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from autosend_mcp.cli.install.machine import Machine

_NAME = "autosend-mcp"


class NoProgramError(Exception):
    """This command cannot be started later. The text says why, and what to do."""


def program_of(machine: Machine) -> tuple[str, ...]:
    """Return the words that start this command, from an absolute path on.

    A link of `uv tool` or `pipx`, or the script of a virtual environment, is named as it was called. What `uvx` has
    in its cache goes away: there uvx itself is named, if it would fetch the same package.

    Raises:
        NoProgramError: This command was fetched for this one time, and uvx would not find it again.
    """
    if machine.program:
        return machine.program
    if _is_cached(Path(sys.prefix)):
        return _fetched_again(machine)
    interpreter = Path(sys.executable).absolute()
    suffix = ".exe" if machine.is_windows else ""
    called = Path(sys.argv[0]).absolute()
    called = called if called.suffix == suffix else called.with_name(called.name + suffix)
    for script in (called, interpreter.parent / f"{_NAME}{suffix}"):
        if script.name == f"{_NAME}{suffix}" and script.is_file():
            return (str(script),)
    return str(interpreter), "-m", "autosend_mcp"


def _is_cached(prefix: Path) -> bool:
    """Return whether an environment is one that uvx or `pipx run` made for a while."""
    return any(part.startswith(("archive-v", "environments-v")) for part in prefix.parts) or (
        "pipx" in prefix.parts and ".cache" in prefix.parts
    )


def _fetched_again(machine: Machine) -> tuple[str, ...]:
    uvx = machine.command("uvx")
    if uvx and _is_from_an_index():
        return uvx, _NAME
    raise NoProgramError(
        "this command was fetched for this one time, into a cache that is emptied. Install it for good (uv tool "
        "install, pipx install, or pip in a virtual environment), and run install from there"
    )


def _is_from_an_index() -> bool:
    """Return whether the package came from an index, from which its name fetches it again; not from a file or clone."""
    try:
        return distribution(_NAME).read_text("direct_url.json") is None
    except PackageNotFoundError:
        return False
