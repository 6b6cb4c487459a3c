"""Workers as processes of their own behind a balancer, one of which is killed; and the page of deploying, followed."""

import asyncio
import os
import re
import shlex
import signal
import sys
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from autosend_mcp.server import asgi
from autosend_mcp.server.http.tokens import TokenFile
from tests.support.balancer import balanced, free_port, listens
from tests.support.line import Line, empty_sandbox
from tests.support.port import on_a_port
from tests.support.processes import line_of, started
from tests.support.redis import RedisServer
from tests.support.workers import ERAS, create, of_worker, worker

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

CLIENTS = 8


class Done(NamedTuple):
    """A call that has ended: for whom, from when to when, and the outcome that was answered; None for no answer."""

    email: str
    began: float
    ended: float
    outcome: str | None


async def test_a_killed_worker_loses_only_what_it_had_under_way() -> None:
    clock = asyncio.get_running_loop().time
    sandbox, numbers, done, enough = empty_sandbox(), count(), list[Done](), asyncio.Event()
    line = Line(sandbox)

    async def load(url: str, era: str) -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
            while not enough.is_set():
                email, began = f"p{next(numbers)}@example.com", clock()
                outcome = await create(http, email, era)
                done.append(Done(email, began, clock(), outcome))

    async def so_many(calls: int) -> None:
        calls += len(done)
        while len(done) < calls:  # noqa: ASYNC110 - of several clients
            await asyncio.sleep(0.05)

    async with on_a_port(line) as autosend, AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(worker(autosend)) for _ in range(3)]
        url = await stack.enter_async_context(balanced([port for _, port in workers]))
        async with asyncio.TaskGroup() as tasks:
            for client in range(CLIENTS):
                tasks.create_task(load(url, ERAS[client % 2]))
            await so_many(60)
            workers[0][0].signal(signal.SIGKILL)
            killed = clock()
            await workers[0][0].exit_code()
            gone = clock()
            await so_many(60)
            await stack.enter_async_context(worker(autosend, workers[0][1]))
            await so_many(90)
            enough.set()
        async with httpx2.AsyncClient(base_url=url) as http:
            assert (await http.get("/metrics")).status_code == 404
            assert (await http.get("/health")).json() == {"status": "ok"}
            assert (await http.post("/mcp", content=b" " * 1_100_000)).status_code == 413
        lost = [call for call in done if call.outcome is None]
        assert len(lost) <= CLIENTS
        assert all(call.began <= gone and call.ended >= killed for call in lost), (killed, gone, lost)
        assert {call.outcome for call in done} <= {"created", None}
        sent = [body["email"] for body in line.bodies("POST /contacts") if "email" in body]
        assert len(sent) == len(set(sent)), "no address was sent twice"
        assert {call.email for call in done if call.outcome} <= set(sent)
    sandbox.close()


async def test_workers_together_keep_to_the_limit_of_the_api(redis: RedisServer) -> None:
    """Three processes, and an AutoSend in a fourth that counts by itself, and would refuse what is too much."""
    limit, each = 10, 6
    async with started("sandbox", "--port", "0", "--set", f"rate_limit={limit}") as api, AsyncExitStack() as stack:
        autosend = (await line_of(api.out)).split()[3]
        settings = {"AUTOSEND_RATE_LIMIT": str(limit), "AUTOSEND_REDIS_URL": redis.url}
        ports = [(await stack.enter_async_context(worker(autosend, more=settings)))[1] for _ in range(3)]

        async def load(port: int, name: str) -> None:
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
                for number in range(each):
                    assert await create(http, f"{name}{number}@example.com", ERAS[number % 2]) == "created"

        async with asyncio.TaskGroup() as tasks:
            for place, port in enumerate([*ports, *ports]):
                tasks.create_task(load(port, f"c{place}-"))
        async with httpx2.AsyncClient() as http:
            counted = (await http.get(f"{autosend.removesuffix('/v1')}/sandbox/requests")).json()
    statuses = [one["status"] for one in counted["requests"]]
    assert len(statuses) >= 6 * each
    # On a busy machine a request is held up on its way, and meets a later one. Without Redis, eight are refused.
    assert statuses.count(429) < 5


