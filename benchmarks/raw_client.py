"""A client of MCP over stdio that does next to nothing: the SDK's own would hide a third of what servers differ by."""

import asyncio
import json
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, TextIO, cast

_META = "io.modelcontextprotocol/"
_CLIENT = {"name": "benchmark", "version": "1.0"}
_MODERN = "2026-07-28"
_PATIENCE = 60.0
_LEAVING = 10.0
_MAX_LINE = 2**24

Json = dict[str, Any]


class ServerFailed(Exception):
    """A server answered otherwise than it must; there is nothing to measure."""


class RawClient:
    """One connection in one era."""

    def __init__(self, process: Process, era: str) -> None:
        """Send nothing yet."""
        self._process = process
        self._era = era
        self._ids = count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._reading = asyncio.create_task(self._read())

    async def open(self) -> None:
        """Shake hands, in the older era; the newer has nothing to do."""
        if self._era != _MODERN:
            given = {"protocolVersion": self._era, "capabilities": {}, "clientInfo": _CLIENT}
            answer = await self.request("initialize", given)
            if answer["protocolVersion"] != self._era:
                raise ServerFailed(f"it speaks {answer['protocolVersion']}, not {self._era}")
            self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    async def request(self, method: str, params: Mapping[str, Any]) -> Json:
        """Return the result of a request.

        Raises:
            ServerFailed: It is answered by an error, or not in time.
        """
        answer = await self.exchange(method, params)
        if "result" not in answer:
            raise ServerFailed(str(answer))
        return cast("Json", answer["result"])

    async def exchange(self, method: str, params: Mapping[str, Any], patience: float = _PATIENCE) -> Json:
        """Return the answer to a request, be it a result or an error.

        Raises:
            ServerFailed: There is none in time.
        """
        number, future = next(self._ids), asyncio.get_running_loop().create_future()
        if self._era == _MODERN:
            about = {"protocolVersion": _MODERN, "clientInfo": _CLIENT, "clientCapabilities": {}}
            params = {**params, "_meta": {f"{_META}{name}": value for name, value in about.items()}}
        self._waiting[number] = future
        self._write({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        try:
            return await asyncio.wait_for(future, patience)
        except TimeoutError:
            raise ServerFailed(f"no answer to {method}") from None

    def memory(self) -> float | None:
        """Return the resident MiB of the server; None where there is no /proc."""
        with suppress(OSError):
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            return int(status.partition("VmRSS:")[2].split()[0]) / 1024
        return None

    def processor_time(self) -> float:
        """Return the seconds of processor time that the server has used; 0 where there is no /proc."""
        with suppress(OSError):
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    async def close(self) -> None:
        """End the server as a host does."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _LEAVING)
        except TimeoutError:  # it is busy with a call that it no longer answers
            self._process.kill()
        await self._reading

    def _write(self, message: Json) -> None:
        if self._process.stdin:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self) -> None:
        stdout = cast("asyncio.StreamReader", self._process.stdout)
        while line := await stdout.readline():
            answer = json.loads(line)
            if (future := self._waiting.pop(answer.get("id"), None)) and not future.done():
                future.set_result(answer)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ServerFailed("the server has ended"))


@asynccontextmanager
async def started(
    command: list[str], directory: Path, environment: dict[str, str], log: TextIO, era: str
) -> AsyncGenerator[RawClient]:
    """Yield a client of a server of its own, which ends with the block."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=directory, env=environment, stdin=PIPE, stdout=PIPE, stderr=log, limit=_MAX_LINE
    )
    client = RawClient(process, era)
    try:
        await client.open()
        yield client
    finally:
        await client.close()
