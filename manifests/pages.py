"""Bring the output that the pages show in step with what their commands print.

A block of `sh` is a command, a block of `text` right below it is its output. A comment right above a block says what
else there is to know:

    <!-- not run: WHY -->                        above a command that is not run here
    <!-- exit code: 1 -->                        above a command that ends with this code instead of 0
    <!-- output: COMMAND, from "A" to "B" -->    above output whose command is not shown: what COMMAND prints, from the
                                                 line that begins with A up to the one that begins with B
    <!-- measured: HOW -->                       above figures, which nobody expects to be the same again
    <!-- drawn -->                               above a text that is no output
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from autosend_mcp.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
COMMAND = ".venv/bin/autosend-mcp"

_BLOCK = re.compile(r"^(?:<!-- ([^\n]+) -->\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HIDDEN = re.compile(r'output: (.+), from "(.+)" to "(.+)"')
_CODE = re.compile(r"exit code: (\d+)")

# What differs from run to run.
_CHANGING = [
    (r"\b[0-9a-f]{24}\b", "ID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|\+00:00)", "TIME"),
    (r'"address": "[0-9a-f]{12}"', "HASH"),
    (r'"ms": \d+', "MS"),
]


class Block(NamedTuple):
    """A fenced block of a page, with the comment right above it, and where its text begins and its fence ends."""

    comment: str
    language: str
    text: str
    begin: int
    end: int

    @property
    def is_run(self) -> bool:
        """True for a command that is run here."""
        return self.language == "sh" and not self.comment.startswith("not run: ")


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, in their order."""
    return [Block(found[1] or "", found[2], found[3], found.start(3), found.end()) for found in _BLOCK.finditer(page)]


def pages_below(root: Path) -> list[str]:
    """Return the paths of the pages, relative to `root`."""
    return sorted(path.relative_to(root).as_posix() for path in (*root.glob("*.md"), *root.glob("docs/*.md")))


def refreshed(page: str) -> str:
    """Return the page with the output that its commands print now; what differs in ids and times only is left.

    Raises:
        SystemExit: A command ends with another code than the page says.
    """
    outputs: list[tuple[Block, str]] = []
    with _folder():
        above: tuple[int, str] | None = None
        for block in blocks(page):
            if block.is_run:
                above = block.end, run(block)
            elif (printed := _output(block, above, page)) is not None and normalized(printed) != normalized(block.text):
                outputs.append((block, printed))
    for block, printed in reversed(outputs):
        page = page[: block.begin] + printed.strip("\n") + "\n" + page[block.begin + len(block.text) :]
    return page


def normalized(text: str) -> str:
    """Return the text with everything replaced that differs from run to run."""
    for pattern, name in _CHANGING:
        text = re.sub(pattern, name, text)
    return text.strip("\n")


@cache
def printed_by(command: str) -> str:
    """Return what a command prints that needs no other before it."""
    with _folder():
        return run(Block("", "sh", command, 0, 0))


def run(block: Block) -> str:
    """Run the lines of a command in this folder and return what they print, on stdout and stderr.

    Raises:
        SystemExit: They end with another code than the comment above them says, or 0.
    """
    expected = int(found[1]) if (found := _CODE.fullmatch(block.comment)) else 0
    printed = StringIO()
    *others, last = block.text.strip().replace("\\\n", "").splitlines()
    codes = [*(_run_line(line, printed) for line in others), _run_line(last, printed)]
    if codes != [*(0 for _ in others), expected]:
        sys.exit(f"these end with {codes}, not with {expected}:\n{block.text}{printed.getvalue()}")
    return printed.getvalue()


def _output(block: Block, above: tuple[int, str] | None, page: str) -> str | None:
    """Return what a block should show, None for one that is no output."""
    if block.language != "text":
        return None
    if hidden := _HIDDEN.fullmatch(block.comment):
        return _part(printed_by(hidden[1]), hidden[2], hidden[3])
    return above[1] if above and page[above[0] : block.begin] == "\n\n```text\n" else None


def _part(printed: str, first: str, last: str) -> str:
    """Return the lines from the one that begins with `first` up to the next that begins with `last`."""
    between = re.search(rf"^{re.escape(first)}.*?(?=^{re.escape(last)})", printed, re.MULTILINE | re.DOTALL)
    return between[0] if between else sys.exit(f"no line from {first!r} to {last!r} in:\n{printed}")


def _run_line(line: str, printed: StringIO) -> int:
    """Run the line, our own command in this process: to start another takes ten times as long."""
    words = shlex.split(line)
    names = [word for word in words if "=" not in word]
    if names[0] != COMMAND:
        done = subprocess.run(["bash", "-ec", line], capture_output=True, text=True, timeout=60, check=False)
        printed.write((done.stdout + done.stderr).replace("\ufeff", ""))  # of a CSV file; nobody sees it
        return done.returncode
    given = words[: words.index(COMMAND)]
    with redirect_stdout(printed), redirect_stderr(printed), _variables(dict(word.split("=", 1) for word in given)):
        try:
            return main(words[len(given) + 1 :])
        except SystemExit as ended:
            return int(ended.code or 0)


@contextmanager
def _folder() -> Generator[None]:
    """Work in a folder of its own, with the files that the pages name."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "docs").mkdir()
        for name in ("people.csv", "customers.csv"):
            shutil.copy(ROOT / "docs" / name, Path(folder) / "docs")
        with chdir(folder):
            yield


@contextmanager
def _variables(given: dict[str, str]) -> Generator[None]:
    """Set these variables and a fast pace, unset all others of AUTOSEND_*; have help of the same width everywhere."""
    before = dict(os.environ)
    for name in [name for name in before if name.startswith("AUTOSEND_")]:
        del os.environ[name]
    os.environ.update({"COLUMNS": "100", "AUTOSEND_RATE_LIMIT": "1000", **given})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
