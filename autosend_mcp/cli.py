"""The command. Each subcommand imports what it needs, so that serving starts with nothing else loaded."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

_HELP = """\
An MCP server for AutoSend contacts. Without a subcommand it serves MCP on stdin and stdout.

examples:
  AUTOSEND_API_KEY=... autosend-mcp             serve the real API
  autosend-mcp --sandbox                        serve a local AutoSend, in memory
  autosend-mcp --sandbox contacts.sqlite3       the same, kept in a file
  autosend-mcp demo                             see it work, without a key
  autosend-mcp call create_contact --sandbox --email jane@example.com
"""

_CALL_HELP = """\
Call one tool and print its answer. Arguments are --name value pairs, or one JSON object.

examples:
  autosend-mcp call create_contact --email jane@example.com --firstName Jane --customFields '{"plan":"pro"}'
  autosend-mcp call create_contact '{"email":"jane@example.com"}' --json
  autosend-mcp call create_contact --help       the tool and its arguments

exit code: 0 done, 1 the tool answered with an error, 2 wrong usage
"""

_SANDBOX_HELP = """\
Serve a local AutoSend over HTTP on loopback, for any AutoSend client. Nothing leaves this machine.

examples:
  autosend-mcp sandbox --port 8025
  autosend-mcp sandbox --port 8025 --list Newsletter --segment "Active users" --exists-status 400
  curl -s http://127.0.0.1:8025/v1/contacts -H 'Authorization: Bearer AS_sandbox' \\
    -H 'Content-Type: application/json' -d '{"email":"jane@example.com"}'
"""

_DEMO_HELP = """\
Start the server as a child process over the sandbox, connect a real MCP client, and show a contact being created,
a misspelt field, and the same address again. Needs no key and no network.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="autosend-mcp", **_raw(_HELP))
    parser.add_argument("--version", action="version", version=f"autosend-mcp {version('autosend-mcp')}")
    _add_sandbox(parser)
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
    sandbox.add_argument("--port", type=int, default=8025, help="port on 127.0.0.1; 0 picks a free one (default 8025)")
    sandbox.add_argument("--file", help="SQLite file to keep the records in (default: in memory)")
    sandbox.add_argument("--list", action="append", default=[], metavar="NAME", help="seed a contact list; repeatable")
    sandbox.add_argument("--segment", action="append", default=[], metavar="NAME", help="seed a segment; repeatable")
    sandbox.add_argument(
        "--exists-status", type=int, choices=(400, 409, 422), default=409, help="status of 'already exists' (409)"
    )
    sandbox.add_argument("--no-rate-limit", action="store_true", help="do not limit a key to 2 requests a second")
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
        metavar="FILE",
        help="work on a local AutoSend, in memory or kept in FILE",
    )


def _serve(args: argparse.Namespace) -> int:
    import anyio  # noqa: PLC0415 - as all imports below: only what the subcommand needs

    from autosend_mcp.logs import configure_logging  # noqa: PLC0415
    from autosend_mcp.stdio import serve_stdio  # noqa: PLC0415

    autosend = _connect(args)
    configure_logging(autosend.settings.log_level)
    anyio.run(serve_stdio, autosend)
    return 0


def _call(args: argparse.Namespace) -> int:
    from autosend_mcp.call import UsageError, call, describe  # noqa: PLC0415
    from autosend_mcp.logs import configure_logging  # noqa: PLC0415
    from autosend_mcp.tools.toolset import TOOLS  # noqa: PLC0415

    configure_logging("WARNING")
    words = _own_flags(args)
    if words in (["--help"], ["-h"]) and args.tool in TOOLS:
        print(describe(TOOLS[args.tool].definition))
        return 0
    try:
        return call(_connect(args), args.tool, words, raw=args.json)
    except UsageError as error:
        return _usage(f"call: {error}")


def _own_flags(args: argparse.Namespace) -> list[str]:
    """Move --json and --sandbox, where they follow the tool's name, from its arguments to ours."""
    words: list[str] = []
    rest = list(args.arguments)
    while rest:
        word = rest.pop(0)
        if word == "--json":
            args.json = True
        elif word == "--sandbox":
            args.sandbox = rest.pop(0) if rest and not rest[0].startswith(("-", "{")) else ""
        elif word.startswith("--sandbox="):
            args.sandbox = word.partition("=")[2]
        else:
            words.append(word)
            if word.startswith("--") and "=" not in word and rest:
                words.append(rest.pop(0))
    return words


def _demo(_args: argparse.Namespace) -> int:
    from autosend_mcp.demo import demo  # noqa: PLC0415

    return demo()


def _sandbox(args: argparse.Namespace) -> int:
    from autosend_mcp.sandbox.app import Options  # noqa: PLC0415
    from autosend_mcp.sandbox.serve import serve  # noqa: PLC0415

    options = Options(
        exists_status=args.exists_status,
        rate_limit=0 if args.no_rate_limit else 2,
        known_lists_only=bool(args.list or args.segment),
    )
    try:
        serve(args.port, args.file, options, lists=args.list, segments=args.segment)
    except OSError as error:
        return _usage(f"sandbox: {error.strerror or error}")
    return 0


def _connect(args: argparse.Namespace) -> Any:
    from autosend_mcp.connect import connect  # noqa: PLC0415
    from autosend_mcp.settings import SettingsError  # noqa: PLC0415

    try:
        return connect(getattr(args, "sandbox", None))
    except (SettingsError, OSError) as error:
        sys.exit(_usage(str(error)))


def _usage(message: str) -> int:
    print(f"autosend-mcp: {message}", file=sys.stderr)
    return 2
