"""Draw docs/import.svg: what a terminal shows of an import, halfway and at its end, from a run on a pseudo-terminal.

    .venv/bin/python manifests/import_picture.py

It takes half a minute and shows how long that took, so that nothing compares it.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

import httpx2
from rich.padding import Padding
from rich.text import Text

from manifests.pages import ROOT
from manifests.pictures import WIDTH, window

_COMMAND = "autosend-mcp import people.csv --list Newsletter"
_ROWS = 2_400
_HALFWAY = re.compile(r"sending:\s+5[0-9]%")


def write_people(file: Path) -> None:
    """Write rows of new contacts mostly; some have no valid address, some have that of another row."""
    with file.open("w", encoding="utf-8") as out:
        out.write("E-Mail;First name;Plan;Trial ends\n")
        for number in range(_ROWS):
            email = f"person{number}@example.com"
            if number % 400 == 9:
                email = f"person{number}"
            if number % 300 == 8:
                email = f"Person{number - 1}@Example.com"
            plan = "free" if number % 300 in {7, 8} else ("free", "pro")[number % 2]
            out.write(f"{email};Pat;{plan};2027-03-0{1 if number % 300 in {7, 8} else number % 9 + 1}\n")


def seed(url: str) -> None:
    """Create some of the contacts before, with the expected values or with another plan."""
    headers = {"Authorization": "Bearer AS_sandbox"}
    for numbers, plan in ((range(100, 200), None), (range(1_000, 1_090), "old")):
        contacts = [
            {
                "email": f"person{n}@example.com",
                "firstName": "Pat",
                "customFields": {"plan": plan or ("free", "pro")[n % 2], "trialEnds": f"2027-03-0{n % 9 + 1}"},
            }
            for n in numbers
        ]
        httpx2.post(f"{url}/contacts/bulk-update", json={"contacts": contacts}, headers=headers).raise_for_status()


class Screen:
    """The lines of a terminal that knows carriage returns, line feeds and nothing else."""

    def __init__(self) -> None:
        self.lines = [""]
        self._column = 0

    def feed(self, text: str) -> None:
        """Write text to it."""
        for char in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text):
            if char == "\r":
                self._column = 0
            elif char == "\n":
                self.lines.append("")
                self._column = 0
            else:
                line = self.lines[-1].ljust(self._column)
                self.lines[-1] = line[: self._column] + char + line[self._column + 1 :]
                self._column += 1

    def shown(self) -> list[str]:
        """Return the lines as they can be seen."""
        return [line.rstrip() for line in self.lines]


def record(folder: Path, url: str) -> tuple[list[str], list[str]]:
    """Return the screen halfway, and at the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, WIDTH, 0, 0))
    settings = {"AUTOSEND_BASE_URL": url, "AUTOSEND_API_KEY": "AS_sandbox"}
    command = [sys.executable, "-m", "autosend_mcp", *_COMMAND.split()[1:]]
    process = subprocess.Popen(command, cwd=folder, env=os.environ | settings, stdout=theirs, stderr=theirs)
    os.close(theirs)
    screen, halfway = Screen(), list[str]()
    while True:
        try:
            read = os.read(ours, 65_536)
        except OSError:  # the other end is closed
            break
        for part in re.split(r"(?=\r)", read.decode()):
            screen.feed(part)
            if not halfway and _HALFWAY.search(screen.lines[-1]):
                halfway = screen.shown()
    process.wait()
    return halfway, [line for line in screen.shown() if line or screen.lines.index(line)]


def draw(halfway: list[str], end: list[str]) -> str:
    """Return the picture: the screen halfway, and the lines that stand in place of the bar at the end."""
    return window(
        "terminal",
        "An import in a terminal: the progress bar halfway, and the summary at its end",
        Text(f"$ {_COMMAND}", "bold"),
        *map(_shown, halfway),
        Text("At the end, in place of the bar:", "blue"),
        *map(_shown, end[len(halfway) - 1 :]),
    )


def _shown(line: str) -> Padding:
    """Return the line, its indentation not as spaces: some viewers leave those out."""
    text = line.lstrip()
    return Padding(Text(text, "white"), (0, 0, 0, len(line) - len(text)))


def main() -> None:
    """Run the import on a sandbox of its own, and write the picture."""
    sandbox = subprocess.Popen(
        [
            *(sys.executable, "-m", "autosend_mcp", "sandbox", "--port", "0", "--list", "Newsletter"),
            *("--field", "plan:string", "--field", "trialEnds:date"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if sandbox.stdout is None or (url := re.search(r"http\S+", sandbox.stdout.readline())) is None:
            raise SystemExit("the sandbox does not start")
        seed(url[0])
        with tempfile.TemporaryDirectory() as scratch:
            write_people(Path(scratch) / "people.csv")
            frames = record(Path(scratch), url[0])
    finally:
        sandbox.terminate()
        sandbox.wait()
    (ROOT / "docs/import.svg").write_text(draw(*frames), encoding="utf-8")


if __name__ == "__main__":
    main()
