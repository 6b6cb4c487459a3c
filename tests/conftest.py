"""What every test stands on: no AUTOSEND_* variables, the asyncio backend, a faulty AutoSend on loopback."""

import gc
import logging
import os
import sys
from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.clock import JumpingLoop

# The process that hands the tests to others reads this file too, and needs no SDK for that.
if TYPE_CHECKING:
    from tests.support.faulty import Faulty

# Rewriting the asserts of all tests makes millions of objects, none of them garbage.
gc.disable()

# httpx2 tries to import it for each request to an ASGI app, which is slow where it is not installed.
loaded: dict[str, Any] = sys.modules
loaded.setdefault("sniffio", None)

for name in [name for name in os.environ if name.startswith("AUTOSEND_")]:
    del os.environ[name]


@pytest.fixture(autouse=True)
def nothing_leaks_into_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Check that no key, no address and no traceback is in what any test makes us log, at DEBUG."""
    from tests.support.worlds import KEY

    caplog.set_level("DEBUG", logger="autosend_mcp")
    yield
    for record in caplog.get_records("call"):
        if record.name == "autosend_mcp":
            logged = f"{record.getMessage()} {record.__dict__.get('fields')}"
            assert KEY not in logged
            assert "@" not in logged
            assert record.exc_info is None


@pytest.fixture(autouse=True)
def the_log_ends_with_the_test() -> Iterator[None]:
    """Take away the log handlers of a command that ran here: they write to a stderr that is gone."""
    root = logging.getLogger()
    before = [*root.handlers]
    yield
    for handler in [*root.handlers]:
        if handler not in before:
            root.removeHandler(handler)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    """Return the backend of every coroutine that is tested: a loop on which waiting costs nothing."""
    return "asyncio", {"loop_factory": JumpingLoop}


def _named(config: pytest.Config) -> bool:
    return any("::" in name or name.endswith(".py") for name in config.args)


def pytest_configure(config: pytest.Config) -> None:
    """Run what is named on the command line also if it starts child processes."""
    if _named(config) and config.option.markexpr == "not evidence and not process":
        config.option.markexpr = "not evidence"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run what is named on the command line in this process; all tests on every core."""
    return 0 if _named(config) else os.cpu_count() or 1


def pytest_collection_finish() -> None:
    """Collect garbage from now on, but not among what was there before the first test."""
    gc.freeze()
    gc.enable()


@pytest.fixture(params=["2026-07-28", "legacy"])
def era(request: pytest.FixtureRequest) -> str:
    """Return the mode a client connects with: each of both protocol eras."""
    return request.param


@pytest.fixture
async def faulty() -> AsyncGenerator["Faulty"]:
    from tests.support.faulty import faulty_autosend

    async with faulty_autosend() as server:
        yield server
