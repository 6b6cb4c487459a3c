"""Workers that serve over HTTP, as processes of their own, and calls of them."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.support.processes import Child, line_of, started
from tests.support.redis import RedisServer
from tests.support.sockets import answer_in, message

ERAS = ("2026-07-28", "legacy")


def of_worker(autosend: str) -> dict[str, str]:
    """Return the variables of a worker."""
    return {
        "AUTOSEND_API_KEY": "AS_0123456789abcdef",
        "AUTOSEND_BASE_URL": autosend,
        "AUTOSEND_RATE_LIMIT": "100000",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@asynccontextmanager
async def worker(
    autosend: str, port: int = 0, more: Mapping[str, str] | None = None
) -> AsyncGenerator[tuple[Child, int]]:
    """Yield a server over HTTP, and its port. `more`: further variables."""
    async with started("serve", "--http", f"127.0.0.1:{port}", env={**of_worker(autosend), **(more or {})}) as child:
        where = await line_of(child.out)
        yield child, int(where.split("/mcp")[0].rpartition(":")[2])


async def restarting(process: asyncio.subprocess.Process) -> list[int]:
    """Ask for a restart of the workers; return those of before once another one starts in the place of the first."""
    before = children_of(process.pid)
    process.send_signal(signal.SIGHUP)
    while len(children_of(process.pid)) == len(before):  # noqa: ASYNC110 - other processes
        await asyncio.sleep(0.02)
    return before


async def create(http: httpx2.AsyncClient, email: str, era: str) -> str | None:
    """Call create_contact; return the outcome, None for no whole answer."""
    headers, body = message("tools/call", {"name": "create_contact", "arguments": {"email": email}}, era)
    try:
        reply = await http.post("/mcp", json=body, headers=headers)
        if reply.status_code == 502 or not reply.text.rstrip().endswith("}"):  # the balancer has had no whole answer
            return None
        result = answer_in(reply)["result"]
    except httpx2.TransportError:  # in the middle of an answer
        return None
    answer: dict[str, Any] = result.get("structuredContent", {})
    assert answer.get("email") == email, result
    return answer["outcome"]


def children_of(pid: int) -> list[int]:
    """Return the workers that a process has started."""
    found = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return [child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


@asynccontextmanager
async def command_of_two(redis: RedisServer, *more: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, str]]:
    """Yield the command with two workers over one sandbox, and its URL. `more`: further arguments."""
    words = ["serve", "--http", "127.0.0.1:0", "--workers", "2", "--sandbox-sample", *more]
    env = {"AUTOSEND_REDIS_URL": redis.url, "AUTOSEND_RATE_LIMIT": "1000", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "autosend_mcp", *words]
    process = await asyncio.create_subprocess_exec(*command, env=env, stdout=PIPE, stderr=PIPE, start_new_session=True)
    assert process.stdout
    try:
        yield process, (await line_of(process.stdout)).split()[3].partition("/mcp")[0]
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.communicate()
