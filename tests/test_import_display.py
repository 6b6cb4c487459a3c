"""How far an import is: a bar on a terminal, lines elsewhere, and events of JSON."""

import json
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from autosend_mcp.cli.import_display import Bar, Events, Lines
from autosend_mcp.imports.journal_rows import PendingRow
from autosend_mcp.imports.progress import Progress
from tests.support.import_command import STOPPING, Screen, commanded, once, printed, write
from tests.support.importing import people
from tests.support.line import Line, forwarded
from tests.support.requests import BULK
from tests.support.worlds import KEY


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Line]:
    with commanded(monkeypatch, tmp_path) as line:
        yield line


def test_a_terminal_shows_a_bar_while_it_sends(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(terminal=True)
    here.lose(BULK, once(lambda: screen.wait_for("/150")), forwarded)
    write(people(150))
    with redirect_stderr(screen):
        out, _ = printed(capsys, "people.csv", code=0)
    assert "sending:" in screen.getvalue()
    assert KEY not in screen.getvalue() + out
    assert "@" not in screen.getvalue() + out


def so_far(settled: int = 0, total: int = 10_000, ago: float = 100) -> Progress:
    """Return how far an import is that began so many seconds ago, of which so many rows have become something."""
    progress = Progress()
    progress.read = total
    progress.begin({"": total}, 0)
    progress.count([PendingRow(number, "", "{}", "created") for number in range(settled)], 0)
    progress.began -= ago
    return progress


@pytest.mark.anyio
async def test_elsewhere_a_line_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    reading = Progress(read=1_234)
    defining = Progress(stage="defining fields", fields=["plan"], fields_needed=2)
    for one in (reading, defining, so_far(), so_far(5_000), so_far(5_000, ago=100_000), so_far(10_000)):
        lines.show_progress(one)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "reading: 1,234 rows",
        "defining fields: 1 of 2",
        "0 of 10,000 rows, 0 a second",
        "5,000 of 10,000 rows, 50 a second, 0:01:40 left",
        "5,000 of 10,000 rows, 0 a second, 1 day, 3:46:40 left",
        "10,000 of 10,000 rows, 100 a second",
    ]


@pytest.mark.anyio
async def test_the_events_say_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Events().show_progress(so_far(5_000))
    event = json.loads(capsys.readouterr().out)
    assert event | {"rowsPerSecond": 50} == {
        "event": "progress", "stage": "sending", "read": 10_000, "rows": 10_000, "settled": 5_000,
        "counts": {"created": 5_000}, "rowsPerSecond": 50, "secondsLeft": 100,
    }  # fmt: skip


@pytest.mark.anyio
async def test_a_bar_is_drawn_for_each_stage_and_leaves_nothing_behind(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar()
    bar.show_progress(Progress(read=1_234))
    bar.show_progress(so_far(5_000))
    bar.show_progress(so_far(6_000))
    bar.show_stopping()
    bar.say("done")
    bar.say("again")
    out, err = capsys.readouterr()
    assert out == "done\nagain\n"
    assert "reading: 1234 rows" in err
    assert "5000/10000" in err
    assert "6000/10000" in err
    assert err.rpartition("\r")[2] == STOPPING
