"""What every test stands on: no AUTOSEND_* variables, the asyncio backend, a faulty AutoSend on loopback."""

import os
from collections.abc import AsyncGenerator

import pytest

from tests.faulty import Faulty, faulty_autosend

for name in [name for name in os.environ if name.startswith("AUTOSEND_")]:
    del os.environ[name]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["2026-07-28", "legacy"])
def era(request: pytest.FixtureRequest) -> str:
    """Both protocol eras: the mode a client connects with."""
    return request.param


@pytest.fixture
async def faulty() -> AsyncGenerator[Faulty]:
    async with faulty_autosend() as server:
        yield server
