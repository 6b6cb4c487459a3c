"""The command. Each subcommand imports what it needs itself, so that serving starts with nothing else loaded."""

import argparse
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any, NoReturn

from autosend_mcp.cli.exits import at_once, failed, failed_with, flushed, usage
from autosend_mcp.cli.flags import parser, sandbox_file


def run() -> NoReturn:
    """The command as a process."""
    at_once(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    args = parser().parse_args(argv)
    try:
        return flushed(_COMMANDS[args.command](args))
    except KeyboardInterrupt:
        return failed("interrupted", 130)
    except Exception as bug:  # noqa: BLE001 - never a traceback
        return failed_with(bug)


def _serve(args: argparse.Namespace) -> int:
    import anyio

    from autosend_mcp.logs import configure_logging
    from autosend_mcp.server.stdio import serve_stdio

    if sys.stdin is None or sys.stdout is None:
        return usage("stdin and stdout must be open: MCP is spoken over them")
    autosend = _connect(args)
    configure_logging(autosend.settings.log_level)
    anyio.run(serve_stdio, autosend)
    return 0


def _call(args: argparse.Namespace) -> int:
    from autosend_mcp.cli.call import UsageError, call, describe
    from autosend_mcp.logs import configure_logging
    from autosend_mcp.server.app import ALL_TOOLS

    configure_logging("WARNING")
    try:
        words = _own_flags(args)
    except argparse.ArgumentTypeError as error:
        return usage(f"call: {error}")
    if words in (["--help"], ["-h"]) and args.tool in ALL_TOOLS:
        print(describe(ALL_TOOLS[args.tool].definition))
        return 0
    try:
        return call(_connect(args), args.tool, words, raw=args.json)
    except UsageError as error:
        return usage(f"call: {error}")
    except KeyboardInterrupt:
        return failed("interrupted. If its request had left, it may have been applied: call again to find out", 130)


def _own_flags(args: argparse.Namespace) -> list[str]:
    """Move --json and --sandbox, where they follow the tool's name, from its arguments to ours."""
    words: list[str] = []
    rest = list(args.arguments)
    while rest:
        word = rest.pop(0)
        if word == "--json":
            args.json = True
        elif word == "--sandbox":
            args.sandbox = sandbox_file(rest.pop(0)) if rest and not rest[0].startswith(("-", "{")) else ""
        elif word.startswith("--sandbox="):
            args.sandbox = sandbox_file(word.partition("=")[2])
        else:
            words.append(word)
            if word.startswith("--") and "=" not in word and rest:
                words.append(rest.pop(0))
    return words


def _demo(_args: argparse.Namespace) -> int:
    from autosend_mcp.cli.demo import demo

    return demo()


def _sandbox(args: argparse.Namespace) -> int:
    from autosend_mcp.cli.sandbox import run

    return usage(f"sandbox: {why_not}") if (why_not := run(args)) else 0


def _connect(args: argparse.Namespace) -> Any:
    from autosend_mcp.cli.connect import connect
    from autosend_mcp.server.app import offered_tools
    from autosend_mcp.settings import SettingsError

    given = {name: getattr(args, name) for name in ("read_only", "toolsets") if name in args}
    try:
        autosend = connect(getattr(args, "sandbox", None), **given)
        offered_tools(autosend.settings)
    except (SettingsError, OSError) as error:
        sys.exit(usage(str(error)))
    return autosend


def _import(args: argparse.Namespace) -> int:
    from autosend_mcp.cli.import_file import run
    from autosend_mcp.logs import configure_logging

    configure_logging("WARNING")
    return run(_connect(args), args)


_COMMANDS = {"serve": _serve, "call": _call, "demo": _demo, "sandbox": _sandbox, "import": _import}
