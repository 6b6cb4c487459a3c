"""From the first line that a host writes to the server, over pipes: nothing is lost or answered twice."""

import json
import os
from contextlib import suppress

import anyio

from autosend_mcp.server.front.offer import MODERN, Offer
from autosend_mcp.server.front.requests import Opening
from autosend_mcp.server.front.stdin import Front
from autosend_mcp.server.stdio import lines
from tests.support.front import LEGACY_TALKS, MODERN_TALK, STARTS, Json, as_line, envelope, request


class Host:
    """A host at the other ends of the pipes of a front."""

    def __init__(self) -> None:
        self._stdin, self._to_stdin = os.pipe()
        self._from_stdout, stdout = os.pipe()
        self.front = Front(Opening(Offer(STARTS[0])), self._stdin, stdout)

    def write(self, *messages: Json | bytes) -> None:
        os.write(self._to_stdin, b"".join(each if isinstance(each, bytes) else as_line(each) for each in messages))

    def stop_reading(self) -> None:
        os.close(self._from_stdout)

    def read(self, answers: int) -> list[int]:
        """Return the ids of so many answers."""
        data = b""
        while data.count(b"\n") < answers:
            data += os.read(self._from_stdout, 65_536)
        return [json.loads(line)["id"] for line in data.splitlines()]

    def read_until(self, rest: bytes) -> bytes:
        """Return what was written, with the rest behind it."""
        os.set_blocking(self._from_stdout, False)
        data = b""
        with suppress(BlockingIOError):
            while True:
                data += os.read(self._from_stdout, 65_536)
        return data + rest

    def left(self) -> list[bytes]:
        """Return the lines that the server reads after the front was closed and stdin has ended."""
        os.close(self._to_stdin)

        async def read() -> list[bytes]:
            return [line async for line in lines(self._stdin, self.front.read)]

        return anyio.run(read)


def test_a_host_is_answered_before_and_while_the_rest_is_loaded_and_the_server_reads_it_all() -> None:
    host = Host()
    talk = LEGACY_TALKS[1]
    host.write(talk[0])
    host.front.open()
    assert host.read(1) == [0]
    host.write(*talk[1:4])
    assert host.read(2) == [1, 2]
    call = request(9, "tools/call", {"name": "undo", "arguments": {}})
    host.write(call, talk[4], b'{"jsonrpc": "2.0", "id": 10,')
    host.front.close()
    host.write(b' "method": "ping"}\n', b"\n", b"no line break")
    assert host.front.answered == [0]
    assert host.left() == [
        *(as_line(message) for message in [*talk[:2], call, talk[4]]),
        b'{"jsonrpc": "2.0", "id": 10, "method": "ping"}\n',
        b"\n",
        b"no line break",
    ]


def test_what_is_not_plain_is_answered_by_the_server_with_all_that_follows() -> None:
    host = Host()
    host.write(*MODERN_TALK[:3], request(8, "tools/list"), MODERN_TALK[3])
    host.front.open()
    host.front.close()
    assert host.read(3) == [0, 1, 2]
    assert host.front.answered == [1]
    assert host.left() == [as_line(each) for each in (MODERN_TALK[1], request(8, "tools/list"), MODERN_TALK[3])]


def test_a_host_that_has_gone_is_found_out_by_the_server() -> None:
    host = Host()
    host.write(MODERN_TALK[1])
    host.stop_reading()
    host.front.open()
    host.front.close()
    assert host.left() == [as_line(MODERN_TALK[1])]


def test_an_answer_that_a_host_does_not_read_is_finished_by_the_server() -> None:
    host = Host()
    host.write(*(request(number, "tools/list", envelope()) for number in range(5)))  # a pipe has room for two
    host.front.open()
    host.front.close()
    front = host.front
    assert front.unsent
    left = host.left()
    answered = 6 - len(left)
    assert front.answered == [0]
    assert 1 < answered < 5
    sent, whole = host.read_until(front.unsent), Offer(STARTS[0]).result("tools/list", MODERN)
    assert [json.loads(line)["result"] for line in sent.splitlines()] == [json.loads(whole)] * answered
    assert [json.loads(line)["id"] for line in left] == [0, *range(answered, 5)]
