"""`autosend-mcp serve --http --workers N`: several processes on one port, over AutoSend or over one sandbox."""

import argparse
import secrets
import threading
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing, contextmanager

from autosend_mcp.cli.connect import sandbox_for
from autosend_mcp.cli.exits import failed, usage
from autosend_mcp.cli.http import announce, http_given, opened
from autosend_mcp.logs import configure_logging
from autosend_mcp.sandbox.app import KEY, Sandbox
from autosend_mcp.sandbox.serve import listening, server_of
from autosend_mcp.server.http.app import McpApp
from autosend_mcp.server.http.serve import is_local
from autosend_mcp.server.http.settings import HttpSettings
from autosend_mcp.server.http.workers import Given, serve_by_workers
from autosend_mcp.settings import Settings, SettingsError, load_settings

_NO_REDIS = (
    "--workers needs AUTOSEND_REDIS_URL: without it the workers share neither the pace of an AutoSend key, so that "
    "they exceed its limit together, nor identical writes at once, undo references and the questions that users are "
    "asked."
)
_METRICS = (
    "--metrics counts one process, and with --workers any of them would answer. Start each worker by a command of its "
    "own, on a port of its own."
)


def serve_workers(args: argparse.Namespace, given: Mapping[str, object]) -> int:
    """Serve until the command is asked to end. `given`: the settings that flags give."""
    with ExitStack() as stack:
        try:
            settings, given = _over_sandbox(args, given, stack)
            http, listener, where = opened(args)
            stack.enter_context(closing(listener))
            _check(settings, http)
        except (SettingsError, OSError) as error:
            return usage(f"serve: {error}")
        configure_logging(settings.log_level)
        sealed = (
            {} if http.state_key else {"state_key": secrets.token_hex(32)}
        )  # the same in all workers of this command
        plan = Given(given, http_given(args) | sealed, is_local(listener), is_sandbox="base_url" in given)
        announce(http, where, f", by {args.workers} workers")
        if serve_by_workers(args.workers, listener, plan):
            return 0
    return failed("a worker could not start; its line of the log says why", 3)


def _check(settings: Settings, http: HttpSettings) -> None:
    """Check that several workers can serve so.

    Raises:
        SettingsError: They cannot.
    """
    if http.redis_url is None:
        raise SettingsError(_NO_REDIS)
    if http.http_metrics:
        raise SettingsError(_METRICS)
    settings.toolsets_named()
    McpApp(settings, http).app()  # as each worker will


def _over_sandbox(
    args: argparse.Namespace, given: Mapping[str, object], stack: ExitStack
) -> tuple[Settings, Mapping[str, object]]:
    """Return the settings, and those that the workers are given: of a sandbox in this process, where one is asked for.

    Raises:
        SettingsError: A variable is wrong.
        OSError: The sandbox's file cannot be opened.
    """
    file, sample = getattr(args, "sandbox", None), "sandbox_sample" in args
    if file is None and not sample:
        return load_settings(**given), given
    _, sandbox = sandbox_for(file or "", given, sample=sample)
    stack.enter_context(closing(sandbox))
    given = {"api_key": KEY, "base_url": stack.enter_context(_on_a_port(sandbox)), **given}
    return load_settings(**given), given


@contextmanager
def _on_a_port(sandbox: Sandbox) -> Generator[str]:
    """Serve a sandbox to the workers meanwhile; yield its URL."""
    with listening(0) as listener:
        server = server_of(sandbox)
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        server.should_exit = True
        serving.join()
