"""The server over stdin and stdout, ending within 2 s however it is told to end."""

import os
import signal
import sys
from threading import Timer
from typing import cast

import anyio
from mcp.server.stdio import stdio_server

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server.app import open_server
from autosend_mcp.server.in_flight import Writes
from autosend_mcp.server.lines import Incoming, Outgoing

# From the end of stdin: longer than the grace of the writes, shorter than what is promised.
_LAST_SECONDS = 1.8


async def serve_stdio(autosend: AutoSend) -> None:
    """Serve until stdin ends. SIGTERM and SIGINT end the process with 128 + the signal's number."""
    outgoing = Outgoing()
    incoming = Incoming(outgoing.send)
    async with open_server(autosend) as (server, writes), anyio.create_task_group() as tasks:
        tasks.start_soon(_end_with_stdin, incoming, writes)
        if sys.platform != "win32":
            tasks.start_soon(_end_on_signal, writes)
        stdin, stdout = cast("anyio.AsyncFile[str]", incoming), cast("anyio.AsyncFile[str]", outgoing)
        async with stdio_server(stdin=stdin, stdout=stdout) as (read, write):
            await server.run(read, write, server.create_initialization_options())
        await writes.close()
        tasks.cancel_scope.cancel()


async def _end_with_stdin(incoming: Incoming, writes: Writes) -> None:
    await incoming.ended.wait()
    # A host that no longer reads keeps the answers, and with them this process, from ending.
    watchdog = Timer(_LAST_SECONDS, os._exit, [0])
    watchdog.daemon = True
    watchdog.start()
    await writes.close()


async def _end_on_signal(writes: Writes) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            await writes.close()
            sys.stderr.flush()
            # A thread is blocked in reading stdin and would keep the interpreter from ending.
            os._exit(128 + number)
