"""How many requests a second leave, however many calls are waiting."""

from typing import Any

import anyio
import httpcore2
import httpx2
import pytest

from autosend_mcp.api.calls import Call
from autosend_mcp.api.contact_lists import list_all
from autosend_mcp.api.pace import Pace
from autosend_mcp.api.transport import Transport
from tests.support.clock import clock
from tests.support.faulty import Exchange, Faulty
from tests.support.worlds import answer_of, autosend_over, connected, error_of

pytestmark = pytest.mark.anyio


async def test_a_pace_below_one_a_second_is_one_request_in_that_time() -> None:
    pace = Pace(0.5)
    (await pace.turn(0.1)).leave()
    assert await told_to_wait(pace) == "Try the same call again in 3 s."


async def test_fifty_calls_at_once_keep_the_pace_in_every_second(faulty: Faulty) -> None:
    async with connected(faulty.transport(), rate_limit=20) as client, anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(client.call_tool, "create_contact", {"email": f"p{number}@example.com"})
    arrived = sorted(exchange.at for exchange in faulty.seen)
    assert len(faulty.applied) == 50
    assert max(sum(start <= at < start + 1 for at in arrived) for start in arrived) == 20


@pytest.mark.parametrize("limit", ["1", "50"])  # 50: others have used it up
async def test_what_the_rate_limit_headers_say_slows_the_next_request(limit: str, faulty: Faulty) -> None:
    async def last_of_the_window(exchange: Exchange) -> None:
        body = {"success": True, "data": exchange.apply()}
        await exchange.reply(200, body, X_RateLimit_Limit=limit, X_RateLimit_Remaining="0", X_RateLimit_Reset="0")

    faulty.create = last_of_the_window
    async with connected(faulty.transport(), rate_limit=100) as client:
        for number in range(2):
            answer_of(await client.call_tool("create_contact", {"email": f"p{number}@example.com"}))
    first, second = (exchange.at for exchange in faulty.seen)
    assert second - first >= 1


async def test_a_window_is_full_only_of_our_own_requests() -> None:
    assert not Pace(2).allow(1)
    pace = Pace(2)
    slots = [await pace.turn(0.1), await pace.turn(0.1)]
    slots[0].leave()
    assert pace.allow(2)
    assert not pace.allow(3)


async def test_autosend_can_slow_the_pace_but_not_quicken_it() -> None:
    pace = Pace(3)
    pace.allow(1)
    (await pace.turn(0.1)).leave()
    assert await told_to_wait(pace) == "Try the same call again in 2 s."
    pace.allow(1000)
    (await pace.turn(0.1)).leave()
    (await pace.turn(0.1)).leave()
    assert await told_to_wait(pace) == "Try the same call again in 2 s."


async def test_a_slot_is_taken_until_a_second_after_its_request_left() -> None:
    """Two connections that take long to open, and one that does not."""
    pace = Pace(2)
    slots = [await pace.turn(0.1), await pace.turn(0.1)]
    left: list[float] = []
    first = 0.0

    async def third() -> None:
        slot = await pace.turn(10)
        left.append(anyio.current_time())
        slot.leave()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(third)
        await anyio.wait_all_tasks_blocked()
        assert await told_to_wait(pace) == "Try the same call again in 1 s."
        slots[0].leave()
        first = anyio.current_time()
        await anyio.wait_all_tasks_blocked()
        slots[1].leave()
        slots[1].leave()  # a second time changes nothing
    assert left[0] - first >= 1


async def test_a_pause_that_comes_while_waiting_ends_the_wait_in_time() -> None:
    pace = Pace(1)
    (await pace.turn(0.1)).leave()
    texts: list[str] = []

    async def wait() -> None:
        texts.append(await told_to_wait(pace, patience=1.5))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        pace.pause(20)
    assert texts == ["Try the same call again in 19 s."]


async def told_to_wait(pace: Pace, patience: float = 0.1) -> str:
    with pytest.raises(Exception, match="Too many calls") as raised:
        await pace.turn(patience)
    return str(raised.value).rpartition("changed. ")[2]


# The minute's limit


