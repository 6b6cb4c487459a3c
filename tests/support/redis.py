"""A true redis-server on loopback, which a test starts, stops and starts again."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager, suppress
from hashlib import sha1
from pathlib import Path
from typing import Any, TypeVar, cast

import anyio
import pytest
from redis.asyncio import Redis

_SCRIPT = re.compile(rb"EVALSHA\r\n\$40\r\n(\w+)")
_OF_CALLS = re.compile(rb"\nautosend-mcp:(?!workers|imports)")  # not what a worker looks up by the clock


class RedisServer:
    """One redis-server, on a port of its own; what it holds is gone when it stops, unless it is `durable`."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self._folder = folder
        self._durable = ["--appendonly", "yes", "--appendfsync", "always"] if durable else []
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.address = "127.0.0.1", self._port
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it; return when it answers."""
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        options += self._durable
        self._process = subprocess.Popen(["redis-server", *options], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if b"Ready to accept connections" in line:
                return
        raise AssertionError("redis-server does not start")

    def pause(self) -> None:
        """Let it answer nothing until it is resumed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on, with what came meanwhile first."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def redis_server(*, durable: bool = False) -> Generator[RedisServer]:
    """Yield a redis-server that runs; skip the test where there is no such program."""
    if shutil.which("redis-server") is None and not os.environ.get("CI"):
        pytest.skip("redis-server is not installed")
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()


class RedisLine:
    """Stands between a worker and a Redis. `redis`: to which a new connection leads.

    `url`: of the Redis, by way of this.
    """

    def __init__(self, redis: RedisServer) -> None:
        self.redis = redis
        self.url = ""
        self._is_cut = False
        self._open: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """End all connections, and let no further one come through until it is mended."""
        self._is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        self._is_cut = False

    def take_note(self, sent: bytes) -> None:
        """Look at what a worker sends at once."""

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection."""
        try:
            if self._is_cut:
                raise ConnectionRefusedError
            of_redis, to_redis = await asyncio.open_connection(*self.redis.address)
        except OSError:
            writer.transport.abort()
            return
        back = asyncio.create_task(_copy(of_redis, writer))
        self._open.add(writer)
        try:
            with suppress(ConnectionError):
                while sent := await reader.read(2**20):
                    self.take_note(sent)
                    to_redis.write(sent)
        finally:
            self._open.discard(writer)
            to_redis.close()
            back.cancel()
            writer.close()


class Counted(RedisLine):
    """Counts what the worker sends at once."""

    def __init__(self, redis: RedisServer) -> None:
        super().__init__(redis)
        self._sent: list[bytes] = []

    def waits(self, posted: Iterable[str]) -> int:
        """Return how often something of calls was sent that was more than these scripts."""
        carried = {sha1(script.encode(), usedforsecurity=False).hexdigest().encode() for script in posted}
        return sum(not carried.issuperset(_SCRIPT.findall(sent)) for sent in self._sent)

    def take_note(self, sent: bytes) -> None:
        self._sent += [sent] * (_OF_CALLS.search(sent) is not None)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while content := await reader.read(2**20):
        writer.write(content)


LineT = TypeVar("LineT", bound=RedisLine)


@asynccontextmanager
async def through(line: LineT) -> AsyncGenerator[LineT]:
    """Relay what comes to a port of this line while the block runs."""
    async with await asyncio.start_server(line.relay, "127.0.0.1", 0) as server:
        line.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        yield line


def connection(redis: RedisServer) -> Any:
    return cast("Any", Redis).from_url(redis.url)


async def until(happened: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for what another worker does, in true time."""
    with anyio.fail_after(seconds):
        while not happened():  # noqa: ASYNC110 - no event comes from another process
            await anyio.sleep(0.01)
