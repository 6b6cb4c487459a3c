"""What becomes of calls over HTTP when the process must end, and when their client goes away."""

import asyncio
import json
import signal
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from autosend_mcp.server.in_flight import FINISHED
from tests.support.faulty import Exchange, Faulty, create_well
from tests.support.line import Line, empty_sandbox
from tests.support.serving import served
from tests.support.sockets import Listening, answer_in, head, listening_over, message, raw, unharmed

pytestmark = pytest.mark.anyio

JANE = {"email": "jane@example.com"}
SIGNALS = {
    "term": [signal.SIGTERM],
    "int": [signal.SIGINT],
    "term_twice": [signal.SIGTERM, signal.SIGTERM],
    "int_then_term": [signal.SIGINT, signal.SIGTERM],
}


class Slow:
    """A create that takes so many seconds; with `applies` it is applied, else it is not."""

    def __init__(self, seconds: float = 0) -> None:
        self.arrived, self.go_on = anyio.Event(), anyio.Event()
        self._seconds = seconds

    async def __call__(self, exchange: Exchange) -> None:
        self.arrived.set()
        if self._seconds:
            await anyio.sleep(self._seconds)
        else:
            await self.go_on.wait()
        await create_well(exchange)


def create(app: Listening, era: str) -> asyncio.Task[Any]:
    return asyncio.create_task(app.call("create_contact", JANE, era))


def text_in(reply: Any) -> str:
    return answer_in(reply)["result"]["content"][0]["text"]


async def ended(app: Listening, *numbers: int) -> float:
    """Send these signals; return the seconds until the server has ended."""
    clock = asyncio.get_running_loop().time
    began = clock()
    for number in numbers:
        signal.raise_signal(number)
        await asyncio.sleep(0.5)
    await asyncio.wait([app.serving])
    return clock() - began


@pytest.mark.parametrize("signals", SIGNALS)
async def test_a_write_under_way_is_answered_before_the_end(faulty: Faulty, era: str, signals: str) -> None:
    faulty.create = slow = Slow(4)
    async with listening_over(faulty.transport()) as app:
        call = create(app, era)
        await slow.arrived.wait()
        ending = asyncio.create_task(ended(app, *SIGNALS[signals]))
        await asyncio.sleep(1)
        with pytest.raises(ConnectionError):
            await app.connect()
        assert answer_in(await call)["result"]["structuredContent"]["outcome"] == "created"
        assert 3 < await ending < 6
    assert len(faulty.applied) == 1


async def test_a_write_that_hangs_is_said_to_be_unknown_at_the_end(faulty: Faulty, era: str) -> None:
    faulty.create = slow = Slow()
    async with listening_over(faulty.transport()) as app:
        call = create(app, era)
        await slow.arrived.wait()
        ending = asyncio.create_task(ended(app, signal.SIGTERM))
        assert "stopped while the request was under way" in text_in(await call)
        assert await ending < 10
        slow.go_on.set()


async def test_a_write_that_has_not_left_is_not_sent_at_the_end(faulty: Faulty, era: str) -> None:
    async with listening_over(faulty.transport(), rate_limit=0.02) as app:
        await app.call("create_contact", {"email": "first@example.com"}, era)
        call = create(app, era)
        await asyncio.sleep(1)
        ending = asyncio.create_task(ended(app, signal.SIGTERM))
        assert "othing changed" in text_in(await call)
        assert await ending < 10
    assert [body["email"] for body in faulty.applied] == ["first@example.com"]


# What was sent, seconds that the connection has been open when the process is asked to end, and those until the end.
KEPT_OPEN: dict[str, tuple[bytes, float, float]] = {
    "silent": (b"", 1, 4),
    "silent_for_long": (b"", 6, 0),
    "idle": (raw(), 1, 0),
    "half_a_head": (b"POST /mcp HTTP/1.1\r\n", 1, 4),
    "half_a_head_for_long": (b"POST /mcp HTTP/1.1\r\n", 6, 0),
    "half_a_body": (head(Content_Length="100"), 1, 10),
}


@pytest.mark.parametrize("kind", KEPT_OPEN)
async def test_a_connection_that_is_kept_open_does_not_keep_the_process(faulty: Faulty, kind: str) -> None:
    sent, seconds, within = KEPT_OPEN[kind]
    async with listening_over(faulty.transport()) as app:
        _, writer = await app.connect()
        writer.write(sent)
        await asyncio.sleep(seconds)
        assert await ended(app, signal.SIGTERM) < within + 1.5
        writer.close()


async def test_a_connection_opened_just_before_the_end_has_its_first_request_served(faulty: Faulty, era: str) -> None:
    headers, body = message("tools/call", {"name": "create_contact", "arguments": JANE}, era)
    content = json.dumps(body).encode()
    request = head(**headers, Content_Length=str(len(content))) + content
    async with listening_over(faulty.transport()) as app:
        reader, writer = await app.connect()
        silent, other = await app.connect()
        await app.call("create_contact", {"email": "first@example.com"}, era)  # so both connections have been taken
        ending = asyncio.create_task(ended(app, signal.SIGTERM))
        await asyncio.sleep(1)
        writer.write(request[:20])
        await asyncio.sleep(1)
        writer.write(request[20:])
        answer = await reader.read()  # to its end: the connection is closed after the first answer
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert not await silent.read()
        assert await ending < 6
        for each in (writer, other):
            each.close()
    assert [sent["email"] for sent in faulty.applied] == ["first@example.com", "jane@example.com"]


async def test_a_process_that_ends_is_not_ready() -> None:
    sandbox = empty_sandbox()
    with unharmed():
        async with served(Line(sandbox)) as app, app.http() as http:
            assert (await http.get("/ready")).status_code == 200
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(0)
            ready = await http.get("/ready")
            assert (ready.status_code, ready.json()["problems"]) == (503, ["This process is ending."])
    sandbox.close()


async def gone_in_the_middle(app: Listening, era: str, arrived: Callable[[], Any]) -> None:
    """Call, and close the connection once the call has come so far."""
    call = create(app, era)
    await arrived()
    call.cancel()
    await asyncio.wait([call])
    await asyncio.sleep(1)


async def test_a_write_whose_client_goes_away_is_finished_and_told(faulty: Faulty, era: str) -> None:
    faulty.create = slow = Slow()
    async with listening_over(faulty.transport()) as app:
        await gone_in_the_middle(app, era, slow.arrived.wait)
        slow.go_on.set()
        await asyncio.sleep(1)
        again = text_in(await app.call("create_contact", JANE, era))
    assert len(faulty.applied) == 1
    assert "exists" in again
    assert FINISHED in again


async def test_a_write_whose_client_goes_away_is_not_sent_any_more(faulty: Faulty, era: str) -> None:
    async with listening_over(faulty.transport(), rate_limit=0.1) as app:
        await app.call("create_contact", {"email": "first@example.com"}, era)
        await gone_in_the_middle(app, era, lambda: asyncio.sleep(1))
        await asyncio.sleep(60)
        assert [body["email"] for body in faulty.applied] == ["first@example.com"]
        again = answer_in(await app.call("create_contact", JANE, era))
    assert again["result"]["structuredContent"]["outcome"] == "created"