async def minute_of(pace: Pace, requests: int) -> list[float]:
    """Send so many requests; return when each left."""
    left: list[float] = []
    for _ in range(requests):
        slot = await pace.turn(70)
        left.append(anyio.current_time())
        slot.leave()
    return left


def most_in_a_minute(left: list[float]) -> int:
    return max(sum(start <= at < start + 60 for at in left) for start in left)


async def test_no_minute_has_more_requests_than_are_set() -> None:
    left = await minute_of(Pace(2, 50), 130)
    assert most_in_a_minute(left) == 50
    assert 120 <= left[-1] - left[0] <= 140


async def test_without_a_limit_a_minute_only_the_seconds_count() -> None:
    assert most_in_a_minute(await minute_of(Pace(2), 130)) >= 117


@pytest.mark.parametrize("limit", [50, pytest.param(120, marks=pytest.mark.slow)])
async def test_the_limit_a_minute_is_learned_from_headers(limit: int, faulty: Faulty) -> None:
    """As AutoSend would answer whose window of a minute begins with the first request: no request meets a 429."""
    refused: list[float] = []

    async def counting(exchange: Exchange) -> None:
        begun = faulty.seen[0].at
        window = [one for one in faulty.seen if (one.at - begun) // 60 == (exchange.at - begun) // 60]
        left, reset = limit - len(window), begun + 60 * ((exchange.at - begun) // 60 + 1)
        until = round(clock()() + reset - exchange.at)
        headers = {"X_RateLimit_Limit": str(limit), "X_RateLimit_Reset": str(until)}
        headers["X_RateLimit_Remaining"] = str(max(0, left))
        if left < 0:
            refused.append(exchange.at)
            await exchange.reply(429, b"", **headers)
        else:
            await exchange.reply(200, {"success": True, "data": exchange.apply()}, **headers)

    faulty.create = counting
    async with connected(faulty.transport(), rate_limit=10, timeout=300) as client:
        for number in range(limit + 20):
            answer_of(await client.call_tool("create_contact", {"email": f"p{number}@example.com"}))
    assert not refused
    assert len(faulty.applied) == limit + 20


async def test_the_limit_a_minute_is_learned_from_a_429_and_holds_for_ten_minutes() -> None:
    pace = Pace(2)
    await minute_of(pace, 60)
    pace.refused(1.0)  # that was the second's
    assert pace.seconds_for(600) == 300
    pace.refused(20.0)
    assert pace.seconds_for(590) == 600
    assert most_in_a_minute(await minute_of(pace, 130)) <= 60
    await anyio.sleep(600)
    await minute_of(pace, 1)
    assert pace.seconds_for(600) == 300


async def test_a_429_after_few_requests_is_somebody_elses() -> None:
    pace = Pace(2)
    await minute_of(pace, 10)
    pace.refused(20.0)
    assert pace.seconds_for(600) == 300


# A request that never leaves


async def refuse(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("refused", request=request)


async def test_a_request_that_could_not_leave_uses_up_no_pace() -> None:
    began = anyio.current_time()
    async with connected(httpx2.MockTransport(refuse), rate_limit=0.05) as client:
        assert "could not be reached" in error_of(await client.call_tool("create_contact", {"email": "a@example.com"}))
    assert anyio.current_time() - began < 10  # three times, and one request may leave in 20 s


class _Endless(httpcore2.AsyncNetworkBackend):
    """A network in which connecting takes for ever."""

    async def connect_tcp(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        await anyio.sleep(1000)
        raise AssertionError


async def test_a_call_that_is_cancelled_while_it_connects_uses_up_no_pace() -> None:
    autosend = autosend_over(Transport(httpcore2.AsyncConnectionPool(network_backend=_Endless())), rate_limit=1)
    with anyio.move_on_after(1):
        await Call(autosend).read(list_all())
    assert autosend.pace.left("second") == 1


async def test_a_slot_is_given_back_once() -> None:
    pace = Pace(2)
    slots = [await pace.turn(0.1), await pace.turn(0.1)]
    for _ in range(2):
        slots[0].give_back()
        slots[0].leave()
    assert pace.left("second") == 1
    slots[1].leave()
    slots[1].give_back()
    assert pace.left("second") == 1
