"""What the workers of one server share in Redis; with a true redis-server, which is stopped and started again."""

from collections.abc import Generator

import pytest

from autosend_mcp.settings import SettingsError
from tests.support.line import Line, empty_sandbox
from tests.support.redis import RedisServer, redis_server
from tests.support.serving import served


@pytest.fixture
def line() -> Generator[Line]:
    sandbox = empty_sandbox()
    yield Line(sandbox)
    sandbox.close()


@pytest.fixture
def redis() -> Generator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_worker_is_ready_while_redis_can_be_reached(line: Line, redis: RedisServer) -> None:
    async with (
        served(line, http={"redis_url": redis.url.replace("127", "ana:pass-word@127")}) as app,
        app.http() as http,
    ):
        refused = await http.get("/ready")  # by its password
    assert (refused.status_code, "pass-word" in refused.text) == (503, False)
    async with served(line, http={"redis_url": redis.url}) as app, app.http() as http:
        for start, status in ((None, 200), (redis.stop, 503), (redis.start, 200)):
            if start:
                start()
            ready = await http.get("/ready")
            assert ready.status_code == status
            assert len(ready.json()["problems"]) == (status != 200)


@pytest.mark.anyio
@pytest.mark.parametrize("url", ["10.0.0.1:6379", "http://secret@127.0.0.1"])
async def test_a_wrong_url_of_redis_is_named_by_its_variable(line: Line, url: str) -> None:
    with pytest.raises(SettingsError, match="AUTOSEND_REDIS_URL") as raised:
        async with served(line, http={"redis_url": url}):
            pass
    assert url not in str(raised.value)
