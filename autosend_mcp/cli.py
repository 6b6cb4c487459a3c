"""The command. Each subcommand imports what it needs itself, so that serving starts with nothing else loaded."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from autosend_mcp.exits import failed, failed_with, flushed, usage

_HELP = """\
An MCP server for AutoSend contacts. Without a subcommand it serves MCP on stdin and stdout.

examples:
  AUTOSEND_API_KEY=... autosend-mcp             serve the real API
  autosend-mcp --sandbox                        serve a local AutoSend, in memory
  autosend-mcp --sandbox contacts.sqlite3       the same, kept in a file
  autosend-mcp --read-only --toolsets contacts  offer a part of the tools
  autosend-mcp demo                             see it work, without a key
  autosend-mcp call create_contact --sandbox --email jane@example.com
"""

_CALL_HELP = """\
Call one tool and print its answer. Arguments are --name value pairs, or one JSON object.

examples:
  autosend-mcp call create_contact --email jane@example.com --firstName Jane --customFields '{"plan":"pro"}'
  autosend-mcp call create_contact '{"email":"jane@example.com"}' --json
  autosend-mcp call create_contact --help       the tool and its arguments

exit code: 0 done, 1 the tool answered with an error, 2 wrong usage, 3 the command itself failed
"""

_SANDBOX_HELP = """\
Serve a local AutoSend over HTTP on loopback, for any AutoSend client. Nothing leaves this machine.

examples:
  autosend-mcp sandbox --port 8025 --list Newsletter --segment "Active users" --exists-status 400
  autosend-mcp sandbox --field plan:string --automation plan:free:pro --unsubscribe jane@example.com:Blog
  curl -s http://127.0.0.1:8025/sandbox/automations    the automations started so far, and their mails
"""

_DEMO_HELP = """\
Start the server as a child process over the sandbox, connect a real MCP client, and show a contact being created,
a misspelt field, the same address again, and the contact changed. Needs no key and no network.

examples:
  autosend-mcp demo

exit code: 0 every answer was as promised, 1 one was not
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    args = _parser().parse_args(argv)
    try:
        return flushed(args.run(args))
    except KeyboardInterrupt:
        return failed("interrupted", 130)
    except Exception as bug:  # noqa: BLE001 - never a traceback
        return failed_with(bug)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="autosend-mcp", **_raw(_HELP))
    parser.add_argument("--version", action="version", version=f"autosend-mcp {version('autosend-mcp')}")
    _add_sandbox(parser)
    parser.add_argument(
        "--read-only", action="store_true", default=argparse.SUPPRESS, help="offer only tools that change nothing"
    )
    parser.add_argument(
        "--toolsets",
        default=argparse.SUPPRESS,
        metavar="NAMES",
        help="offer these, separated by commas: contacts,lists,fields (default), suppressions",
    )
    parser.set_defaults(run=_serve)
    commands = parser.add_subparsers(title="subcommands", metavar="{call,demo,sandbox}")

    call = commands.add_parser("call", help="call one tool from the shell", **_raw(_CALL_HELP))
    call.add_argument("--json", action="store_true", help="print the raw MCP result")
    _add_sandbox(call)
    call.add_argument("tool", help="name of the tool")
    call.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments; --json and --sandbox may follow too")
    call.set_defaults(run=_call)

    demo = commands.add_parser("demo", help="see the server work, without a key", **_raw(_DEMO_HELP))
    demo.set_defaults(run=_demo)

    sandbox = commands.add_parser("sandbox", help="serve a local AutoSend over HTTP", **_raw(_SANDBOX_HELP))
    _add_sandbox_flags(sandbox)
    sandbox.set_defaults(run=_sandbox)
    return parser


def _raw(description: str) -> dict[str, Any]:
    """A parser's options for a description that keeps its line breaks."""
    return {
        "description": description,
        "formatter_class": argparse.RawDescriptionHelpFormatter,
        "allow_abbrev": False,
    }


def _add_sandbox(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sandbox",
        nargs="?",
        const="",
        default=argparse.SUPPRESS,
        type=_sandbox_file,
        metavar="FILE",
        help="work on a local AutoSend, in memory or kept in FILE",
    )


