"""How the command line is parsed: nearest names for what is misspelt, help within the width of the terminal."""

import argparse
import json
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from autosend_mcp.cli.exits import misplaced_key
from autosend_mcp.settings import Settings
from autosend_mcp.variables import variable_of

_DEFINITIONS = Path(__file__).parents[1] / "tools" / "definitions"
_CHOICE = re.compile(r"invalid choice: '([^']*)'")


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help whose paragraphs keep their line breaks where the terminal is wide enough for them."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        del indent  # the parser has none
        if max(map(len, text.splitlines())) <= width:
            return text.rstrip()
        paragraphs = re.sub(r"(?<=\S)\n(?=\S)", " ", text.replace(":\n", ":\v")).replace("\v", "\n")
        return "\n".join(_fitted(line, max(width, 11)) for line in paragraphs.splitlines())


def _fitted(line: str, width: int) -> str:
    """Return a line within the width; an example stays one that can be copied, with what it does below it."""
    if len(line) <= width:
        return line
    if not line.startswith("  "):
        return textwrap.fill(line, width)
    command, *effect = re.split(r" {2,}", line.strip(), maxsplit=1)
    parts = textwrap.wrap(command, width - 2, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False)
    return "\n".join(
        [" \\\n".join(parts), *(textwrap.indent(textwrap.fill(each, width - 6), " " * 6) for each in effect)]
    )


class Parser(argparse.ArgumentParser):
    """A parser that names what is nearest to a misspelt flag or subcommand. `more`: what its help has at its end."""

    def __init__(self, *args: Any, more: Callable[[], str] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._more = more
        self.commands: Mapping[str, Parser] = {}

    def format_help(self) -> str:
        """Return the help."""
        if self._more is not None:
            self.epilog = self._more()
        return super().format_help()

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Return the arguments; exit with the usage of the subcommand that a word is wrong for."""
        args, unknown = self.parse_known_args(argv)
        if not unknown:
            return args
        named = args.command in argv  # serving needs no name
        command, before = self.commands[args.command] if named else self, [*argv].index(unknown[0])
        if command is not self and before < [*argv].index(args.command):
            command = self
        flag = unknown[0].partition("=")[0]
        near = get_close_matches(flag, command.flags(), n=1, cutoff=0.6) or get_close_matches(flag, self.flags(), n=1)
        return command.error(f"unknown argument {unknown[0]!r}{_meant(near)}")

    def flags(self) -> list[str]:
        """Return the flags by name."""
        return re.findall(r"--[\w-]+", super().format_help())

    def actions(self) -> list[argparse.Action]:
        """Return the arguments, as argparse has them."""
        return self._actions

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message on stderr, with the nearest of the names for one that is none."""
        if found := _CHOICE.search(message):
            names = message.partition("(choose from ")[2].replace("'", "").rstrip(")").split(", ")
            message += _meant(get_close_matches(found[1], names, n=1, cutoff=0.5))
        super().error(misplaced_key(message))


def _meant(near: Sequence[str]) -> str:
    return f"; did you mean {near[0]}?" if near else ""


def tools_by_name() -> dict[str, str]:
    """Return the title of each tool by its name, from the definitions: importing the tools takes long."""
    read = (json.loads(file.read_bytes()) for file in sorted(_DEFINITIONS.glob("*.json")))
    return {tool["name"]: tool["title"] for tool in read}


def tools_listed() -> str:
    """Return a line for each tool."""
    titles = tools_by_name()
    width = max(map(len, titles))
    return "\n".join(["tools:", *(f"  {name:<{width}}  {title}" for name, title in titles.items())])


def variables_listed() -> str:
    """Return the variables of the settings, and where they are explained."""
    names = ", ".join(variable_of(field) for field in Settings.model_fields)
    return f"variables, which README.md explains:\n  {names}"


def http_variables_listed() -> str:
    """Return the variables of serving over HTTP, each with what it means, and those of every server."""
    from autosend_mcp.server.http.settings import HttpSettings

    fields = HttpSettings.model_fields.items()
    of_http = [f"  {variable_of(name)}  {(field.description or '').replace('`', '')}" for name, field in fields]
    of_all = variables_listed().replace("variables", "variables of every server", 1)
    traces = "traces: the variables of OpenTelemetry (OTEL_...), with the extra otel"
    return "\n".join(["variables over HTTP; a flag wins over its variable:", *of_http, "", of_all, "", traces])
