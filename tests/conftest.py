"""What every test stands on: no AUTOSEND_* variables, the asyncio backend, a faulty AutoSend on loopback."""

import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from hypothesis import settings

from tests.support import examples
from tests.support.clock import JumpingLoop

# The process that hands the tests to others reads this file too, and needs no SDK for that.
if TYPE_CHECKING:
    from tests.support.faulty import Faulty
    from tests.support.line import Line
    from tests.support.redis import RedisServer

# Rewriting the asserts of all tests makes millions of objects, none of them garbage.
gc.disable()

# Child processes inherit it: started below nohup, they would stay when a test sends them SIGHUP.
if os.name == "posix":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# httpx2 tries to import it for each request to an ASGI app, which is slow where it is not installed.
loaded: dict[str, Any] = sys.modules
loaded.setdefault("sniffio", None)

# No result depends on how fast the machine is.
settings.register_profile("no deadline", settings.default, deadline=None)
settings.load_profile("no deadline")

for name in [name for name in os.environ if name.startswith(("AUTOSEND_", "OTEL_"))]:
    del os.environ[name]


class _Kept(logging.Handler):
    """Keeps what our logger writes."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Check that no key, no address and no traceback is in what any test makes us log, at DEBUG.

    Take away the log handlers of a command that ran in it: they write to a stderr that is gone. A fixture for each of
    these would cost more than many a test.
    """
    root, ours, kept = logging.getLogger(), logging.getLogger("autosend_mcp"), _Kept()
    handlers, level = [*root.handlers], ours.level
    ours.addHandler(kept)
    ours.setLevel("DEBUG")
    try:
        result = yield
    finally:
        ours.removeHandler(kept)
        ours.setLevel(level)
        for handler in [*root.handlers]:
            if handler not in handlers:
                root.removeHandler(handler)
    _nothing_leaks(kept.records)
    return result


def _nothing_leaks(records: list[logging.LogRecord]) -> None:
    from tests.support.worlds import KEY

    for record in records:
        if record.name == "autosend_mcp":
            logged = f"{record.getMessage()} {record.__dict__.get('fields')}"
            assert KEY not in logged
            assert "@" not in logged
            assert record.exc_info is None


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    """Return the backend of every coroutine that is tested: a loop on which waiting costs nothing."""
    return "asyncio", {"loop_factory": JumpingLoop}


def _named(config: pytest.Config) -> bool:
    return any("::" in name or name.endswith(".py") for name in config.args)


def pytest_configure(config: pytest.Config) -> None:
    """Run what is named on the command line also if it is slow."""
    if _named(config) and config.option.markexpr == "not evidence and not slow":
        config.option.markexpr = "not evidence"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run what is named on the command line in this process; all tests on every core."""
    return 0 if _named(config) else os.cpu_count() or 1


def pytest_collection_finish() -> None:
    """Collect garbage from now on, less often, and not among what was there before the first test."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    gc.enable()


ERAS = ["2026-07-28", "legacy"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Connect with each of both protocol eras; in a run of all tests by hand, with one of them, by the test's name."""
    if "era" in metafunc.fixturenames:
        both = _named(metafunc.config) or examples.TIMES > 1
        metafunc.parametrize("era", ERAS if both else [ERAS[crc32(metafunc.definition.nodeid.encode()) % 2]])


@pytest.fixture
async def faulty() -> AsyncGenerator["Faulty"]:
    from tests.support.faulty import faulty_autosend

    async with faulty_autosend() as server:
        yield server


@pytest.fixture
def line() -> Generator["Line"]:
    from tests.support.line import Line, empty_sandbox

    sandbox = empty_sandbox()
    yield Line(sandbox)
    sandbox.close()


@pytest.fixture
def redis() -> Generator["RedisServer"]:
    from tests.support.redis import redis_server

    with redis_server() as server:
        yield server
