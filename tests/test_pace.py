"""How many requests a second leave, however many calls are waiting."""

import re
import time

import anyio
import pytest

from autosend_mcp.api.pace import Pace
from tests.beside import beside
from tests.support.faulty import Exchange, faulty_autosend
from tests.support.worlds import answer_of, connected

LATE = 0.1  # seconds by which an arrival may be noted late, where many arrive at once


@beside()
async def test_a_pace_below_one_a_second_is_one_request_in_that_time() -> None:
    pace = Pace(0.5)
    (await pace.turn(0.1)).leave()
    assert await told_to_wait(pace) == "Try the same call again in 3 s."


@pytest.mark.anyio
async def test_no_second_sees_more_than_the_pace_nor_more_than_the_rate_limit_headers_say() -> None:
    """Fifty calls at once, and two after a reply that was the last of its window; beside each other, for they wait."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fifty_calls_at_once_never_exceed_the_pace_in_any_one_second)
        tasks.start_soon(what_the_rate_limit_headers_say_slows_the_next_request, "1")
        tasks.start_soon(what_the_rate_limit_headers_say_slows_the_next_request, "50")  # others have used it up


async def fifty_calls_at_once_never_exceed_the_pace_in_any_one_second() -> None:
    fullest: list[int] = []
    while len(fullest) < 3:  # a busy machine notes an arrival late, which makes one second look fuller, never emptier
        fullest.append(await fullest_second_of_fifty_calls())
        if fullest[-1] <= 20:
            return
    raise AssertionError(f"{fullest} requests in one second")


async def fullest_second_of_fifty_calls() -> int:
    async with (
        faulty_autosend() as faulty,
        connected(faulty.url, rate=20, timeout=45) as client,
        anyio.create_task_group() as tasks,
    ):
        for number in range(50):
            tasks.start_soon(client.call_tool, "create_contact", {"email": f"p{number}@example.com"})
    arrived = sorted(exchange.at for exchange in faulty.seen)
    assert len(faulty.applied) == 50
    return max(sum(start <= at < start + 1 - LATE for at in arrived) for start in arrived)


async def what_the_rate_limit_headers_say_slows_the_next_request(limit: str) -> None:
    async def last_of_the_window(exchange: Exchange) -> None:
        body = {"success": True, "data": exchange.apply()}
        await exchange.reply(200, body, X_RateLimit_Limit=limit, X_RateLimit_Remaining="0", X_RateLimit_Reset="0")

    async with faulty_autosend() as faulty:
        faulty.create = last_of_the_window
        async with connected(faulty.url, rate=100) as client:
            for number in range(2):
                answer_of(await client.call_tool("create_contact", {"email": f"p{number}@example.com"}))
    first, second = (exchange.at for exchange in faulty.seen)
    assert second - first >= 1 - LATE


@beside()
async def test_a_window_that_our_own_requests_fill_is_told_from_one_that_others_fill() -> None:
    pace = Pace(2)
    assert not pace.is_full(1)
    slots = [await pace.turn(0.1), await pace.turn(0.1)]
    slots[0].leave()
    assert pace.is_full(2)
    assert not pace.is_full(3)


@beside()
async def test_autosend_can_slow_the_pace_but_not_quicken_it() -> None:
    pace = Pace(3)
    pace.allow(1)
    (await pace.turn(0.1)).leave()
    assert await told_to_wait(pace) == "Try the same call again in 2 s."
    pace.allow(1000)
    (await pace.turn(0.1)).leave()
    (await pace.turn(0.1)).leave()
    assert await told_to_wait(pace) == "Try the same call again in 2 s."


@beside()
async def test_a_place_is_taken_until_a_second_after_the_request_left_however_long_that_takes() -> None:
    """Two connections that take long to open, and one that does not."""
    pace = Pace(2)
    slots = [await pace.turn(0.1), await pace.turn(0.1)]
    left: list[float] = []
    first = 0.0

    async def third() -> None:
        slot = await pace.turn(10)
        left.append(time.monotonic())
        slot.leave()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(third)
        await anyio.wait_all_tasks_blocked()
        assert await told_to_wait(pace) == "Try the same call again in 1 s."
        slots[0].leave()
        first = time.monotonic()
        await anyio.wait_all_tasks_blocked()
        slots[1].leave()
        slots[1].leave()  # a second time changes nothing
    assert left[0] - first >= 1


@beside()
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
    assert re.fullmatch(r"Try the same call again in 1\d s\.", texts[0])


async def told_to_wait(pace: Pace, patience: float = 0.1) -> str:
    with pytest.raises(Exception, match="Too many calls") as raised:
        await pace.turn(patience)
    return str(raised.value).rpartition("changed. ")[2]
