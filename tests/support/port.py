"""A world behind a port of loopback, for whom no transport can be given to: the command, and other processes."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2


@asynccontextmanager
async def on_a_port(
    world: httpx2.AsyncBaseTransport, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[str]:
    """Yield the base URL of what answers as this world; where that raises a transport error, the connection is cut."""
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            while True:
                writer.write(await _answer(world, reader))
                await writer.drain()
        except (httpx2.TransportError, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()  # the line is cut, the client has gone, or the test is over

    server = await asyncio.start_server(connected, host, port, limit=2**22, ssl=tls)
    try:
        yield f"{'https' if tls else 'http'}://{host}:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections)


async def _answer(world: httpx2.AsyncBaseTransport, reader: asyncio.StreamReader) -> bytes:
    """Return the response to the next request, as bytes.

    Raises:
        TransportError: The world loses the request or the response.
        IncompleteReadError: The client sends no more.
    """
    start, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    content = await reader.readexactly(int(headers.get("content-length", "0")))
    method, path, _ = start.split(" ")
    response = await world.handle_async_request(
        httpx2.Request(method, f"http://127.0.0.1{path}", headers=headers, content=content)
    )
    body = await response.aread()
    names = {**response.headers, "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in names.items())
    return f"HTTP/1.1 {response.status_code} Status\r\n{head}\r\n".encode() + body
