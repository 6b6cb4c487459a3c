"""Signals while `autosend-mcp import` runs: what has left is settled, and the next run goes on."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from autosend_mcp.sandbox.app import PROJECT
from tests.support.import_command import INTERRUPTED, STOPPING, Screen, commanded, once, printed, write
from tests.support.importing import people
from tests.support.line import Line, forwarded
from tests.support.requests import BULK


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Line]:
    with commanded(monkeypatch, tmp_path) as line:
        yield line


@pytest.mark.parametrize("terminal", [True, False])
def test_a_signal_lets_what_has_left_be_settled(terminal: bool, here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(terminal=terminal)

    def interrupted() -> None:
        if terminal:
            screen.wait_for("sending:")
        os.kill(os.getpid(), signal.SIGINT)
        screen.wait_for(STOPPING)

    here.lose(BULK, once(interrupted), forwarded)
    write(people(3))
    with redirect_stderr(screen):
        printed(capsys, "people.csv", code=130)
    assert screen.getvalue().endswith(STOPPING + INTERRUPTED)
    assert len(here.sandbox.store.contacts.find(PROJECT, [row["email"] for row in people(3)])) == 3
    out, _ = printed(capsys, "people.csv", code=0)
    assert "3 rows, 0 to go" in out
    assert here.count(BULK) == 1


def test_a_signal_while_the_file_is_read_sends_nothing(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(terminal=False)

    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        screen.wait_for(STOPPING)

    here.lose("GET /contact-properties", once(interrupted), forwarded)
    write(people(3))
    with redirect_stderr(screen):
        printed(capsys, "people.csv", code=130)
    assert screen.getvalue() == STOPPING + "autosend-mcp: interrupted while reading; nothing was sent\n"
    assert here.count(BULK) == 0


def test_two_signals_wait_for_nothing(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    released = threading.Event()
    screen = Screen(terminal=False)

    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        screen.wait_for(STOPPING)
        os.kill(os.getpid(), signal.SIGTERM)
        assert released.wait(20)

    here.lose(BULK, once(interrupted), forwarded)
    write(people(3))
    with redirect_stderr(screen):
        printed(capsys, "people.csv", code=130)
    assert screen.getvalue() == STOPPING + INTERRUPTED
    released.set()
    out, _ = printed(capsys, "people.csv", code=0)
    assert "created                3" in out
    assert here.count(BULK) in {1, 2}
    assert len(here.sandbox.store.contacts.find(PROJECT, [row["email"] for row in people(3)])) == 3
