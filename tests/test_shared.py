"""What the workers of one server share in Redis; with a true redis-server, which is stopped and started again."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult, InputRequiredResult

from autosend_mcp.logs import configure_logging
from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.settings import SettingsError
from tests.support.line import Forward, Line, applied_then_silence, forwarded
from tests.support.redis import RedisServer, connection, redis_server, until
from tests.support.serving import Served, served
from tests.support.worlds import KEY, answer_of, error_of


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


JANE = {"email": "jane@example.com", "firstName": "Jane"}
CREATES = "POST /contacts"
ANA = "ana-of-the-team"


@asynccontextmanager
async def two_workers(
    line: Line, redis: RedisServer, tmp_path: Path, **more: Any
) -> AsyncGenerator[tuple[Client, Client, Served]]:
    """Yield a client of ana's at each of two workers, and the second worker."""
    http = {"redis_url": redis.url, "state_key": "the same in all workers, 32 letters"}
    async with served(line, tmp_path, http) as first, served(line, tmp_path, http) as second:
        ana = first.tokens.create(ANA)
        async with first.client(ana, **more) as one, second.client(ana, **more) as other:
            yield one, other, second


@pytest.mark.slow
@pytest.mark.anyio
async def test_an_identical_call_at_another_worker_joins(line: Line, redis: RedisServer, tmp_path: Path) -> None:
    begun, go_on = anyio.Event(), anyio.Event()

    async def held(forward: Forward) -> httpx2.Response:
        begun.set()
        await go_on.wait()
        return await forward()

    line.lose(CREATES, held)
    answers: dict[str, Any] = {}
    async with two_workers(line, redis, tmp_path) as (one, other, _), anyio.create_task_group() as tasks:

        async def create(name: str, client: Client) -> None:
            answers[name] = answer_of(await client.call_tool("create_contact", JANE))

        tasks.start_soon(create, "first", one)
        await begun.wait()
        tasks.start_soon(create, "second", other)
        await anyio.sleep(0.3)  # Redis is asked in true time
        go_on.set()
    assert line.count(CREATES) == 1
    assert answers["first"]["undo"] == answers["second"]["undo"]
    assert "nothing was sent twice" in str(answers["second"]["notes"])


async def is_joined(redis: RedisServer) -> bool:
    """Return whether a second caller waits for a write."""
    async with connection(redis) as client:
        return any([await client.hexists(name, "joined") async for name in client.scan_iter("autosend-mcp:write:*")])


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_write_in_flight_is_joined_after_redis_has_forgotten_it(
    line: Line, redis: RedisServer, tmp_path: Path
) -> None:
    begun, go_on = anyio.Event(), anyio.Event()

    async def held(forward: Forward) -> httpx2.Response:
        begun.set()
        await go_on.wait()
        return await forward()

    line.lose(CREATES, held)
    answers: dict[str, Any] = {}
    async with two_workers(line, redis, tmp_path) as (one, other, second), anyio.create_task_group() as tasks:

        async def create(name: str, client: Client) -> None:
            answers[name] = await client.call_tool("create_contact", JANE)

        tasks.start_soon(create, "first", one)
        await begun.wait()
        redis.stop()
        redis.start()
        async with second.http() as http:
            while (await http.get("/ready")).status_code != 200:  # the second worker sees it first
                pass
        tasks.start_soon(create, "second", other)
        with anyio.fail_after(20):
            while line.count(CREATES) == 1 and not await is_joined(redis):  # noqa: ASYNC110 - see until
                await anyio.sleep(0.05)
        go_on.set()
    assert line.count(CREATES) == 1
    assert "nothing was sent twice" in str(answer_of(answers["second"])["notes"])


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_write_that_ends_while_redis_is_gone_is_known_to_have_ended(line: Line, tmp_path: Path) -> None:
    begun, go_on = anyio.Event(), anyio.Event()

    async def held(forward: Forward) -> httpx2.Response:
        begun.set()
        await go_on.wait()
        return await forward()

    line.lose(CREATES, held, forwarded)
    with redis_server(durable=True) as redis:
        async with two_workers(line, redis, tmp_path) as (one, other, _):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one.call_tool, "create_contact", JANE)
                await begun.wait()
                redis.stop()
                go_on.set()
            redis.start()
            await anyio.sleep(1.5)  # until the workers have looked
            again = error_of(await other.call_tool("create_contact", JANE))
    assert "exists" in again
    assert "a worker that has ended since" not in again


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_write_whose_worker_died_is_looked_into(line: Line, redis: RedisServer, tmp_path: Path) -> None:
    line.lose(CREATES, applied_then_silence, forwarded)
    async with two_workers(line, redis, tmp_path) as (one, other, _), anyio.create_task_group() as tasks:
        tasks.start_soon(one.call_tool, "create_contact", JANE)
        await until(lambda: line.count(CREATES) == 1)
        async with connection(redis) as client:  # as ten seconds without the first worker do
            leases = [name async for name in client.scan_iter("autosend-mcp:lease:*")]
            assert await client.delete(*leases) == 1
        error = error_of(await other.call_tool("create_contact", JANE))
        assert "exists" in error
        assert "a worker that has ended since" in error
        tasks.cancel_scope.cancel()


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_cancelled_write_is_told_to_another_worker(line: Line, redis: RedisServer, tmp_path: Path) -> None:
    begun, go_on = anyio.Event(), anyio.Event()

    async def held(forward: Forward) -> httpx2.Response:
        begun.set()
        await go_on.wait()
        return await forward()

    line.lose(CREATES, held, forwarded)
    async with two_workers(line, redis, tmp_path) as (one, other, _):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.call_tool, "create_contact", JANE)
            await begun.wait()
            tasks.cancel_scope.cancel()
        go_on.set()
        await until(lambda: bool(line.sandbox.store.contacts.all(PROJECT)))
        await anyio.sleep(0.2)
        assert "ran again" in error_of(await other.call_tool("create_contact", JANE))


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_write_is_undone_once_by_any_worker(line: Line, redis: RedisServer, tmp_path: Path) -> None:
    answers: list[Any] = []
    async with two_workers(line, redis, tmp_path) as (one, other, second):
        undo = answer_of(await one.call_tool("create_contact", JANE))["undo"]
        assert undo in (await other.read_resource("autosend://writes")).contents[0].text  # type: ignore[union-attr]
        async with second.client(second.tokens.create("ben")) as ben:
            assert "knows no write" in error_of(await ben.call_tool("undo", {"write": undo}))

        async def take_back(client: Client, confirm: str) -> None:
            answers.append(answer_of(await client.call_tool("undo", {"write": undo, "confirm": confirm})))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(take_back, one, JANE["email"])
            tasks.start_soon(take_back, other, JANE["email"] + " ")  # not identical, so that it does not join
        assert "undone" in (await one.read_resource("autosend://writes")).contents[0].text  # type: ignore[union-attr]
    assert sorted(answer["outcome"] for answer in answers) == ["unchanged", "undone"]
    assert line.count("DELETE /contacts") == 1


