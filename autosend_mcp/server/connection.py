"""One connection of the SDK's server: it reads messages that are parsed already, and writes lines.

The SDK's own `stdio_server` takes text, so that each message would be parsed twice, and hands each on by way of two
tasks more (mcp 2.3.0).
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCMessage

Write = Callable[[str], Awaitable[None]]


async def serve_connection(server: Server[Any], messages: AsyncIterator[JSONRPCMessage], write: Write) -> None:
    """Serve until the messages end. `write` is given whole lines, several at once, and none after that."""
    await server.run(_Incoming(messages), _Outgoing(write), server.create_initialization_options())


class _Incoming(ObjectReceiveStream[SessionMessage | Exception]):
    """The messages, as the SDK reads them."""

    def __init__(self, messages: AsyncIterator[JSONRPCMessage]) -> None:
        self._messages = messages

    async def receive(self) -> SessionMessage:
        try:
            return SessionMessage(await anext(self._messages))
        except StopAsyncIteration:
            raise anyio.EndOfStream from None

    async def aclose(self) -> None:
        """Leave the messages to the next reader."""


class _Outgoing(ObjectSendStream[SessionMessage]):
    """The answers, as the SDK writes them."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._is_closed = False

    async def send(self, item: SessionMessage) -> None:
        if self._is_closed:
            raise anyio.ClosedResourceError
        line = item.message.model_dump_json(by_alias=True, exclude_unset=True)
        await self._write(f"{line}\n")

    async def aclose(self) -> None:
        self._is_closed = True
