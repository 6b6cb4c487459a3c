"""The pace of one key over all workers; a true redis-server grants the turns, and is killed meanwhile."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import pytest

from autosend_mcp.errors import NotSent
from autosend_mcp.server.http.shared.pace import SharedPace
from autosend_mcp.server.http.shared.store import Shared, open_shared
from tests.support.redis import RedisLine, RedisServer, connection, redis_server, through, until

pytestmark = [pytest.mark.slow, pytest.mark.anyio]

_LOOK = 0.01


@asynccontextmanager
async def connected(*urls: str) -> AsyncGenerator[list[Shared]]:
    """Yield what workers share that reach Redis at these URLs and have seen each other."""
    async with AsyncExitStack() as stack:
        shared = [await stack.enter_async_context(open_shared(url)) for url in urls]
        await until(lambda: {each.place[1] for each in shared} == {len(urls)})
        yield shared


@asynccontextmanager
async def workers(redis: RedisServer, number: int, *limits: int) -> AsyncGenerator[list[SharedPace]]:
    """Yield the pace of so many workers, which have seen each other."""
    async with connected(*[redis.url] * number) as shared:
        yield [SharedPace(each, "key", *limits) for each in shared]


async def send_for(
    seconds: float,
    paces: list[SharedPace],
    meanwhile: Callable[[float], None] = lambda _: None,
    enough: Callable[[list[float]], bool] = lambda _: False,
) -> tuple[list[float], float]:
    """Send as fast as the paces allow, two calls at once at each; return when each request left, and how far that is
    sure: by how many seconds this process was held up at most, and the clock of Redis was set.
    """
    left: list[float] = []
    began, ahead, unsure = anyio.current_time(), time.time() - anyio.current_time(), 0.0

    async def send(pace: SharedPace) -> None:
        while True:
            slot = await pace.turn(100)
            await anyio.sleep(0.003)  # as connecting takes
            slot.leave()
            left.append(anyio.current_time() - began)

    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as tasks:
            for pace in [*paces, *paces]:
                tasks.start_soon(send, pace)
            while not enough(left):
                now = anyio.current_time()
                meanwhile(now - began)
                await anyio.sleep(_LOOK)
                late = anyio.current_time() - now - _LOOK
                unsure = max(unsure, late + abs(time.time() - anyio.current_time() - ahead))
            tasks.cancel_scope.cancel()
    return sorted(left), unsure


def most_within(seconds: float, left: list[float]) -> int:
    return max(sum(at <= other < at + seconds for other in left) for at in left)


@pytest.mark.parametrize(("number", "limits", "seconds"), [(3, (5,), 3.0), (2, (50, 20), 2.0)])
async def test_workers_together_keep_to_the_limits(
    redis: RedisServer, number: int, limits: tuple[int, ...], seconds: float
) -> None:
    async with workers(redis, number, *limits) as paces:
        left, unsure = await send_for(seconds, paces)
    most, *minute = limits
    assert most_within(1.0 - unsure, left) <= most
    assert len(left) <= 20 if minute else len(left) > most


async def test_what_is_left_for_all_is_said_by_no_worker(redis: RedisServer) -> None:
    async with workers(redis, 1, 5) as (pace,):
        (await pace.turn(1)).leave()
        assert (pace.left("second"), pace.left("minute")) == (None, None)


async def test_what_one_worker_learns_holds_for_all(redis: RedisServer) -> None:
    async with workers(redis, 2, 100) as (one, other):
        one.announced(2, 0.5, spent=False)
        await anyio.sleep(0.1)
        for _ in range(2):
            (await other.turn(1)).leave()
        await anyio.sleep(0.1)
        began = anyio.current_time()
        await one.turn(5)
        assert anyio.current_time() - began > 0.7
        other.refused(60)
        await anyio.sleep(0.1)
        with pytest.raises(NotSent):
            await one.turn(0.5)


async def test_what_left_is_known_to_a_redis_that_has_forgotten(redis: RedisServer) -> None:
    async with workers(redis, 2, 50, 4) as (one, other):
        for pace in (one, one, other, other):
            (await pace.turn(1)).leave()
        redis.stop()
        await anyio.sleep(1.1)
        redis.start()
        await anyio.sleep(1.5)  # until both have looked
        for pace in (one, other):
            with pytest.raises(NotSent):
                await pace.turn(4)


async def test_what_left_is_told_again_where_only_that_was_lost(redis: RedisServer) -> None:
    async with connected(redis.url, redis.url) as (one, other):
        pace, idle = (SharedPace(each, "key", 50, 4) for each in (one, other))
        for slot in [await pace.turn(1) for _ in range(4)]:
            slot.leave()
        redis.stop()  # before that is told, and nobody waits for it
        redis.start()
        await until(lambda: not other.is_up)
        await until(lambda: one.is_up and other.is_up)
        with pytest.raises(NotSent):
            await idle.turn(4)


async def lose(redis: RedisServer, shared: list[Shared]) -> None:
    redis.stop()
    await until(lambda: not any(each.is_up for each in shared))


async def test_a_worker_without_redis_keeps_to_the_same_part_each_time(redis: RedisServer) -> None:
    async with connected(redis.url, redis.url) as shared:
        pace = SharedPace(shared[0], "key", 50, 8)
        for _ in range(2):
            await lose(redis, shared)
            with pytest.raises(NotSent):
                await pace.turn(0.1)
            redis.start()
            await until(lambda: all(each.is_settled and each.place[1] == 2 for each in shared))
        await lose(redis, shared)
        for _ in range(4):
            (await pace.turn(5)).leave()
        with pytest.raises(NotSent):
            await pace.turn(5)


async def test_a_limit_named_without_redis_is_that_of_all_workers(redis: RedisServer) -> None:
    async with connected(redis.url, redis.url) as shared:
        pace, left = SharedPace(shared[0], "key", 4), list[float]()
        await lose(redis, shared)
        for _ in range(4):
            (await pace.turn(5)).leave()
            left.append(anyio.current_time())
            pace.announced(4, None, spent=False)
    assert most_within(1.0, left) == 2


async def test_what_redis_granted_last_counts_for_all_who_asked(redis: RedisServer) -> None:
    left: list[float] = []

    async def send(pace: SharedPace) -> None:
        (await pace.turn(5)).leave()
        left.append(anyio.current_time())

    async with workers(redis, 2, 4) as paces:
        for pace in [*paces, *paces]:
            await send(pace)
        async with anyio.create_task_group() as tasks:
            redis.pause()
            for pace in [*paces, *paces]:
                tasks.start_soon(send, pace)
            await anyio.wait_all_tasks_blocked()  # until all have asked
            redis.stop()
    assert most_within(1.0, left) == 4


@pytest.mark.parametrize("number", [2, 3])
async def test_without_redis_workers_keep_to_their_part(redis: RedisServer, number: int) -> None:
    down, up = 2.0, 8.0
    todo = [(down, redis.stop), (up, redis.start)]

    def meanwhile(now: float) -> None:
        if todo and now > todo[0][0]:
            todo.pop(0)[1]()

    def has_returned(left: list[float]) -> bool:
        return any(at > up + 2 for at in left)

    async with workers(redis, number, 2) as paces:
        left, unsure = await send_for(60.0, paces, meanwhile, has_returned)
    assert most_within(1.0 - unsure, left) <= 2
    assert any(down + 1 < at < up for at in left)
    assert has_returned(left)


async def test_nobody_takes_more_than_its_part_until_all_know_that_redis_is_back(redis: RedisServer) -> None:
    """One worker reaches Redis again two seconds after the other."""
    todo = [(0.5, redis.stop), (1.0, redis.start)]
    async with through(RedisLine(redis)) as line, connected(redis.url, line.url) as shared:
        todo += [(1.0, line.cut), (3.0, line.mend)]

        def meanwhile(now: float) -> None:
            if todo and now > todo[0][0]:
                todo.pop(0)[1]()

        def is_over(_left: list[float]) -> bool:
            return not todo and all(each.is_settled for each in shared)

        paces = [SharedPace(each, "key", 4) for each in shared]
        left, unsure = await send_for(60.0, paces, meanwhile, is_over)
        again, more_unsure = await send_for(2.0, paces)
    assert most_within(1.0 - unsure, left) <= 4
    assert any(1.5 < at < 3.0 for at in left)
    assert len(again) > 4
    assert most_within(1.0 - more_unsure, again) <= 4


async def test_what_was_learned_is_reported_to_a_redis_that_has_forgotten(redis: RedisServer) -> None:
    async with connected(redis.url, redis.url) as shared:
        one, other = (SharedPace(each, "key", 50) for each in shared)
        one.announced(2, 30, spent=False)  # a minute
        await until_known(redis, "limits", 2)
        for pace in (one, one):
            (await pace.turn(1)).leave()
        await lose(redis, shared)
        redis.start()
        await until(lambda: all(each.is_settled for each in shared))
        with pytest.raises(NotSent):
            await other.turn(4)


async def until_known(redis: RedisServer, part: str, number: int = 1) -> None:
    """Wait until Redis holds so much of the pace."""
    count = "HLEN" if part == "limits" else "ZCARD"
    async with connection(redis) as client:
        with anyio.fail_after(10):
            while await client.execute_command(count, f"autosend-mcp:pace:key:{part}") != number:  # noqa: ASYNC110 - see until
                await anyio.sleep(0.01)


async def test_a_turn_that_was_granted_is_known_to_a_redis_that_has_forgotten(redis: RedisServer) -> None:
    async with workers(redis, 1, 4) as (pace,):
        slot = await pace.turn(1)
        redis.stop()
        redis.start()
        await until_known(redis, "granted")
        slot.leave()
        await until_known(redis, "left")
        await until_known(redis, "granted", 0)


async def test_a_turn_that_is_given_back_is_another_workers(redis: RedisServer) -> None:
    async with workers(redis, 2, 1) as (one, other):
        slot = await one.turn(1)
        for _ in range(2):
            slot.give_back()
            slot.leave()
        (await other.turn(0.5)).leave()
        with pytest.raises(NotSent):
            await one.turn(0.5)


async def test_a_turn_that_is_given_back_while_redis_is_gone_is_given_back_later() -> None:
    with redis_server(durable=True) as redis:
        async with connected(redis.url) as shared:
            pace = SharedPace(shared[0], "key", 1)
            slot = await pace.turn(1)
            await lose(redis, shared)
            slot.give_back()
            redis.start()
            await until_known(redis, "granted", 0)


async def test_a_moment_that_passed_while_redis_hung_is_used_by_no_request(redis: RedisServer) -> None:
    """Three workers of two requests a second have moments of their own; Redis hangs while they settle, and is gone."""
    async with through(RedisLine(redis)) as line, connected(*[line.url] * 3) as shared:
        todo = [(1.0, line.cut), (1.3, line.mend), (3.2, redis.pause), (4.3, redis.stop)]

        def meanwhile(now: float) -> None:
            if todo and now > todo[0][0]:
                todo.pop(0)[1]()

        left, unsure = await send_for(7.0, [SharedPace(each, "key", 2) for each in shared], meanwhile)
    assert most_within(1.0 - unsure, left) <= 2