@pytest.mark.slow
@pytest.mark.anyio
async def test_an_answer_counts_once_at_any_worker(line: Line, redis: RedisServer, tmp_path: Path) -> None:
    deletion: dict[str, Any] = {"emails": [JANE["email"]], "confirm": JANE["email"]}
    yes: dict[str, Any] = {"confirm": ElicitResult(action="accept")}

    async def nobody(_context: Any, _params: Any) -> ElicitResult:
        raise AssertionError

    async with two_workers(line, redis, tmp_path, elicitation_callback=nobody) as (one, other, second):

        async def delete(client: Client, state: str | None) -> Any:
            return await client.session.call_tool(
                "delete_contacts", deletion, request_state=state, input_responses=yes if state else None,
                allow_input_required=True,
            )  # fmt: skip

        answer_of(await one.call_tool("create_contact", JANE))
        asked = await delete(one, None)
        assert isinstance(asked, InputRequiredResult)
        async with second.client(second.tokens.create("ben"), elicitation_callback=nobody) as ben:
            with pytest.raises(MCPError):  # he was not asked
                await delete(ben, asked.request_state)
        assert answer_of(await delete(other, asked.request_state))["outcome"] == "deleted"
        answer_of(await one.call_tool("create_contact", JANE))
        assert isinstance(await delete(one, asked.request_state), InputRequiredResult)


@pytest.mark.slow
@pytest.mark.anyio
async def test_without_redis_reads_go_on_and_writes_wait(
    line: Line, redis: RedisServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with two_workers(line, redis, tmp_path) as (one, _, _):
        undo = answer_of(await one.call_tool("create_contact", JANE))["undo"]
        redis.stop()
        configure_logging("INFO")
        again = {"email": JANE["email"], "firstName": "Ann"}
        error = error_of(await one.call_tool("upsert_contact", again))
        assert "Nothing was sent" in error
        assert "Redis" in error
        assert "Redis" in error_of(await one.call_tool("undo", {"write": undo}))
        refused = [logged for logged in map(json.loads, capsys.readouterr().err.splitlines()) if "tool" in logged]
        assert [logged["tool"] for logged in refused] == ["upsert_contact", "undo"]
        for logged in refused:
            about = {"level": "WARNING", "event": "call", "principal": ANA, "outcome": "not_sent", "writes": 0}
            assert logged.items() >= about.items()
            assert "Redis" in logged["why"]
        assert answer_of(await one.call_tool("get_contact", {"email": JANE["email"]}))["firstName"] == "Jane"
        assert answer_of(await one.call_tool("upsert_contact", {**again, "dryRun": True}))["outcome"] == "dry_run"
        redis.start()
        await anyio.sleep(1.5)  # until the worker has looked
        assert answer_of(await one.call_tool("upsert_contact", again))["outcome"] == "updated"


@pytest.mark.slow
@pytest.mark.anyio
async def test_scripts_are_sent_again_that_redis_forgot(line: Line, redis: RedisServer, tmp_path: Path) -> None:
    async with two_workers(line, redis, tmp_path) as (one, _, _), connection(redis) as client:
        answer_of(await one.call_tool("create_contact", JANE))
        await client.script_flush()
        assert "undo" in answer_of(await one.call_tool("upsert_contact", {**JANE, "firstName": "Ann"}))


@pytest.mark.slow
@pytest.mark.anyio
async def test_redis_holds_no_address_and_no_key_and_all_ends(line: Line, redis: RedisServer, tmp_path: Path) -> None:
    async with two_workers(line, redis, tmp_path) as (one, other, _):
        answer_of(await one.call_tool("create_contact", JANE))
        answer_of(await other.call_tool("upsert_contact", {**JANE, "firstName": "Annabella"}))
        async with connection(redis) as client:
            names = [name async for name in client.scan_iter("*")]
            assert len(names) > 3
            held = [await client.dump(name) for name in names]
            assert all([await client.pttl(name) > 0 for name in names])
    for secret in (JANE["email"], "Annabella", KEY, ANA):  # none so short that it may stand in what is encrypted
        assert all(secret.encode() not in each for each in [*names, *held] if each), secret
