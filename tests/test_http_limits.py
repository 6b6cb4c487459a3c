"""What clients may take of a server over HTTP: time, connections, bytes. Slow ones are closed, good ones are served."""

import asyncio
import json
from contextlib import suppress

import anyio
import pytest

from tests.support.line import Line
from tests.support.serving import served
from tests.support.sockets import Listening, answer_from, head, listening_over, raw
from tests.support.worlds import answer_of

WITHIN = 30  # seconds
LIST = raw()
BODY = LIST.partition(b"\r\n\r\n")[2]
OPEN = LIST.removesuffix(BODY)


# What is sent at once, and then every five seconds.
SLOW = {
    "silent": (b"", b""),
    "first_line": (b"POST", b""),
    "header_drip": (b"POST /mcp HTTP/1.1\r\n", b"X-A: b\r\n"),
    "body_missing": (OPEN, b""),
    "body_drip": (OPEN, b" "),
    "chunk_drip": (head(Transfer_Encoding="chunked", Content_Type="application/json"), b"1\r\n \r\n"),
    "idle_after_a_call": (LIST, b""),
    "next_line": (LIST + b"POST", b""),
    "next_header_drip": (LIST + b"POST /mcp HTTP/1.1\r\n", b"X-A: b\r\n"),
    "next_body_missing": (LIST + OPEN, b""),
    "next_body_drip": (LIST + OPEN, b" "),
    "body_after_a_refusal": (head(Content_Length="9000000"), b" "),
    "chunks_after_a_refusal": (head("POST /none HTTP/1.1", Transfer_Encoding="chunked"), b"1\r\n \r\n"),
    "upgrade": (head(Upgrade="h2c", Connection="Upgrade", Content_Length="9"), b""),
    "awaits_100": (OPEN.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"), b""),
}


async def closed_after(app: Listening, first: bytes, then: bytes, gap: float = 5) -> float:
    """Return the seconds until the server closes the connection of such a client, which reads what it is sent."""
    clock = asyncio.get_running_loop().time
    reader, writer = await app.connect()
    began = clock()

    async def drip() -> None:
        writer.write(first)
        while then:
            await asyncio.sleep(gap)
            writer.write(then)

    dripping = asyncio.create_task(drip())
    try:
        await reader.read()
    except ConnectionError:
        pass
    finally:
        dripping.cancel()
        writer.close()
    return clock() - began


@pytest.mark.anyio
@pytest.mark.parametrize("kind", SLOW)
async def test_a_slow_client_is_closed_in_time(line: Line, kind: str) -> None:
    async with listening_over(line) as app:
        assert 15 <= await closed_after(app, *SLOW[kind]) <= WITHIN


@pytest.mark.anyio
async def test_a_client_that_reads_no_answer_is_closed_in_time(line: Line) -> None:
    async with listening_over(line) as app:
        reader, writer = await app.connect()
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(LIST * 60)  # more in answers than the buffers between them hold
        await asyncio.sleep(WITHIN)
        assert not app.server.server_state.connections
        writer.close()


@pytest.mark.anyio
async def test_a_client_that_begins_after_a_pause_has_its_whole_time(line: Line) -> None:
    async with listening_over(line) as app:
        reader, writer = await app.connect()
        for _ in range(3):
            for piece in (OPEN[:40], OPEN[40:], BODY):
                writer.write(piece)
                await asyncio.sleep(6)
            assert (await answer_from(reader)).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(13)
        writer.close()


@pytest.mark.slow
@pytest.mark.anyio
async def test_good_clients_are_served_beside_300_slow_ones(line: Line) -> None:
    kinds = [
        SLOW[kind] for kind in ("silent", "header_drip", "body_drip", "chunk_drip", "next_body_missing", "upgrade")
    ]
    async with listening_over(line) as app, asyncio.TaskGroup() as tasks:
        slow = [tasks.create_task(closed_after(app, *kinds[number % len(kinds)])) for number in range(300)]
        await asyncio.sleep(6)
        assert len(app.server.server_state.connections) >= 300
        for number in range(10):
            reply = await app.call("create_contact", {"email": f"jane{number}@example.com"})
            assert reply.json()["result"]["structuredContent"]["outcome"] == "created"
        assert not any(one.done() for one in slow)
    assert max(one.result() for one in slow) <= WITHIN


CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
TYPED = {"Content_Type": "application/json", "Accept": "application/json, text/event-stream"}
CHUNKED = head(Transfer_Encoding="chunked", **TYPED)
EXPECTS = b"\r\nExpect: 100-continue\r\n\r\n"

# What a client sends, and how each line of status begins that it is answered with.
SPOKEN = {
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n", ["400"]),
    "garbage": (b"\x00\xff\xfe garbage\r\n\r\n", ["400"]),
    "no_host": (b"GET /health HTTP/1.1\r\n\r\n", ["400"]),
    "http_2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ["404", "400"]),
    "two_lengths": (head(Content_Length="5", content_length="6"), ["400"]),
    "wrong_length": (head(Content_Length="-1"), ["400"]),
    "long_header": (head(X_Long="x" * 100_000), ["400"]),
    "http_1_0": (b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n", ["200"]),
    "pipelined": (LIST + head("GET /health HTTP/1.1") + LIST + b"garbage\r\n\r\n", ["200", "200", "200", "400"]),
    "too_long": (head(Content_Length="1000001", **TYPED) + b" " * 1_000_001, ["413"]),
    "too_long_in_chunks": (CHUNKED + CHUNK * 16 + b"0\r\n\r\n", ["413"]),
    "bad_chunk": (CHUNKED + b"zz\r\n", ["400"]),
    "awaits_100": (OPEN.replace(b"\r\n\r\n", EXPECTS) + BODY, ["100", "200"]),
    "awaits_100_for_too_much": (head(Content_Length="1000001", **TYPED).replace(b"\r\n\r\n", EXPECTS), ["413"]),
}  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize("kind", SPOKEN)
async def test_whatever_is_sent_is_answered_as_http(line: Line, kind: str) -> None:
    sent, statuses = SPOKEN[kind]
    async with listening_over(line) as app:
        answer = await app.say(sent)
        assert [part[:3].decode() for part in answer.split(b"HTTP/1.1 ")[1:]] == statuses
        assert b"Traceback" not in answer
        assert (await app.call("create_contact", {"email": "jane@example.com"})).status_code == 200


@pytest.mark.anyio
async def test_who_waits_to_be_told_to_go_on_is_told(line: Line) -> None:
    async with listening_over(line) as app:
        reader, writer = await app.connect()
        writer.write(OPEN.replace(b"\r\n\r\n", EXPECTS))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        writer.write(BODY)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()


@pytest.mark.anyio
@pytest.mark.slow
async def test_connections_that_a_caller_has_left_idle_are_closed() -> None:
    """A thousand callers would keep thousands of connections to AutoSend, each until its next call."""
    answered, left = 0, asyncio.Event()
    jane = {"email": "jane@example.com"}
    content = json.dumps({"success": True, "data": {"id": "507f1f77bcf86cd799439011", **jane}}).encode()

    async def autosend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        with suppress(asyncio.IncompleteReadError):
            while about := (await reader.readuntil(b"\r\n\r\n")).lower():
                await reader.readexactly(int(about.partition(b"content-length:")[2].split(b"\r\n")[0]))
                answered += 1
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content))
        left.set()
        writer.close()

    async with await asyncio.start_server(autosend, "127.0.0.1") as api:
        url = f"http://127.0.0.1:{api.sockets[0].getsockname()[1]}/v1"
        async with served(url) as server, server.client() as client:
            for times in (1, 2):
                assert answer_of(await client.call_tool("create_contact", jane))["outcome"] == "created"
                assert answered == times
                with anyio.fail_after(30):
                    await left.wait()
                left.clear()