def _add_sandbox_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=_port, default=8025, help="port on 127.0.0.1; 0 for any (default 8025)")
    parser.add_argument("--file", help="SQLite file to keep the records in (default: in memory)")
    parser.add_argument("--no-rate-limit", action="store_true", help="do not limit a key to 2 requests a second")
    parser.add_argument("--webhook", default="", metavar="URL", help="send contact events to this loopback URL")
    parser.add_argument("--webhook-secret", default="whsec_sandbox", help="signs them (whsec_sandbox)")
    for flag, metavar, told in (
        ("--list", "NAME", "seed a contact list"),
        ("--segment", "NAME", "seed a segment"),
        ("--field", "NAME:TYPE", "seed a custom field: string, number, boolean or date"),
        ("--suppress", "ADDRESS", "an address that gets no mail at all"),
        ("--unsubscribe", "ADDRESS:GROUP", "an address that opted out of a group, by the group's name"),
        ("--automation", "PROPERTY[:FROM:TO]", "an automation that a changed property starts; empty is any value"),
    ):
        parser.add_argument(flag, action="append", default=[], metavar=metavar, help=f"{told}; repeatable")
    for flag, known, told in (
        ("--exists-status", (409, 400, 422), "status of 'already exists'"),
        ("--lists-key", ("contacts", "lists"), "key of the lists in GET /contact-lists"),
        ("--upsert-rule", ("merge", "replace"), "what an upsert does to what it does not name"),
        ("--unknown-fields", ("create", "keep", "ignore", "refuse"), "custom fields that are not defined"),
    ):
        parser.add_argument(flag, type=type(known[0]), choices=known, default=known[0], help=f"{told} ({known[0]})")


def _serve(args: argparse.Namespace) -> int:
    import anyio

    from autosend_mcp.logs import configure_logging
    from autosend_mcp.stdio import serve_stdio

    if sys.stdin is None or sys.stdout is None:
        return usage("stdin and stdout must be open: MCP is spoken over them")
    autosend = _connect(args)
    configure_logging(autosend.settings.log_level)
    anyio.run(serve_stdio, autosend)
    return 0


def _call(args: argparse.Namespace) -> int:
    from autosend_mcp.logs import configure_logging
    from autosend_mcp.shell import UsageError, call, describe
    from autosend_mcp.tools.toolset import TOOLS

    configure_logging("WARNING")
    try:
        words = _own_flags(args)
    except argparse.ArgumentTypeError as error:
        return usage(f"call: {error}")
    if words in (["--help"], ["-h"]) and args.tool in TOOLS:
        print(describe(TOOLS[args.tool].definition))
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
            args.sandbox = _sandbox_file(rest.pop(0)) if rest and not rest[0].startswith(("-", "{")) else ""
        elif word.startswith("--sandbox="):
            args.sandbox = _sandbox_file(word.partition("=")[2])
        else:
            words.append(word)
            if word.startswith("--") and "=" not in word and rest:
                words.append(rest.pop(0))
    return words


def _demo(_args: argparse.Namespace) -> int:
    from autosend_mcp.demo import demo

    return demo()


def _sandbox(args: argparse.Namespace) -> int:
    from autosend_mcp.sandbox.command import run

    return usage(f"sandbox: {why_not}") if (why_not := run(args)) else 0


def _connect(args: argparse.Namespace) -> Any:
    from autosend_mcp.connect import connect
    from autosend_mcp.server import offered_tools
    from autosend_mcp.settings import SettingsError

    given = {name: getattr(args, name) for name in ("read_only", "toolsets") if name in args}
    try:
        autosend = connect(getattr(args, "sandbox", None), **given)
        offered_tools(autosend.settings)
    except (SettingsError, OSError) as error:
        sys.exit(usage(str(error)))
    return autosend


def _sandbox_file(text: str) -> str:
    """A file name that cannot be taken for a tool, a subcommand or an argument."""
    if text and ("@" in text or text.startswith(("{", "-")) or not Path(text).suffix):
        raise argparse.ArgumentTypeError(f"{text!r} is no file name with an ending, such as contacts.sqlite3")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)
