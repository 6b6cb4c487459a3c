"""Serve MCP over stdin and stdout, and end within 2 s however the process is asked to end.

The SDK's `stdio_server` is not used, for three reasons (mcp 2.3.0): it drops a line that it cannot parse, so that the
host waits for ever; it hands each line to a thread twice, which costs more than the rest of a call; and a host that has
gone ends it in a traceback.

We work on private copies of stdin and stdout. From then on stdin is empty, and stray prints go to stderr, so that
nothing mixes with the protocol.
"""

import json
import os
import select
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from threading import Timer
from typing import Any

import anyio
from anyio import to_thread
from mcp.server.lowlevel import Server
from mcp_types import JSONRPCMessage

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server.app import open_server
from autosend_mcp.server.connection import serve_connection
from autosend_mcp.server.front.stdin import Front
from autosend_mcp.server.in_flight import InFlightWrites
from autosend_mcp.server.lines import method_of, read_line
from autosend_mcp.tools.jobs import ending_signals

# From the end of stdin, or a signal: longer than the grace of the writes, shorter than what is promised.
_MAX_SECONDS_TO_END = 1.8

# In bytes, of one reading of stdin.
_CHUNK = 65_536

# A discovery has this long to be answered; it is at once.
_DISCOVERY_PATIENCE = 5.0


async def serve_stdio(
    autosend: AutoSend, front: Front | None = None, close: Callable[[], object] | None = None
) -> None:
    """Serve until stdin ends. SIGTERM, SIGINT and SIGHUP end the process with 128 + the signal's number.

    `front` has read and answered what the host began with: the SDK reads how it began too, and answers it to nobody.
    `close` is called at a signal, in a thread, for as long as there is time.
    """
    stdout, ended = _Stdout(front.answered if front else []), anyio.Event()
    if front:
        await stdout.write_bytes(front.unsent)
    messages = _messages(lines(_take_stdin(), front.read if front else b""), stdout.write, ended)
    async with open_server(autosend) as (server, writes), anyio.create_task_group() as tasks:
        tasks.start_soon(_end_with_stdin, ended, writes)
        if sys.platform != "win32":
            tasks.start_soon(_end_on_signal, writes, close)
        opening = await _discovered(server, messages, stdout)
        await serve_connection(server, _joined(opening, messages), stdout.write)
        await writes.close()
        tasks.cancel_scope.cancel()


async def _discovered(
    server: Server[Any], messages: AsyncIterator[JSONRPCMessage], stdout: "_Stdout"
) -> list[JSONRPCMessage]:
    """Answer each discovery that the host begins with, and return the messages up to the first other request.

    Each has a connection of its own. On the main one it would decide for the newer protocol, and a host that has not
    waited for the answer, because Python takes its time to start, and goes on with `initialize`, would be refused
    (@ai-sdk/mcp waits for 1 s).
    """
    opening: list[JSONRPCMessage] = []
    async for message in messages:
        match method_of(message):
            case "server/discover":
                answered = _Answered(stdout)
                await serve_connection(server, answered.after(message), answered.write)
            case "":
                opening.append(message)
            case _:
                return [*opening, message]
    return opening


async def _joined(
    opening: Iterable[JSONRPCMessage], messages: AsyncIterator[JSONRPCMessage]
) -> AsyncGenerator[JSONRPCMessage]:
    for message in opening:
        yield message
    async for message in messages:
        yield message


async def lines(stdin: int, begun: bytes) -> AsyncGenerator[bytes]:
    """Yield each line of stdin, of which `begun` was read before, with its line break if it has one."""
    waiting, searched = bytearray(begun), 0
    while True:
        while end := waiting.find(b"\n", searched) + 1:
            yield bytes(waiting[:end])
            del waiting[:end]
            searched = 0
        searched = len(waiting)
        chunk = await _read(stdin)
        if not chunk:
            break
        waiting += chunk
    if waiting:
        yield bytes(waiting)


