"""`autosend-mcp install`: put this server into a host, or take it out again."""

import json
import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from typing import Any

from autosend_mcp.cli.exits import failed, usage, without_keys
from autosend_mcp.cli.install.change import Change, entry_before, installed, linked, pasted, uninstalled
from autosend_mcp.cli.install.hosts import HOSTS, Host
from autosend_mcp.cli.install.jsonc import CannotEditError
from autosend_mcp.cli.install.key import Key, key_for, usual_file
from autosend_mcp.cli.install.machine import Machine
from autosend_mcp.cli.install.own_command import commands_for, done_by
from autosend_mcp.cli.install.program import NoProgramError, program_of
from autosend_mcp.cli.install.shapes import as_written
from autosend_mcp.errors import NotSent
from autosend_mcp.settings import TOOLSETS, Settings, SettingsError, load_settings
from autosend_mcp.variables import our_variables, variable_of

_NOT_COPIED = {"api_key", "api_key_file", "read_only", "toolsets"}  # the key goes its own way, the others are flags


def run(flags: Namespace, machine: Machine) -> int:
    """Install or uninstall as the flags say; return the exit code: 0 done or nothing to do, 1 not done, 2 usage."""
    host = HOSTS[flags.host]
    try:
        change, key = _planned(flags, host, machine)
        return _carried_out(flags, host, machine, change, key)
    except (SettingsError, NoProgramError) as error:
        return usage(f"install: {error}")
    except NotSent as error:
        return usage(f"install: {error.sentence}")
    except (CannotEditError, OSError) as error:
        why = str(error) if isinstance(error, CannotEditError) else error.strerror or type(error).__name__
        return failed(f"install: {host.file(machine)} was not changed: {why}. {_by_hand(flags)}", 1)


def _planned(flags: Namespace, host: Host, machine: Machine) -> tuple[Change, Key | None]:
    """Return what is to change, and how the host gets the key."""
    if flags.uninstall:
        return uninstalled(host, machine), None
    load_settings(**{name: getattr(flags, name) for name in ("read_only", "toolsets") if name in flags})
    if unknown := [name for name in getattr(flags, "toolsets", "").split(",") if name and name not in TOOLSETS]:
        raise SettingsError(f"no toolset is called {unknown[0]!r}; there are {', '.join(TOOLSETS)}")
    sandbox = _sandbox_words(flags)
    words = (*program_of(machine), *sandbox, *_offer_words(flags))
    if sandbox:
        return installed(host, machine, words, None, {}), None
    before = {} if flags.print else entry_before(host, machine)[2]
    key = key_for(host, machine, before, flags.key_file, getpass if _asks(flags) else None)
    try:
        return installed(host, machine, words, key, _settings()), key
    except (CannotEditError, OSError):
        if not flags.print:
            raise
        return installed(host, machine, words, key, _settings(), alone=True), key


def _carried_out(flags: Namespace, host: Host, machine: Machine, change: Change, key: Key | None) -> int:
    """Show the change and make it, where the user agrees; return the exit code."""
    by_command = [] if change.is_none else commands_for(host, machine, change)
    report = {
        "host": flags.host,
        "file": str(change.file),
        "outcome": "unchanged",
        "entry": as_written(host, change.entry) if change.entry else None,
        "commands": [_shell(words) for words in by_command],
        "key": key.said if key else None,
    }
    if flags.print:
        return _ended(flags, report | {"outcome": "printed"}, _to_paste(host, change, by_command, key))
    if not flags.json:
        _show(host, change, by_command, key)
    if change.is_none and (key is None or key.content is None):
        return _ended(flags, report, "Nothing to change." if not flags.uninstall else "It is not installed there.")
    if _asks(flags) and not _agreed():
        return failed("install: nothing was changed", 1)
    if key is not None:
        key.keep()
    backup = None
    if not change.is_none:
        backup = done_by(by_command, host, machine, change, datetime.now(UTC))
    report |= {"outcome": "uninstalled" if flags.uninstall else "installed", "backup": str(backup) if backup else None}
    kept = f"The file as it was: {backup}\n" if backup else ""
    restart = f"Restart {host.title}." + (f" {key_file} stays." if (key_file := usual_file(machine)).exists() else "")
    return _ended(flags, report, kept + (restart if flags.uninstall else host.next_step))


def _agreed() -> bool:
    try:
        return input("Do it? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _ended(flags: Namespace, report: dict[str, Any], last: str) -> int:
    print(_redacted_json(report) if flags.json else last)
    return 0


def _show(host: Host, change: Change, commands: Sequence[Sequence[str]], key: Key | None) -> None:
    print(f"{host.title}: {change.file}")
    for words in commands:
        print(f"$ {_shell(words)}")
    if not change.is_none:
        print(change.shown())
    if key is not None:
        print(key.said)


def _to_paste(host: Host, change: Change, commands: Sequence[Sequence[str]], key: Key | None) -> str:
    """Return what to run, or to put into the file by hand."""
    lines = [f"Run: {_shell(words)}" for words in commands] + ["Or put" if commands else "Put"]
    lines[-1] += f" this into {change.file}:"
    lines.append(without_keys(pasted(host, change)).rstrip("\n"))
    if link := linked(host, change):
        lines.append(f"Or open this link: {link}")
    return "\n".join([*lines, *([key.said] if key else [])])


def _by_hand(flags: Namespace) -> str:
    if flags.uninstall:
        return "Take the server out by hand."
    return f"autosend-mcp install {flags.host} --print shows what to put into it by hand."


def _redacted_json(report: dict[str, Any]) -> str:
    return without_keys(json.dumps(report, indent=2, ensure_ascii=False))


def _shell(words: Sequence[str]) -> str:
    return without_keys(shlex.join(words))


def _asks(flags: Namespace) -> bool:
    """Return whether the user at the terminal is asked before anything changes: where there is one."""
    return sys.stdin is not None and sys.stdin.isatty() and not (flags.yes or flags.json or flags.print)


def _sandbox_words(flags: Namespace) -> list[str]:
    file = getattr(flags, "sandbox", None)
    sample = ["--sandbox-sample"] if "sandbox_sample" in flags else []
    if file is None:
        return sample
    return [*sample, *(["--sandbox", str(Path(file).absolute())] if file else ["--sandbox"])]


def _offer_words(flags: Namespace) -> list[str]:
    read_only = ["--read-only"] if "read_only" in flags else []
    return [*read_only, *(["--toolsets", flags.toolsets] if "toolsets" in flags else [])]


def _settings() -> dict[str, str]:
    """Return the settings of this environment by their variables, which the host may start without; but not the key."""
    found = our_variables(set(Settings.model_fields), ()).values
    return {variable_of(name): text for name, text in found.items() if name not in _NOT_COPIED}
