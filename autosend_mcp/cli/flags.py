"""The command line: its subcommands, their flags, and the help of each."""

import argparse
import re
from collections.abc import Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

from autosend_mcp.cli.help_texts import CALL_HELP, COMPLETION_HELP, DEMO_HELP, DOCTOR_HELP, HELP, SANDBOX_HELP
from autosend_mcp.cli.http_flags import SERVE_HELP, TOKENS_HELP, add_serve_flags, add_token_flags
from autosend_mcp.cli.import_flags import IMPORT_HELP, add_import_flags
from autosend_mcp.cli.install_flags import INSTALL_HELP, add_install_flags
from autosend_mcp.cli.parsing import Formatter, Parser, http_variables_listed, tools_listed, variables_listed
from autosend_mcp.settings import DEFAULT_TOOLSETS, TOOLSETS

_SET = (
    "set a switch of docs/sandbox.md, such as created_status=201; wins over the other flags, and these win over the "
    "variable AUTOSEND_SANDBOX_<NAME>"
)


def parser() -> Parser:
    """Return the parser of the whole command line. `command` is the subcommand, "serve" without one."""
    parser = Parser(prog="autosend-mcp", more=variables_listed, **_described(HELP))
    parser.add_argument("--version", action="version", version=f"autosend-mcp {version('autosend-mcp')}")
    _add_sandbox(parser)
    _add_offer(parser, f"default: {','.join(DEFAULT_TOOLSETS)}")
    commands = parser.add_subparsers(title="subcommands", dest="command", metavar="COMMAND")
    parser.set_defaults(command="serve")
    call = commands.add_parser(
        "call",
        help="call one tool from the shell",
        usage="autosend-mcp call TOOL ...",
        more=tools_listed,
        **_described(CALL_HELP),
    )
    _add_call_flags(call)
    call.add_argument("tool", nargs="?", help="name of the tool")
    call.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments; --json and --sandbox may follow too")
    commands.add_parser("demo", help="see the server work, without a key", **_described(DEMO_HELP))
    file = commands.add_parser(
        "import",
        help="create or change contacts from a file",
        usage="autosend-mcp import [flags] FILE",
        **_described(IMPORT_HELP),
    )
    add_import_flags(file)
    _add_sandbox(file)
    _add_hosts(commands)
    _add_sandbox_flags(
        commands.add_parser(
            "sandbox",
            help="serve a local AutoSend over HTTP",
            usage="autosend-mcp sandbox [flags]",
            **_described(SANDBOX_HELP),
        )
    )
    _add_completion(commands)
    _add_http(commands)
    parser.commands = commands.choices
    return parser


def _add_hosts(commands: Any) -> None:
    """Add what puts the server into hosts, and what finds out why it does not work there."""
    install = commands.add_parser(
        "install",
        help="put the server into a host",
        usage="autosend-mcp install HOST [flags]",
        **_described(INSTALL_HELP),
    )
    add_install_flags(install)
    _add_sandbox(install)
    _add_offer(install, f"default: {','.join(DEFAULT_TOOLSETS)}")
    doctor = commands.add_parser(
        "doctor",
        help="find what is wrong, and what fixes it",
        usage="autosend-mcp doctor [--json]",
        **_described(DOCTOR_HELP),
    )
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")


def _add_completion(commands: Any) -> None:
    completion = commands.add_parser(
        "completion", help="print what completes words in a shell", **_described(COMPLETION_HELP)
    )
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), metavar="SHELL", help="bash, zsh or fish")


def _add_http(commands: Any) -> None:
    """Add what serves many people over HTTP, and what makes their tokens."""
    serve = commands.add_parser(
        "serve",
        help="serve MCP, also over HTTP",
        usage="autosend-mcp serve [--http HOST:PORT] [flags]",
        more=http_variables_listed,
        **_described(SERVE_HELP),
    )
    add_serve_flags(serve)
    _add_sandbox(serve)
    _add_offer(serve, f"default: {','.join(DEFAULT_TOOLSETS)}")
    token = commands.add_parser(
        "token",
        help="make, list and revoke tokens for serving over HTTP",
        usage="autosend-mcp token create|list|revoke [NAME] [flags]",
        **_described(TOKENS_HELP),
    )
    add_token_flags(token)


def tool_words(args: argparse.Namespace) -> list[str]:
    """Return the words after the tool's name that are its arguments; put the flags among them into `args`.

    Raises:
        ArgumentError: --sandbox is given something that is no file name.
    """
    ours = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    _add_call_flags(ours)
    return ours.parse_known_args(apart(args.arguments), args)[1]


def apart(words: Sequence[str]) -> list[str]:
    """Return the words with --sandbox apart from a word behind it that is no file: a tool, a subcommand, JSON."""
    return [
        "--sandbox=" if word == "--sandbox" and following and _is_no_file(following) else word
        for word, following in pairwise([*words, ""])
    ]


def _is_no_file(word: str) -> bool:
    return word.startswith("{") or word == "-" or re.fullmatch(r"[a-z]+(_[a-z]+)*", word) is not None


def _described(description: str) -> dict[str, Any]:
    """Return a parser's options for a description that keeps its line breaks."""
    return {
        "description": description,
        "formatter_class": Formatter,
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
    parser.add_argument(
        "--sandbox-sample",
        action="store_true",
        default=argparse.SUPPRESS,
        help="as --sandbox, with three contacts, a list, a segment and two fields in it",
    )


def _add_offer(parser: argparse.ArgumentParser, usual: str) -> None:
    # Without a flag its variable counts, so that there is no default here.
    parser.add_argument(
        "--read-only", action="store_true", default=argparse.SUPPRESS, help="offer only tools that change nothing"
    )
    parser.add_argument(
        "--toolsets",
        default=argparse.SUPPRESS,
        metavar="NAMES",
        help=f"offer these toolsets: {', '.join(TOOLSETS)} ({usual})",
    )


def _add_call_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the MCP result as it is")
    _add_sandbox(parser)
    _add_offer(parser, "default: all of them")


def _add_sandbox_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=_port, default=7363, help="port, or 0 for a free one (default: 7363)")
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="listen on this address (default: 127.0.0.1)"
    )
    parser.add_argument("--file", help="keep the records in this SQLite file (default: in memory)")
    parser.add_argument("--sample", action="store_true", help="add three contacts, a list, a segment and two fields")
    parser.add_argument("--no-rate-limit", action="store_true", help="allow a key more than 2 requests a second")
    _add_webhook(parser)
    for flag, metavar, effect in (
        ("--seed", "FILE", "add what this file of JSON holds, as GET /sandbox/state shows it"),
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


def _add_webhook(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--webhook", metavar="URL", help="send contact events to this loopback URL")
    parser.add_argument(
        "--webhook-secret",
        metavar="SECRET",
        help="sign the events with this secret (default: whsec_sandbox)",
    )


def _sandbox_file(text: str) -> str:
    """Return a file name, if it cannot be mistaken for a tool, a subcommand or an argument."""
    if text and ("@" in text or text.startswith(("{", "-")) or not Path(text).suffix):
        raise argparse.ArgumentTypeError(f"{text!r} is no file name with an ending, such as contacts.sqlite3")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)
