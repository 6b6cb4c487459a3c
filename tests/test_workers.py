"""The supervisor of several workers: what it does at signals, and with workers that die, hang or cannot start.

The workers are forks that say what they do, so that a test waits for events, not for time.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from autosend_mcp.server.http.worker import NOT_STARTED, SERVES, STARTS, answer
from autosend_mcp.server.http.workers import Workers
from tests.support.processes import FORKS, PATIENCE
from tests.support.sockets import unharmed

pytestmark = pytest.mark.slow

Said = tuple[str, int]


def serves(said: Connection, pipe: Connection) -> None:
    """Say so, answer, and say the end that it is asked for."""

    def end(_number: int, _frame: object) -> None:
        said.send(("leaves", os.getpid()))
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    said.send(("serves", os.getpid()))
    while pipe.recv_bytes():
        pipe.send_bytes(SERVES)


def starts_for_ever(said: Connection, pipe: Connection) -> None:
    said.send(("starts", os.getpid()))
    pipe.recv_bytes()
    signal.pause()


def never_leaves(said: Connection, pipe: Connection) -> None:
    """Serve, and hang when it is to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    starts_for_ever(said, pipe)


def fails(said: Connection, _pipe: Connection) -> None:
    said.send(("fails", os.getpid()))
    os._exit(NOT_STARTED)


def fails_later(said: Connection, there: "Iterable[str]", pipe: Connection) -> None:
    """Serve, but for those that are started once a file is there."""
    (fails if any(map(os.path.exists, there)) else serves)(said, pipe)


Told = Callable[[str], int]  # waits until a worker says this; returns its number


@contextmanager
def scripted(script: Callable[[Told], object], target: Callable[..., None], *given: object) -> Generator[Workers]:
    """Yield workers that do this, and follow the script beside them, until it has come to its end."""
    heard, said = FORKS.Pipe(duplex=False)
    failures, has_ended = list[BaseException](), list[bool]()

    def told(what: str) -> int:
        assert heard.poll(PATIENCE), f"no worker {what}"
        found: Said = heard.recv()
        assert found[0] == what, found
        return found[1]

    def follow() -> None:
        try:
            script(told)
        except BaseException as failure:  # noqa: BLE001 - raised in the test
            failures.append(failure)
            if not has_ended:
                os.kill(os.getpid(), signal.SIGTERM)

    following = Thread(target=follow, daemon=True)
    following.start()
    yield Workers(2, partial(target, said, *given), context=FORKS, tick=0.05, hangup_ends=False)
    has_ended.append(True)
    following.join(PATIENCE)
    assert not failures, failures
    assert not following.is_alive()


def ask(*numbers: int) -> None:
    for number in numbers:
        os.kill(os.getpid(), number)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_ends_workers_that_still_start(number: int) -> None:
    def script(told: Told) -> None:
        told("starts")
        told("starts")
        ask(number)

    with scripted(script, starts_for_ever) as workers:
        assert workers.run()


@pytest.mark.parametrize("numbers", [[signal.SIGTERM], [signal.SIGTERM] * 2, [signal.SIGINT] * 2])
def test_workers_that_hang_at_the_end_are_killed(numbers: list[int]) -> None:
    pids: list[int] = []

    def script(told: Told) -> None:
        pids.extend(told("starts") for _ in range(2))
        ask(*numbers)

    with scripted(script, never_leaves) as workers:
        assert workers.run()
    assert not any(map(is_there, pids))


@pytest.mark.parametrize("by", [signal.SIGSTOP, signal.SIGKILL])
def test_a_worker_that_hangs_or_dies_is_replaced(by: int, caplog: pytest.LogCaptureFixture) -> None:
    pids: list[int] = []

    def script(told: Told) -> None:
        pids.extend(told("serves") for _ in range(2))
        os.kill(pids[0], by)
        pids.append(told("serves"))
        ask(signal.SIGTERM)
        assert {told("leaves"), told("leaves")} == {*pids[1:]}

    with scripted(script, serves) as workers:
        assert workers.run()
    assert not any(map(is_there, pids))
    events = [record.message for record in caplog.records]
    assert events == ["worker_hangs"] * (by == signal.SIGSTOP) + ["worker_replaced"]


def test_a_hangup_replaces_the_workers_one_by_one() -> None:
    """Each is asked to leave only once another serves; what asks for logs to be opened again does nothing."""

    def script(told: Told) -> None:
        old = {told("serves"), told("serves")}
        ask(signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP)
        new = set[int]()
        for _ in range(2):
            new.add(told("serves"))
            old.remove(told("leaves"))
        assert not old
        ask(signal.SIGTERM)
        assert {told("leaves"), told("leaves")} == new

    with scripted(script, serves) as workers:
        assert workers.run()


def test_a_restart_whose_worker_cannot_start_keeps_the_others(tmp_path: Any, caplog: pytest.LogCaptureFixture) -> None:
    there = tmp_path / "there"

    def script(told: Told) -> None:
        old = {told("serves"), told("serves")}
        there.touch()
        ask(signal.SIGHUP)
        told("fails")
        there.unlink()
        ask(signal.SIGTTIN)
        assert told("serves") not in old
        assert all(map(is_there, old))
        ask(signal.SIGTERM)
        for _ in range(3):
            told("leaves")

    with scripted(script, fails_later, [str(there)]) as workers:
        assert workers.run()
    assert [record.message for record in caplog.records] == ["restart_given_up"]


def test_workers_are_added_and_taken_away() -> None:
    def script(told: Told) -> None:
        first = [told("serves"), told("serves")]
        ask(signal.SIGTTIN)
        third = told("serves")
        ask(signal.SIGTTOU)
        assert told("leaves") in first
        ask(signal.SIGTTOU)
        gone = told("leaves")
        ask(signal.SIGTTOU, signal.SIGTERM)  # the last one stays until the end
        assert {gone, told("leaves")} <= {*first, third}

    with scripted(script, serves) as workers:
        assert workers.run()


def test_workers_that_cannot_start_end_all() -> None:
    with scripted(lambda told: told("fails"), fails) as workers:
        assert not workers.run()


@pytest.mark.parametrize("started", [True, False])
def test_a_worker_answers_from_its_loop_and_ends_with_its_parent(started: bool) -> None:
    ours, theirs = FORKS.Pipe()
    ended = asyncio.Event()

    async def ask_and_leave() -> None:
        loop, server = asyncio.get_running_loop(), SimpleNamespace(started=started)
        signal.signal(signal.SIGTERM, lambda _number, _frame: loop.call_soon_threadsafe(ended.set))
        Thread(target=answer, args=(theirs, server, loop), daemon=True).start()
        ours.send_bytes(b"?")
        assert await asyncio.to_thread(ours.recv_bytes) == (SERVES if started else STARTS)
        ours.send_bytes(b"?")
        assert not ours.poll(0.2), "the loop is held up"
        assert await asyncio.to_thread(ours.recv_bytes)
        ours.close()
        await asyncio.wait_for(ended.wait(), PATIENCE)

    with unharmed():
        asyncio.run(ask_and_leave())
