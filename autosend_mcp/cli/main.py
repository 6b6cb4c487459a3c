"""Run the command. Each subcommand imports what it needs itself, so that serving loads nothing else."""

import argparse
import gc
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING

from autosend_mcp.cli.exits import ending_well, failed, failed_with, flushed, usage

if TYPE_CHECKING:
    from autosend_mcp.api.client import AutoSend
    from autosend_mcp.server.front.stdin import Front

# Garbage is looked for after this many new objects in an import, most of which are of rows that are still needed.
_NEW_OBJECTS = 20_000

_AT_A_TERMINAL = """\
autosend-mcp is an MCP server: a host (Claude, Cursor, VS Code, ...) starts it and writes messages to its stdin.
To see it work: autosend-mcp demo. To call a tool from here: autosend-mcp call --help. docs/hosts.md says what to put
into a host. It waits for messages now; Ctrl-C ends it."""


def main(argv: Sequence[str] | None = None, *, front: "Front | None" = None) -> int:
    """Run the command; return its exit code. `front` has answered a host so far."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    args = _parsed(sys.argv[1:] if argv is None else argv)
    args.front = front
    try:
        return flushed(_COMMANDS[args.command](args))
    except KeyboardInterrupt:
        return failed("interrupted", 130)
    except Exception as bug:  # noqa: BLE001 - never a traceback
        return failed_with(bug)


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    """Return the command with its flags. Without words it serves, which most hosts ask for: that needs no parser."""
    if not words:
        return argparse.Namespace(command="serve")
    from autosend_mcp.cli.flags import apart, parser

    return parser().parse(apart(words))


def _serve(args: argparse.Namespace) -> int:
    if getattr(args, "http", None) or getattr(args, "workers", 1) > 1:
        with ending_well():
            return _serve_http(args)
    if sys.stdin is None or sys.stdout is None:
        return usage("stdin and stdout must be open: the server speaks MCP over them")

    import anyio

    from autosend_mcp.logs import configure_logging
    from autosend_mcp.server.stdio import serve_stdio
    from autosend_mcp.server.telemetry.start import tracing_asked_for

    autosend = _connect(args)
    if sys.stdin.isatty():
        print(_AT_A_TERMINAL, file=sys.stderr, flush=True)
    configure_logging(autosend.settings.log_level)
    if args.front:
        args.front.close()
    if tracing := tracing_asked_for(warn=False):
        autosend.observers = (tracing,)
    anyio.run(serve_stdio, autosend, args.front, tracing and tracing.close)
    if tracing:
        tracing.close()
    return 0


def _serve_http(args: argparse.Namespace) -> int:
    if not args.http:
        return usage("serve: --workers needs --http HOST:PORT")
    if args.workers > 1:
        from autosend_mcp.cli.workers import serve_workers

        _collect_garbage()
        return serve_workers(args, _given(args))
    from autosend_mcp.cli.http import serve_http

    return serve_http(args, _connect(args))


def _call(args: argparse.Namespace) -> int:
    from autosend_mcp.cli.call import UsageError, call, describe, tool_called
    from autosend_mcp.cli.flags import tool_words
    from autosend_mcp.cli.parsing import tools_listed
    from autosend_mcp.logs import configure_logging
    from autosend_mcp.settings import TOOLSETS

    configure_logging("WARNING")
    try:
        words = tool_words(args)
        if args.tool is None:
            return usage(f"call: name a tool, as in autosend-mcp call list_contact_lists\n{tools_listed()}")
        tool = tool_called(args.tool)
        if words in (["--help"], ["-h"]):
            print(describe(tool))
            return 0
        autosend = _connect(args)
        if not autosend.settings.toolsets:  # who names a tool wants it
            autosend.settings = autosend.settings.model_copy(update={"toolsets": ",".join(TOOLSETS)})
        return call(autosend, tool, words, raw=args.json)
    except argparse.ArgumentError as error:
        return usage(f"call: {error.message}")
    except UsageError as error:
        return usage(f"call: {error}")
    except KeyboardInterrupt:
        return failed("interrupted. If its request had left, it may have been applied: call again to find out", 130)


def _demo(_args: argparse.Namespace) -> int:
    from autosend_mcp.cli.demo import demo

    _collect_garbage()
    return demo()


def _sandbox(args: argparse.Namespace) -> int:
    from autosend_mcp.cli.sandbox import run

    _collect_garbage()
    return usage(f"sandbox: {why_not}") if (why_not := run(args)) else 0


def _connect(args: argparse.Namespace) -> "AutoSend":
    from autosend_mcp.cli.connect import connect
    from autosend_mcp.settings import SettingsError

    try:
        autosend = connect(getattr(args, "sandbox", None), sample="sandbox_sample" in args, **_given(args))
        autosend.settings.toolsets_named()
    except (SettingsError, OSError) as error:
        sys.exit(usage(str(error)))
    for note in autosend.settings.notes:
        print(f"autosend-mcp: {note}", file=sys.stderr)
    _collect_garbage()
    return autosend


def _given(args: argparse.Namespace) -> dict[str, object]:
    """Return the settings that flags give."""
    return {name: getattr(args, name) for name in ("read_only", "toolsets") if name in args}


def _collect_garbage() -> None:
    """Collect garbage from now on, if it has been off, but not among what was imported."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _import(args: argparse.Namespace) -> int:
    from autosend_mcp.cli.import_file import run
    from autosend_mcp.logs import configure_logging

    configure_logging("WARNING")
    autosend = _connect(args)
    gc.set_threshold(_NEW_OBJECTS)
    return run(autosend, args)


def _install(args: argparse.Namespace) -> int:
    from autosend_mcp.cli.install.install import run
    from autosend_mcp.cli.install.machine import this_machine

    return run(args, this_machine())


def _doctor(args: argparse.Namespace) -> int:
    from autosend_mcp.cli.doctor.doctor import run
    from autosend_mcp.cli.install.machine import this_machine
    from autosend_mcp.logs import configure_logging

    configure_logging("ERROR")
    return run(this_machine(), json=args.json)


def _completion(args: argparse.Namespace) -> int:
    from autosend_mcp.cli.completion import script
    from autosend_mcp.cli.flags import parser

    print(script(parser(), args.shell))
    return 0


def _token(args: argparse.Namespace) -> int:
    from autosend_mcp.cli.tokens import token

    return token(args)


_COMMANDS = {
    "serve": _serve,
    "call": _call,
    "completion": _completion,
    "demo": _demo,
    "doctor": _doctor,
    "import": _import,
    "install": _install,
    "sandbox": _sandbox,
    "token": _token,
}
