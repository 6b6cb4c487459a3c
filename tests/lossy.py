"""The sandbox on a loopback port, on a line that loses requests and replies; and what was sent to it in vain."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.options import PropertyAutomation

WRITES = ("/contacts/bulk-update", "/contact-lists/contacts/bulk-add")


class Lossy:
    """Cuts the line of one write in twenty, half of them after it was applied, and of one look-up in a hundred.

    `resent`: rows of a bulk update that were so already; `readded`: people who were in the list already. Both only of
    requests that were applied. `lost`: cuts by when. `busy`: requests being answered now. `writes`: how many have come;
    `news` is set by each, and by the end of each answer.
    """

    def __init__(self, seed: int, *, lists_shown: bool) -> None:
        automations = (PropertyAutomation("plan"),)
        options = Options(rate_limit=0, automations=automations, list_ids_in_replies=lists_shown)
        self._sandbox = Sandbox(options)
        self.store = self._sandbox.store
        self.resent: Counter[str] = Counter()
        self.readded: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.busy = 0
        self.writes = 0
        self.joining: tuple[str, int] = ("", 1)  # a list, and how many are to be in it
        self.news = asyncio.Event()
        self._random = random.Random(seed)
        self._inner = httpx2.AsyncClient(transport=httpx2.ASGITransport(self._sandbox.app))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        try:
            while (head := await _head(reader)) is not None:
                line, headers = head
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.busy += 1
                try:
                    kept = await self._answer(line.split(" ")[:2], body, writer)
                finally:
                    self.busy -= 1
                    self.tell()
                if not kept:
                    return
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.transport.abort()

    def tell(self) -> None:
        """Wake whoever waits for something to happen."""
        self.news.set()
        self.news = asyncio.Event()

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until this is so."""
        while not happened():
            await self.news.wait()

    @property
    def everybody_joined(self) -> bool:
        """Whether the import has nothing more to send."""
        return self.store.contact_lists.count(PROJECT, self.joining[0]) >= self.joining[1]

    async def aclose(self) -> None:
        """Close the store."""
        await self._inner.aclose()
        self._sandbox.close()

    async def _answer(self, asked: list[str], body: bytes, writer: asyncio.StreamWriter) -> bool:
        """Apply and answer, or lose one of the two; whether the line is still there."""
        method, path = asked
        loss = self._random.random()
        chance = 0.05 if path.endswith(WRITES) else 0.01
        if loss < chance / 2:
            self.lost["before"] += 1
            return False
        if path.endswith(WRITES):
            self.writes += 1
            self.tell()
            self._note(path, json.loads(body))
        headers = {"Authorization": "Bearer AS_sandbox", "Content-Type": "application/json"}
        reply = await self._inner.request(method, f"http://127.0.0.1{path}", content=body, headers=headers)
        if loss < chance:
            self.lost["after"] += 1
            return False
        date = reply.headers["date"]
        head = f"HTTP/1.1 {reply.status_code} OK\r\nDate: {date}\r\nContent-Length: {len(reply.content)}\r\n\r\n"
        writer.write(head.encode() + reply.content)
        await writer.drain()
        return True

    def _note(self, path: str, body: dict[str, Any]) -> None:
        """Count what is sent although it is so already."""
        rows: list[dict[str, Any]] = body.get("contacts", [])
        emails: list[str] = body.get("emails", [row["email"] for row in rows])
        held = {one["email"]: one for one in self.store.contacts.find(PROJECT, emails)}
        if path.endswith(WRITES[1]):
            into = body["contactListId"]
            self.readded.update(email for email, one in held.items() if self.store.contact_lists.holds(into, one))
            return
        for row in rows:
            now = held.get(row["email"])
            custom: dict[str, Any] = row.get("customFields", {})
            if now and all(now.get(name) == value for name, value in row.items() if name != "customFields"):
                self.resent[row["email"]] += all(now["customFields"].get(n) == value for n, value in custom.items())


async def _head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]] | None:
    """The first line and the headers of a request; None at the end of the connection."""
    try:
        text = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    line, *headers = text.strip().split("\r\n")
    return line, {name.lower(): value.strip() for name, _, value in (header.partition(":") for header in headers)}


@asynccontextmanager
async def lossy(seed: int, *, lists_shown: bool) -> AsyncGenerator[tuple[Lossy, str]]:
    """The server and its base URL."""
    server = Lossy(seed, lists_shown=lists_shown)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**22)
    try:
        yield server, f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    finally:
        listener.close()
        await server.aclose()
