"""`autosend-mcp import` in this process, over the sandbox of a test."""

import io
import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anyio import to_thread
from anyio.from_thread import start_blocking_portal

from autosend_mcp.cli.main import main
from tests.support.importing import csv_of
from tests.support.line import Forward, Line, Loss, empty_sandbox
from tests.support.port import on_a_port
from tests.support.worlds import KEY

STOPPING = "stopping: waiting for the answers to what was sent. Press Ctrl-C again to stop at once.\n"
INTERRUPTED = "autosend-mcp: interrupted. Run the same command again to go on\n"


@contextmanager
def commanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[Line]:
    """Yield a sandbox that the command in this process works with, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    line = Line(empty_sandbox())
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(on_a_port(line)) as url:
        monkeypatch.setenv("AUTOSEND_API_KEY", KEY)
        monkeypatch.setenv("AUTOSEND_BASE_URL", url)
        monkeypatch.setenv("AUTOSEND_RATE_LIMIT", "100000")
        monkeypatch.setenv("AUTOSEND_TIMEOUT", "9")  # what waits for a time, waits for a fifth of it
        yield line
    line.sandbox.close()


def once(done: Callable[[], None]) -> Loss:
    """Return a fault that does this in a thread before it forwards the request."""

    async def answer(forward: Forward) -> httpx2.Response:
        await to_thread.run_sync(done)
        return await forward()

    return answer


def write(rows: list[dict[str, Any]], name: str = "people.csv") -> None:
    Path(name).write_bytes(csv_of(rows))


def printed(capsys: pytest.CaptureFixture[str], *words: str, code: int) -> tuple[str, str]:
    """Return what the command says on stdout and on stderr."""
    assert main(["import", *words]) == code
    out, err = capsys.readouterr()
    assert KEY not in out + err
    assert "Traceback" not in err
    return out, without_progress(err)


def without_progress(err: str) -> str:
    """Return the text without the lines on how far it is, which an import of more than 5 s prints."""
    return re.sub(r"^(reading: [\d,]+ rows|[\d,]+ of [\d,]+ rows, [\d,]+ a second.*)\n", "", err, flags=re.MULTILINE)


class Screen(io.StringIO):
    """A terminal, or a file, that says when something stands on it."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal
        self._news = threading.Condition()

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str, /) -> int:
        with self._news:
            self._news.notify_all()
            return super().write(text)

    def wait_for(self, text: str) -> None:
        with self._news:
            assert self._news.wait_for(lambda: text in self.getvalue(), 20)