@pytest.mark.parametrize("numbers", [[signal.SIGTERM], [signal.SIGINT], [signal.SIGHUP], [signal.SIGTERM] * 2])
async def test_a_process_that_is_asked_to_end_succeeds(numbers: list[int]) -> None:
    sandbox = empty_sandbox()
    async with (
        on_a_port(Line(sandbox)) as autosend,
        worker(autosend) as (child, port),
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        assert await create(http, "jane@example.com", "legacy") == "created"
        for number in numbers:
            child.signal(number)
        code, err = await child.ended()
    assert code == 0
    assert "Traceback" not in err
    assert [line.partition('"event": "')[2].partition('"')[0] for line in err.splitlines()] == ["call", "ended"]
    sandbox.close()


async def test_the_workers_of_uvicorn_serve_and_end_alike(tmp_path: Path) -> None:
    sandbox, tokens, port = empty_sandbox(), TokenFile(tmp_path / "tokens.json"), free_port()
    shown = {"Authorization": f"Bearer {tokens.create('ana')}"}
    command = [*str(asgi.__doc__).partition("    ")[2].replace("\\\n", " ").split(), "--port", str(port)]
    async with on_a_port(Line(sandbox)) as autosend:
        env = {"PATH": os.environ["PATH"], **of_worker(autosend)}
        env |= {"AUTOSEND_HTTP_TOKENS": str(tmp_path / "tokens.json"), "AUTOSEND_HTTP_HOSTS": "127.0.0.1:*"}
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", *command, env=env, stderr=PIPE)
        try:
            while not await listens(port):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=shown) as http:
                for number, era in enumerate(ERAS * 3):
                    assert await create(http, f"p{number}@example.com", era) == "created"
        finally:
            process.terminate()
            _, err = await process.communicate()
    assert process.returncode == 0, err
    assert b"Traceback" not in err
    sandbox.close()


def commands_of(page: str, words: str) -> list[str]:
    """Return the commands with these words that a page shows and that are not run with it."""
    blocks = re.findall(r"^<!-- drawn -->\n```text\n(.*?)^```", Path(page).read_text(), re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if words in line]


async def test_the_page_of_deploying_is_followed_word_by_word(tmp_path: Path) -> None:
    """But for the port, and the place of the key. The token is changed while the server runs."""
    alone, team = commands_of("docs/deploy.md", "serve --http")
    curls = commands_of("docs/deploy.md", "curl -i")
    (tmp_path / "key").write_text("AS_0123456789abcdef\n")
    tokens, sandbox = TokenFile(tmp_path / "tokens.json"), empty_sandbox()
    first = tokens.create("ana")
    async with on_a_port(Line(sandbox)) as autosend:
        for command, shown in ((alone, {}), (team, {"Authorization": f"Bearer {first}", "Host": "mcp.example.com"})):
            *variables, _, words = re.split(r"\s*(\.venv/bin/autosend-mcp) ", command)
            env = dict(one.split("=") for one in " ".join(variables).split())
            env = {name: str(tmp_path / "key") for name in env} | ({"AUTOSEND_BASE_URL": autosend} if env else {})
            given = words.replace(":8000", ":0").replace("tokens.json", str(tmp_path / "tokens.json")).split()
            async with started(*given, env=env) as child:
                port = (await line_of(child.out)).split("/mcp")[0].rpartition(":")[2]
                where = f"http://127.0.0.1:{port}"
                async with httpx2.AsyncClient(base_url=where, headers=shown, timeout=60) as http:
                    assert await create(http, "jane.doe@example.com", "legacy") == "created"
                    if shown:
                        assert [await status_of(curl.replace(":8000", f":{port}")) for curl in curls] == [200, 401, 421]
                        assert tokens.revoke("ana")
                        second = tokens.create("ana")
                        assert (await http.post("/mcp", json={})).status_code == 401
                        http.headers["Authorization"] = f"Bearer {second}"
                        assert await create(http, "john.doe@example.com", "legacy") == "created"
                child.signal(signal.SIGQUIT)
                assert (await child.ended())[0] == 0
    sandbox.close()


async def status_of(curl: str) -> int:
    """Run a command of curl; return the status of its answer."""
    process = await asyncio.create_subprocess_exec(*shlex.split(curl), stdout=PIPE, stderr=PIPE)
    out, _ = await process.communicate()
    return int(out.split()[1])
