"""The command line: its subcommands, their flags, and the help of each."""

import argparse
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

from autosend_mcp.cli.import_flags import IMPORT_HELP, add_import_flags
from autosend_mcp.settings import DEFAULT_TOOLSETS, TOOLSETS

_HELP = """\
An MCP server for AutoSend contacts. Without a subcommand it serves MCP on stdin and stdout.

examples:
  AUTOSEND_API_KEY=AS_... autosend-mcp          serve your AutoSend project
  autosend-mcp --sandbox                        serve a local AutoSend, kept in memory
  autosend-mcp --sandbox contacts.sqlite3       serve a local AutoSend, kept in a file
  autosend-mcp --read-only --toolsets contacts  offer only the contact tools that change nothing
  autosend-mcp demo                             see it work, without a key
  autosend-mcp call create_contact --sandbox --email jane@example.com
"""

_CALL_HELP = """\
Call one tool and print its answer. Give the tool's arguments as --name value pairs, or as one JSON object.

examples:
  autosend-mcp call create_contact --email jane@example.com --firstName Jane --dryRun true
  autosend-mcp call create_contact '{"email":"jane@example.com"}' --json
  autosend-mcp call create_contact --help       describe the tool and its arguments

exit code: 0 done, 1 the tool answered with an error, 2 wrong usage, 3 the command itself failed, 130 interrupted
"""

_SANDBOX_HELP = """\
Serve a local AutoSend over HTTP on 127.0.0.1, for any AutoSend client. Nothing leaves this machine.

examples:
  autosend-mcp sandbox --list Newsletter --segment "Active users" --exists-status 400
  autosend-mcp sandbox --field plan:string --automation plan:free:pro --unsubscribe jane@example.com:Blog
  curl -s http://127.0.0.1:7363/sandbox/automations    list the automations started so far, and their mails
"""

_DEMO_HELP = """\
Start the server as a child process over the sandbox, connect a real MCP client, and show a contact being created,
a misspelt field, the same address again, and the contact changed. Needs no key and no network.

examples:
  autosend-mcp demo

exit code: 0 all answers were as promised, 1 an answer was not
"""


_SET = (
    "set a switch of docs/sandbox.md, such as created_status=201; wins over the other flags, and these win over the "
    "variable AUTOSEND_SANDBOX_<NAME>"
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line. `command` is the subcommand, "serve" without one."""
    parser = argparse.ArgumentParser(prog="autosend-mcp", **_described(_HELP))
    parser.add_argument("--version", action="version", version=f"autosend-mcp {version('autosend-mcp')}")
    _add_sandbox(parser)
    # Without a flag its variable counts, so that there is no default here.
    parser.add_argument(
        "--read-only", action="store_true", default=argparse.SUPPRESS, help="offer only tools that change nothing"
    )
    parser.add_argument(
        "--toolsets",
        default=argparse.SUPPRESS,
        metavar="NAMES",
        help=f"offer these toolsets: {', '.join(TOOLSETS)} (default: {','.join(DEFAULT_TOOLSETS)})",
    )
    commands = parser.add_subparsers(title="subcommands", dest="command")
    parser.set_defaults(command="serve")
    call = commands.add_parser("call", help="call one tool from the shell", **_described(_CALL_HELP))
    _add_call_flags(call)
    call.add_argument("tool", help="name of the tool")
    call.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments; --json and --sandbox may follow too")
    commands.add_parser("demo", help="see the server work, without a key", **_described(_DEMO_HELP))
    file = commands.add_parser("import", help="create or change contacts from a file", **_described(IMPORT_HELP))
    add_import_flags(file)
    _add_sandbox(file)
    _add_sandbox_flags(
        commands.add_parser("sandbox", help="serve a local AutoSend over HTTP", **_described(_SANDBOX_HELP))
    )
    return parser


def tool_words(args: argparse.Namespace) -> list[str]:
    """Return the words after the tool's name that are its arguments; put --json and --sandbox among them into `args`.

    Raises:
        ArgumentError: --sandbox is given something that is no file name.
    """
    ours = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    _add_call_flags(ours)
    # A JSON object after --sandbox is the arguments, not a file.
    words = [
        "--sandbox=" if word == "--sandbox" and following.startswith("{") else word
        for word, following in pairwise([*args.arguments, ""])
    ]
    return ours.parse_known_args(words, args)[1]


def _described(description: str) -> dict[str, Any]:
    """Return a parser's options for a description that keeps its line breaks."""
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
        default=argparse.SUPPRESS,  # a default of the subcommand would hide the flag before it
        type=_sandbox_file,
        metavar="FILE",
        help="work on a local AutoSend, kept in memory or in FILE",
    )


def _add_call_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the MCP result as it is")
    _add_sandbox(parser)


def _add_sandbox_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=_port, default=7363, help="port on 127.0.0.1, or 0 for a free one (default: 7363)"
    )
    parser.add_argument("--file", help="keep the records in this SQLite file (default: in memory)")
    parser.add_argument("--no-rate-limit", action="store_true", help="allow a key more than 2 requests a second")
    parser.add_argument("--webhook", default="", metavar="URL", help="send contact events to this loopback URL")
    parser.add_argument(
        "--webhook-secret", default="whsec_sandbox", help="sign the events with this secret (default: whsec_sandbox)"
    )
    for flag, metavar, effect in (
        ("--list", "NAME", "create a contact list"),
        ("--segment", "NAME", "create a segment"),
        ("--list-in-use", "NAME", "create an automation for who joins this list, which then cannot be deleted"),
        ("--allow-host", "NAME", "answer as this host too, besides 127.0.0.1, localhost and [::1]"),
        ("--field", "NAME:TYPE", "define a custom field of type string, number, boolean or date"),
        ("--suppress", "ADDRESS", "suppress all mail to an address"),
        ("--unsubscribe", "ADDRESS:GROUP", "let an address opt out of a suppression group, created if needed"),
        (
            "--automation",
            "PROPERTY[:FROM:TO]",
            "create an automation that starts when a property changes; without FROM when it comes to be TO. Or any, "
            "as AutoSend's API writes it: a JSON object, or @FILE with one or an array",
        ),
        ("--set", "NAME=VALUE", _SET),
    ):
        parser.add_argument(flag, action="append", default=[], metavar=metavar, help=f"{effect}; repeatable")
    for flag, choices, what in (
        ("--error-shape", ("object", "flat", "errors", "title", "array"), "documented shape of errors"),
        ("--exists-status", (409, 400), "HTTP status of 'already exists'"),
        ("--lists-key", ("lists", "contacts"), "key of the lists in GET /contact-lists"),
        ("--upsert-rule", ("merge", "replace"), "what an upsert does to fields that it does not name"),
        (
            "--unknown-fields",
            ("create", "keep", "ignore", "refuse"),
            "what happens to custom fields that are not defined",
        ),
    ):
        usual = choices[0]
        parser.add_argument(flag, type=type(usual), choices=choices, help=f"{what} (default: {usual})")


def _sandbox_file(text: str) -> str:
    """Return a file name, if it cannot be mistaken for a tool, a subcommand or an argument."""
    if text and ("@" in text or text.startswith(("{", "-")) or not Path(text).suffix):
        raise argparse.ArgumentTypeError(f"{text!r} is no file name with an ending, such as contacts.sqlite3")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)
