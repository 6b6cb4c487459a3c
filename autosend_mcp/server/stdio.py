"""Serve MCP over stdin and stdout, and end within 2 s however the process is asked to end.

The SDK's `stdio_server` reads and writes the messages. It is given streams of our own, for three reasons (mcp 2.3.0):
it drops a line that it cannot parse, so that the host waits for ever; it hands each line to a thread twice, which
costs more than the rest of a call; and a host that has gone ends it in a traceback.

They work on private copies of stdin and stdout. From then on stdin is empty, and stray prints go to stderr, so
that nothing mixes with the protocol.
"""

import json
import os
import re
import select
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from threading import Timer
from typing import cast

import anyio
from anyio import AsyncFile, to_thread
from mcp.server.stdio import stdio_server
from mcp_types import INVALID_REQUEST, ErrorData, JSONRPCError, jsonrpc_message_adapter
from pydantic import ValidationError

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server.app import open_server
from autosend_mcp.server.in_flight import InFlightWrites
from autosend_mcp.tools.jobs import ending_signals

UNREADABLE = (
    "This request could not be read, and nothing was done. It must be JSON-RPC 2.0 whose params are an object. No "
    "string may hold half of a surrogate pair, no number 4,300 digits, and nothing may nest 200 levels deep. Fix "
    "it and repeat."
)

TOO_LONG = (
    "This request is longer than 5 MB, and nothing was done. Send fewer or shorter values at once; a file of contacts "
    "is imported by autosend-mcp import."
)

# Characters. What a tool takes at most is a fraction of this; reading a longer line would take 40 times its memory.
_MAX_LINE = 5_000_000

# From the end of stdin: longer than the grace of the writes, shorter than what is promised.
_MAX_SECONDS_TO_END = 1.8

# What a line of JSON is made of: brackets, and what stands between them, strings and all.
_JSON_PARTS = re.compile(r'[\[\]{}]|(?:"(?:[^"\\]|\\.)*+"?|[^"\[\]{}])++')


async def serve_stdio(autosend: AutoSend) -> None:
    """Serve until stdin ends. SIGTERM, SIGINT and SIGHUP end the process with 128 + the signal's number."""
    stdout, ended = _Stdout(), anyio.Event()
    streams = _messages(_take_stdin(), stdout.write, ended), stdout
    async with open_server(autosend) as (server, writes), anyio.create_task_group() as tasks:
        tasks.start_soon(_end_with_stdin, ended, writes)
        if sys.platform != "win32":
            tasks.start_soon(_end_on_signal, writes)
        async with stdio_server(*cast("tuple[AsyncFile[str], AsyncFile[str]]", streams)) as (read, write):
            await server.run(read, write, server.create_initialization_options())
        await writes.close()
        tasks.cancel_scope.cancel()


async def _end_with_stdin(ended: anyio.Event, writes: InFlightWrites) -> None:
    await ended.wait()
    # A host that no longer reads keeps the answers, and with them this process, from ending.
    watchdog = Timer(_MAX_SECONDS_TO_END, os._exit, [0])
    watchdog.daemon = True
    watchdog.start()
    await writes.close()


async def _end_on_signal(writes: InFlightWrites) -> None:
    with anyio.open_signal_receiver(*ending_signals()) as signals:
        async for number in signals:
            await writes.close()
            sys.stderr.flush()
            # A thread is blocked in reading stdin and would keep the interpreter from ending.
            os._exit(128 + number)


def _take_stdin() -> AsyncFile[str]:
    private = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return anyio.wrap_file(open(private, encoding="utf-8", errors="replace"))  # noqa: PTH123 - open to the end


async def _messages(
    stdin: AsyncFile[str], send: Callable[[str], Awaitable[None]], ended: anyio.Event
) -> AsyncGenerator[str]:
    """Yield the lines that are JSON-RPC messages; refuse the requests that are none."""
    async for read in stdin:
        line = read.lstrip("\ufeff")  # a byte order mark, which some write before each text
        # The SDK parses the line again: it takes text, and says nothing of a line that it drops.
        if refusal := refusal_of(line):
            await send(refusal)
        else:
            yield line
    ended.set()


def refusal_of(line: str) -> str | None:
    """Return the answer to a request that cannot be read or is too long; None for a good one.

    None also for what has no id: an answer with `"id": null` would not say which request it refuses, and a client that
    cannot read it may answer it in turn (modelcontextprotocol/rust-sdk#938).
    """
    why = TOO_LONG
    if len(line) <= _MAX_LINE:
        try:
            jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValidationError:
            why = UNREADABLE
        else:
            return None
    with suppress(ValueError):  # no id, or none that could be written
        error = ErrorData(code=INVALID_REQUEST, message=why)
        answer = JSONRPCError(jsonrpc="2.0", id=_id_of(line), error=error)
        return answer.model_dump_json(by_alias=True, exclude_none=True) + "\n"
    return None


def _id_of(line: str) -> int | str:
    """Return the id of a request.

    Raises:
        ValueError: The line is no request with an id.
    """
    match json.loads(_outermost(line)):
        case {"method": str(), "id": bool()}:
            raise ValueError
        case {"method": str(), "id": int() | str() as number}:
            return number
        case _:
            raise ValueError


def _outermost(line: str) -> str:
    """Return a JSON object with null for each value that nests: there may be more in it than `json` can read."""
    depth = 0
    kept: list[str] = []
    for match in _JSON_PARTS.finditer(line):
        part = match[0]
        depth += part in ("[", "{")
        if depth == 1:
            kept.append(part)
        elif depth == 2 and part in ("[", "{"):
            kept.append("null")
        depth -= part in ("]", "}")
    return "".join(kept)


class _Stdout:
    """Lines to the host, written without a thread where that cannot block."""

    def __init__(self) -> None:
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
        data = line.encode()
        async with self._writing:
            with suppress(OSError):  # the host has gone, and stdin is about to end
                if self._has_room(len(data)):
                    data = data[os.write(self._private, data) :]
                if data:
                    await to_thread.run_sync(self._write_all, data)

    async def flush(self) -> None:
        """Do nothing: no line is kept back."""

    def _has_room(self, size: int) -> bool:
        """Return whether this many bytes can be written at once: a pipe that is ready has room for PIPE_BUF."""
        return self._poll is not None and size <= select.PIPE_BUF and bool(self._poll.poll(0))

    def _write_all(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._private, data) :]
