"""Make the AutoSend client of a command: of the real API, or of a sandbox in this process."""

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autosend_mcp.api.client import AutoSend
from autosend_mcp.settings import Settings, load_settings

if TYPE_CHECKING:
    from autosend_mcp.sandbox.app import Sandbox


def connect(sandbox: str | None, *, sample: bool = False, **given: object) -> AutoSend:
    """Return a client of the real API, or of a sandbox where `sandbox` is given.

    Args:
        sandbox: The file that keeps the sandbox; "" for one in memory.
        sample: Whether the sandbox, which is then used, has sample data.
        given: Settings that win over their variables.

    Raises:
        SettingsError: A variable is wrong.
        OSError: The sandbox's file cannot be opened.
    """
    if sandbox is None and not sample:
        return AutoSend(load_settings(**given))

    from httpx2 import ASGITransport

    settings, opened = sandbox_for(sandbox or "", given, sample=sample)
    transport = ASGITransport(opened.app, raise_app_exceptions=False)
    return AutoSend(settings, transport, target=target_of(sandbox), is_sandbox=True)


def sandbox_for(file: str, given: Mapping[str, object], *, sample: bool) -> tuple[Settings, "Sandbox"]:
    """Return a sandbox, and the settings of who works on it in this process.

    Raises:
        SettingsError: A variable is wrong.
        OSError: The file cannot be opened.
    """
    from autosend_mcp.cli.switches import from_variables
    from autosend_mcp.sandbox.app import KEY, PROJECT, Options, Sandbox
    from autosend_mcp.sandbox.sample import add_sample

    settings: Settings = load_settings(**{"api_key": KEY, "base_url": "http://127.0.0.1/v1", **given})
    # Who sends more than two requests a second has an account that may.
    usual: dict[str, Any] = {"rate_limit": max(Options.rate_limit, ceil(settings.rate_limit))}
    sandbox = Sandbox(Options(**usual | from_variables()), file or None)
    if sample:
        add_sample(sandbox.store, PROJECT)
    return settings, sandbox


def target_of(file: str | None) -> str | None:
    """Return what tells a sandbox from others; None for one that ends with the process."""
    return str(Path(file).resolve()) if file else None
