"""The two ends of the line to the host: what stdin and stdout were before the server took them over.

From then on stdin is empty and what else is printed goes to stderr, so that nothing of it mixes with the protocol.
"""

import json
import os
import re
import select
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio
from anyio import to_thread
from mcp_types import INVALID_REQUEST, ErrorData, JSONRPCError, jsonrpc_message_adapter
from pydantic import ValidationError

UNREADABLE = (
    "This request could not be read, and nothing was done. It must be JSON-RPC 2.0 whose params are an object. No "
    "string may hold half of a surrogate pair, no number 4,300 digits, and nothing may nest 200 levels deep. Mend "
    "it and repeat."
)

# The id of a message that JSON cannot read, outside of params: near its beginning, or near its end.
_NUMBER = r'"id"\s*:\s*(-?\d{1,18}|"[^"\\\x00-\x1f]{0,64}")(?=\s*[,}])'
_FIRST = re.compile(r"\{[^{}\[\]]*?" + _NUMBER)
_LAST = re.compile(_NUMBER + r"[^{}\[\]]*\}\s*$")
_SEARCHED = 300


class Incoming:
    """Lines from the host. One that is no message is answered here, since the SDK drops it and the host would wait."""

    def __init__(self, answer: Callable[[str], Awaitable[None]]) -> None:
        """Take stdin over. `answer` sends one line to the host."""
        wire = os.dup(0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        self._lines = anyio.wrap_file(open(wire, encoding="utf-8", errors="replace"))  # noqa: SIM115, PTH123 - for good
        self._answer = answer
        self.ended = anyio.Event()

    def __aiter__(self) -> "Incoming":
        return self

    async def __anext__(self) -> str:
        async for line in self._lines:
            refusal = refusal_of(line)
            if refusal is None:
                return line
            await self._answer(refusal)
        self.ended.set()
        raise StopAsyncIteration


def refusal_of(line: str) -> str | None:
    """The answer to a request that cannot be read; None for a good one, and where there is no id to answer to."""
    try:
        jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValidationError:
        with suppress(ValueError, RecursionError):  # no id, or none that could be written
            error = ErrorData(code=INVALID_REQUEST, message=UNREADABLE)
            answer = JSONRPCError(jsonrpc="2.0", id=_id_of(line), error=error)
            return answer.model_dump_json(by_alias=True, exclude_none=True) + "\n"
    return None


def _id_of(line: str) -> int | str:
    """The id of the request.

    Raises:
        ValueError: It has none that can be told.
    """
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        found = _FIRST.match(line[:_SEARCHED]) or _LAST.search(line[-_SEARCHED:])
        if found is None:
            raise ValueError from None
        return json.loads(found[1])
    match message:
        case {"method": str(), "id": bool()}:
            raise ValueError
        case {"method": str(), "id": int() | str() as number}:
            return number
        case _:
            raise ValueError


class Outgoing:
    """Lines to the host.

    The SDK's own writer hands each line to a thread twice, which costs more than the rest of a call; and a host that
    has gone ends it in a traceback.
    """

    def __init__(self) -> None:
        """Take stdout over."""
        self._wire = os.dup(1)
        os.dup2(2, 1)
        self._pending = bytearray()
        self._writing = anyio.Lock(fast_acquire=True)
        self._poll = None
        if sys.platform != "win32":
            os.set_blocking(self._wire, True)
            self._poll = select.poll()
            self._poll.register(self._wire, select.POLLOUT)

    async def send(self, line: str) -> None:
        """Write one whole line."""
        await self.write(line)
        await self.flush()

    async def write(self, text: str) -> None:
        """Keep the text for the next flush."""
        self._pending += text.encode()

    async def flush(self) -> None:
        """Write what was kept, without a thread where that cannot block."""
        async with self._writing:
            data = bytes(self._pending)
            self._pending.clear()
            try:
                if self._takes(len(data)):
                    data = data[os.write(self._wire, data) :]
                if data:
                    await to_thread.run_sync(self._write_all, data)
            except OSError:
                return  # the host has gone, and stdin is about to end

    def _takes(self, size: int) -> bool:
        """Whether so many bytes can be written without waiting: a pipe that is ready has room for PIPE_BUF."""
        if sys.platform == "win32" or self._poll is None:
            return False
        return size <= select.PIPE_BUF and bool(self._poll.poll(0))

    def _write_all(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._wire, data) :]
