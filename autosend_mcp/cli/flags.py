"""The words of the command line: its subcommands, their flags, and the help for each."""

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Any

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

_IMPORT_HELP = """\
Create or change a contact for each row of a CSV, TSV or JSONL file, up to a million and more. Encoding, delimiter and
columns are detected and shown. Every row is validated before anything is sent, rows that are as asked already are not
sent, and a lost reply is looked up. Killed, it goes on with the same command. Live automations of the lists start for
those who are new in them.

examples:
  autosend-mcp import people.csv --list Newsletter --dry-run       see what would be done
  autosend-mcp import people.csv --map "E-Mail=email" --map "Notes="
  autosend-mcp import people.jsonl --create-fields --json

Beside the file: people.report.csv (an outcome for each row), people.rejected.csv (rows to mend and feed in again), and
people.csv.journal while it is not finished.

exit code: 0 every row as asked, 1 not every one, 2 nothing was sent, 3 stopped halfway: run it again to go on
"""

_DEMO_HELP = """\
Start the server as a child process over the sandbox, connect a real MCP client, and show a contact being created,
a misspelt field, the same address again, and the contact changed. Needs no key and no network.

examples:
  autosend-mcp demo

exit code: 0 every answer was as promised, 1 one was not
"""


def parser() -> argparse.ArgumentParser:
    """All of it; `command` says which subcommand was asked for, "serve" without one."""
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
        help="offer these, separated by commas: contacts,lists,fields (default), suppressions, imports",
    )
    parser.set_defaults(command="serve")
    commands = parser.add_subparsers(title="subcommands", metavar="{call,demo,import,sandbox}")

    call = commands.add_parser("call", help="call one tool from the shell", **_raw(_CALL_HELP))
    call.add_argument("--json", action="store_true", help="print the raw MCP result")
    _add_sandbox(call)
    call.add_argument("tool", help="name of the tool")
    call.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments; --json and --sandbox may follow too")
    call.set_defaults(command="call")

    demo = commands.add_parser("demo", help="see the server work, without a key", **_raw(_DEMO_HELP))
    demo.set_defaults(command="demo")

    importing = commands.add_parser("import", help="create or change contacts from a file", **_raw(_IMPORT_HELP))
    _add_import_flags(importing)
    importing.set_defaults(command="import")

    sandbox = commands.add_parser("sandbox", help="serve a local AutoSend over HTTP", **_raw(_SANDBOX_HELP))
    _add_sandbox_flags(sandbox)
    sandbox.set_defaults(command="sandbox")
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
        type=sandbox_file,
        metavar="FILE",
        help="work on a local AutoSend, in memory or kept in FILE",
    )


def _add_import_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="CSV, TSV or JSONL (.jsonl)")
    repeatable: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument("--list", metavar="NAME", help="contact list to join, by name or id; repeatable", **repeatable)
    parser.add_argument(
        "--map", metavar="COLUMN=FIELD", help="what a column is; an empty FIELD leaves it out; repeatable", **repeatable
    )
    for flag, told in (
        ("--dry-run", "send nothing; show what would be done"),
        ("--create-fields", "define the custom fields that AutoSend does not know, with the type of their values"),
        ("--run-workflow", "start the automations that watch for changed values"),
        ("--restart", "begin anew instead of going on with an import of this file that was interrupted"),
        ("--json", "print events, a JSON object a line"),
    ):
        parser.add_argument(flag, action="store_true", help=told)
    parser.add_argument("--encoding", help="of the file, such as cp1251 (default: detected)")
    parser.add_argument("--delimiter", help='between cells, such as ";" or tab (default: detected)')
    _add_sandbox(parser)


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


def sandbox_file(text: str) -> str:
    """A file name that cannot be taken for a tool, a subcommand or an argument."""
    if text and ("@" in text or text.startswith(("{", "-")) or not Path(text).suffix):
        raise argparse.ArgumentTypeError(f"{text!r} is no file name with an ending, such as contacts.sqlite3")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)
