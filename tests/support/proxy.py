"""An http proxy whose tunnels all lead to one port."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


@asynccontextmanager
async def proxy_to(port: int, asked: list[bytes], host: str = "127.0.0.1", own: int = 0) -> AsyncGenerator[str]:
    """Yield the URL of a proxy whose tunnels all lead to this port; `asked`: the requests
    for them."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(100_000):
            writer.write(piece)
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        target, back = await asyncio.open_connection(host, port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pass_on(reader, back), pass_on(target, writer))

    async with await asyncio.start_server(connect, "127.0.0.1", own) as server:
        yield f"http://user:word@127.0.0.1:{server.sockets[0].getsockname()[1]}"
