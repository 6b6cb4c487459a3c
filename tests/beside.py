"""Tests that run beside each other: each spends its time waiting, most for a child process to start or to end."""

from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from inspect import iscoroutinefunction
from typing import Any, cast

import anyio
import pytest

Scenario = Callable[..., Awaitable[None] | None]
Case = tuple[Any, ...]

_POOL = ThreadPoolExecutor(24)  # enough for all of a file
_SCENARIOS: dict[object, Scenario] = {}
_BEGUN: dict[tuple[Scenario, Case], Future[None]] = {}


def beside(*cases: Case) -> Callable[[Scenario], Callable[..., None]]:
    """Make a test of a function that takes no fixtures, and of the cases that are its arguments.

    The first such test of a file begins all of them that were selected, each in a thread, a coroutine function in an
    event loop of its own. Each is reported where it stands, as any other test. Not for tests that log in this process:
    the log belongs to the test that happens to be running.
    """
    ids = ["-".join(map(str, case)) for case in cases] or [pytest.HIDDEN_PARAM]

    def test_of(scenario: Scenario) -> Callable[..., None]:
        @pytest.mark.parametrize("case", cases or [()], ids=ids)
        def test(case: Case, request: pytest.FixtureRequest) -> None:
            _begin(cast("Any", request))
            _BEGUN[scenario, case].result()

        _SCENARIOS[test] = scenario
        return test

    return test_of


def _begin(request: Any) -> None:
    for item in request.session.items:
        if item.module is request.module and (scenario := _SCENARIOS.get(item.function)):
            case: Case = item.callspec.params["case"]
            if (scenario, case) not in _BEGUN:
                _BEGUN[scenario, case] = _POOL.submit(_run, scenario, case)


def _run(scenario: Scenario, case: Case) -> None:
    if iscoroutinefunction(scenario):
        anyio.run(scenario, *case)
    else:
        scenario(*case)