async def _read(stdin: int) -> bytes:
    """Return what has come, b"" at the end; without a thread where the platform can wait for it."""
    if sys.platform != "win32":
        with suppress(PermissionError):  # a file cannot be waited for, and need not be
            await anyio.wait_readable(stdin)
            return os.read(stdin, _CHUNK)
    return await to_thread.run_sync(os.read, stdin, _CHUNK, abandon_on_cancel=True)


async def _end_with_stdin(ended: anyio.Event, writes: InFlightWrites) -> None:
    await ended.wait()
    # A host that no longer reads keeps the answers, and with them this process, from ending.
    watchdog = Timer(_MAX_SECONDS_TO_END, os._exit, [0])
    watchdog.daemon = True
    watchdog.start()
    await writes.close()


async def _end_on_signal(writes: InFlightWrites, close: Callable[[], object] | None) -> None:
    with anyio.open_signal_receiver(*ending_signals()) as signals:
        async for number in signals:
            ends_at = anyio.current_time() + _MAX_SECONDS_TO_END
            await writes.close()
            if close:
                with anyio.move_on_after(ends_at - anyio.current_time()):
                    await to_thread.run_sync(close, abandon_on_cancel=True)
            sys.stderr.flush()
            # A thread is blocked in reading stdin and would keep the interpreter from ending.
            os._exit(128 + number)


def _take_stdin() -> int:
    private = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return private


async def _messages(
    stdin: AsyncIterator[bytes], send: Callable[[str], Awaitable[None]], ended: anyio.Event
) -> AsyncGenerator[JSONRPCMessage]:
    """Yield the messages of JSON-RPC; answer what is none."""
    async for raw in stdin:
        line = read_line(raw)
        for answer in line.answers:
            await send(answer)
        for message in line.messages:
            yield message
    ended.set()


class _Stdout:
    """Lines to the host, written without a thread where that cannot block.

    `answered`: the ids of requests that have an answer already, and get no second one.
    """

    def __init__(self, answered: Collection[int | str] = ()) -> None:
        self._answered = [*answered]
        self._private = os.dup(1)
        os.dup2(2, 1)
        self._writing = anyio.Lock(fast_acquire=True)
        self._poll = None
        if sys.platform != "win32":
            os.set_blocking(self._private, True)
            self._poll = select.poll()
            self._poll.register(self._private, select.POLLOUT)

    async def write(self, line: str) -> None:
        """Write one whole line."""
        if not self._answered or not self._is_answered(line):
            await self.write_bytes(line.encode())

    async def write_bytes(self, data: bytes) -> None:
        """Write what may be a part of a line."""
        async with self._writing:
            with suppress(OSError):  # the host has gone, and stdin is about to end
                if self._has_room(len(data)):
                    data = data[os.write(self._private, data) :]
                if data:
                    with anyio.CancelScope(shield=True):  # no call that is cancelled leaves half a line
                        await to_thread.run_sync(self._write_all, data)

    def _is_answered(self, line: str) -> bool:
        message: dict[str, Any] = json.loads(line)
        known = "method" not in message and message.get("id") in self._answered
        if known:
            self._answered.remove(message["id"])
        return known

    def _has_room(self, size: int) -> bool:
        """Return whether this many bytes can be written at once: a pipe that is ready has room for PIPE_BUF."""
        return self._poll is not None and size <= select.PIPE_BUF and bool(self._poll.poll(0))

    def _write_all(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._private, data) :]


class _Answered:
    """Stdout for one request, whose connection ends when it is answered."""

    def __init__(self, stdout: _Stdout) -> None:
        self._stdout = stdout
        self._done = anyio.Event()

    async def after(self, message: JSONRPCMessage) -> AsyncGenerator[JSONRPCMessage]:
        """Yield the request, and end when it is answered."""
        yield message
        with anyio.move_on_after(_DISCOVERY_PATIENCE):
            await self._done.wait()

    async def write(self, line: str) -> None:
        """Write the answer."""
        await self._stdout.write(line)
        self._done.set()
