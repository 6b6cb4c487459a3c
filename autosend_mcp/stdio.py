"""The server over stdin and stdout, ending within 2 s however it is told to end."""

import os
import select
import signal
import sys
from typing import cast

import anyio
from anyio import to_thread
from mcp.server.stdio import stdio_server

from autosend_mcp.client import AutoSend
from autosend_mcp.server import open_server
from autosend_mcp.writes import Writes


async def serve_stdio(autosend: AutoSend) -> None:
    """Serve until stdin ends. SIGTERM and SIGINT end the process with 128 + the signal's number."""
    async with open_server(autosend) as (server, writes), anyio.create_task_group() as tasks:
        if sys.platform != "win32":
            tasks.start_soon(_exit_on_signal, writes)
        async with stdio_server(stdout=cast("anyio.AsyncFile[str]", _Wire())) as (read, write):
            await server.run(read, write, server.create_initialization_options())
        tasks.cancel_scope.cancel()


async def _exit_on_signal(writes: Writes) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            await writes.close()
            sys.stderr.flush()
            # A thread is blocked in reading stdin and would keep the interpreter from ending.
            os._exit(128 + number)


class _Wire:
    """What stdout was: the line to the host. Whatever else is printed goes to stderr from now on.

    The SDK's own writer hands each line to a thread twice, which costs more than the rest of a call; and a host that
    has gone ends it in a traceback.
    """

    def __init__(self) -> None:
        self._wire = os.dup(1)
        os.dup2(2, 1)
        self._pending = bytearray()
        self._poll = None
        if sys.platform != "win32":
            self._poll = select.poll()
            self._poll.register(self._wire, select.POLLOUT)

    async def write(self, text: str) -> None:
        self._pending += text.encode()

    async def flush(self) -> None:
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
