"""The connections that a server over HTTP has open: who keeps many of them keeps nobody out."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE

import httpx2
import pytest

from autosend_mcp.server.http.serve import Limits
from tests.support.line import Forward, Line
from tests.support.processes import PATIENCE, line_of
from tests.support.sockets import answer_from, answer_in, listening_over, message, raw

LIST = raw()
OPEN = LIST[: LIST.index(b"\r\n\r\n") + 4]
ALIVE = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
ASKED = LIST.replace(b"\r\n", b"\r\nConnection: close\r\nOrigin: http://localhost:6274\r\n", 1)


def create(number: int) -> bytes:
    return raw("tools/call", name="create_contact", arguments={"email": f"jane{number}@example.com"})


@pytest.mark.anyio
async def test_a_request_beyond_the_limit_of_connections_is_told(line: Line) -> None:
    arrived, go = asyncio.Semaphore(0), asyncio.Event()

    async def held(forward: Forward) -> httpx2.Response:
        arrived.release()
        await go.wait()
        return await forward()

    line.lose("POST /contacts", *[held] * 3)
    async with listening_over(line, Limits(connections=4), rate_limit=1_000) as app:
        at_work = [await app.connect() for _ in range(3)]
        for number, (_, writer) in enumerate(at_work):
            writer.write(create(number))
            await arrived.acquire()
        head, _, said = (await app.say(ASKED)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503")
        assert b"access-control-allow-origin: http://localhost:6274" in head
        assert set(json.loads(said)) == {"error"}
        assert (await app.say(ALIVE)).startswith(b"HTTP/1.1 200")  # or a probe would end a process that is at work
        go.set()
        for reader, writer in at_work:
            assert (await answer_from(reader)).startswith(b"HTTP/1.1 200")
            writer.close()
        await asyncio.sleep(1)
        assert (await app.say(ASKED)).startswith(b"HTTP/1.1 200")


# What a client has sent on a connection that it keeps open.
KEPT = {
    "nothing": b"",
    "a part of a request": OPEN[:40],
    "a request but for its body": OPEN,
    "a call, which was answered": LIST,
    "a call, and a part of the next": LIST + OPEN,
}


@pytest.mark.anyio
@pytest.mark.parametrize("kind", KEPT)
async def test_connections_that_are_kept_open_keep_nobody_out(line: Line, kind: str) -> None:
    async with listening_over(line, Limits(connections=4)) as app:
        kept = [await app.connect() for _ in range(9)]
        for _, writer in kept:
            writer.write(KEPT[kind])
            await asyncio.sleep(0.1)
        for asked in (ASKED, ALIVE):
            assert (await app.say(asked)).startswith(b"HTTP/1.1 200")
        for _, writer in kept:
            writer.close()


@pytest.mark.anyio
async def test_a_client_that_was_served_is_kept_before_one_that_says_nothing(line: Line) -> None:
    async with listening_over(line, Limits(connections=4)) as app:
        reader, writer = await app.connect()
        writer.write(LIST)
        assert (await answer_from(reader)).startswith(b"HTTP/1.1 200")
        silent = [await app.connect() for _ in range(9)]
        await asyncio.sleep(1)
        writer.write(LIST)
        assert (await answer_from(reader)).startswith(b"HTTP/1.1 200")
        for _, each in [*silent, (reader, writer)]:
            each.close()


@pytest.mark.anyio
async def test_an_answer_that_is_still_being_written_arrives_whole(line: Line) -> None:
    async with listening_over(line, Limits(connections=4)) as app:
        reader, writer = await app.connect()
        await asyncio.sleep(1)
        (served,) = app.server.server_state.connections
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        asked = 0
        while not served.transport.get_write_buffer_size():  # more in answers than the buffers between them hold
            writer.write(LIST)
            asked += 1
            await asyncio.sleep(1)
        others: list[asyncio.StreamWriter] = []
        for _ in range(4):  # later ones, which were served as well
            others.append((await app.connect())[1])
            others[-1].write(LIST)
            await asyncio.sleep(1)
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        for _ in range(asked):
            assert (await answer_from(reader)).startswith(b"HTTP/1.1 200")
        for each in (*others, writer):
            each.close()


@pytest.mark.slow
@pytest.mark.anyio
async def test_with_few_files_a_process_still_serves_and_logs_no_flood() -> None:
    command = f"ulimit -n 64; exec {sys.executable} -m autosend_mcp serve --http 127.0.0.1:0 --sandbox-sample"
    process = await asyncio.create_subprocess_shell(command, stdout=PIPE, stderr=PIPE)
    assert process.stdout
    try:
        port = int((await line_of(process.stdout)).split("/mcp")[0].rpartition(":")[2])
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(150)]
        async with asyncio.timeout(PATIENCE), httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            assert (await http.get("/health")).status_code == 200
            headers, body = message("tools/call", {"name": "create_contact", "arguments": {"email": "j@example.com"}})
            made = answer_in(await http.post("/mcp", json=body, headers=headers))
        assert made["result"]["structuredContent"]["outcome"] == "created"
        for _, writer in held:
            writer.close()
    finally:
        process.terminate()
        _, err = await process.communicate()
    assert [json.loads(line)["event"] for line in err.splitlines()] == ["call", "ended"]
