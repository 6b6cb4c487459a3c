"""What the doctor finds of the settings, where each comes from, and of the key."""

import os
from pathlib import Path

from autosend_mcp.cli.doctor.findings import Finding, note, ok, problem
from autosend_mcp.cli.install.hosts import KEY
from autosend_mcp.cli.install.key import KEY_FILE, usual_file
from autosend_mcp.cli.install.machine import Machine
from autosend_mcp.errors import NotSent
from autosend_mcp.settings import Settings, SettingsError, load_settings
from autosend_mcp.variables import variable_of


def of_settings(machine: Machine) -> tuple[list[Finding], Settings | None]:
    """Return the findings of the settings, and the settings; None where they cannot be used.

    Where no variable names a key, it is the one that `install` keeps in a file.
    """
    given = {name.upper() for name, text in machine.variables.items() if text.strip()}
    kept = usual_file(machine)
    installed = not given & {KEY, KEY_FILE} and kept.exists()
    try:
        settings = load_settings(**({"api_key_file": kept} if installed else {}))
    except SettingsError as error:
        return [problem("settings", line, "set it right, or unset it") for line in str(error).splitlines()], None
    sources = {variable_of(name): "default" for name in Settings.model_fields} | dict.fromkeys(given, "environment")
    sources |= {KEY_FILE: "install"} if installed else {}
    findings = [_of_setting(settings, name, sources[variable_of(name)]) for name in Settings.model_fields]
    findings += [problem("settings", said, "fill it in, or unset it") for said in settings.notes]
    return findings, settings


def _of_setting(settings: Settings, name: str, source: str) -> Finding:
    value = getattr(settings, name)
    shown = "set" if name == "api_key" and value is not None else "" if value is None else str(value)
    return ok("setting", f"{variable_of(name)} = {shown or 'nothing'} ({source})")


def of_key(settings: Settings) -> list[Finding]:
    """Return what is wrong with the key, or what it looks like."""
    variable = settings.key_variable
    try:
        key = settings.credentials()["Authorization"].removeprefix("Bearer ")
    except NotSent as error:
        return [problem("key", error.what, error.user_step)]
    kind = "an account key (ASA_...)" if key.upper().startswith("ASA_") else "a project key (AS_...)"
    found = [ok("key", f"{variable}: {kind} of {len(key)} characters")]
    file = settings.api_key_file
    return [*found, *of_key_file(file.expanduser())] if file and variable.endswith("_FILE") else found


def of_key_file(file: Path) -> list[Finding]:
    """Return whether others may read the file of the key, where a platform tells."""
    if os.name == "posix" and file.is_file() and file.stat().st_mode & 0o077:
        return [note("key", f"Others on this machine may read {file}.", f"chmod 600 '{file}'")]
    return []
