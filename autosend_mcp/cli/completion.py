"""`autosend-mcp completion`: what a shell needs to complete the command's words."""

from typing import Any

import shtab

from autosend_mcp.cli.parsing import Parser, tools_by_name

# The arguments that are names of files, by the name that argparse keeps them under.
_FILES = {"file", "key_file", "sandbox", "seed"}


def script(parser: Parser, shell: str) -> str:
    """Return the script that completes subcommands, flags, their values, hosts, tools and names of files."""
    for each in (parser, *parser.commands.values()):
        for action in each.actions():
            _extend(action)
    return shtab.complete(parser, shell)


def _extend(action: Any) -> None:
    if action.dest in _FILES:
        action.complete = shtab.FILE
    elif action.dest == "tool":
        action.choices = [*tools_by_name()]
