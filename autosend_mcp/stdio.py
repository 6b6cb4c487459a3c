"""The server over stdin and stdout, ending within 2 s however it is told to end."""

import os
import signal
import sys

import anyio
from mcp.server.stdio import stdio_server

from autosend_mcp.client import AutoSend
from autosend_mcp.server import open_server
from autosend_mcp.writes import Writes


async def serve_stdio(autosend: AutoSend) -> None:
    """Serve until stdin ends. SIGTERM and SIGINT end the process with 128 + the signal's number."""
    async with open_server(autosend) as (server, writes), anyio.create_task_group() as tasks:
        if sys.platform != "win32":
            tasks.start_soon(_exit_on_signal, writes)
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())
        tasks.cancel_scope.cancel()


async def _exit_on_signal(writes: Writes) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            await writes.close()
            sys.stderr.flush()
            # A thread is blocked in reading stdin and would keep the interpreter from ending.
            os._exit(128 + number)
