"""The file of bearer tokens: as people write, link, share and change it, while a server reads it."""

import json
import logging
import os
import resource
import sys
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from autosend_mcp.cli.main import main
from autosend_mcp.server.http.tenants import MAX_AT_ONCE
from autosend_mcp.server.http.tokens import TokenFile
from tests.support.line import Line
from tests.support.serving import served
from tests.support.sockets import message
from tests.support.worlds import KEY, answer_of

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
JSON = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "", "36501", "1000000000000"])
def test_a_token_of_no_sensible_time_is_not_made(days: str, tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "tokens.json"
    with pytest.raises(SystemExit) as ended:
        main(["token", "create", "ana", f"--days={days}", "--file", str(file)])
    assert (ended.value.code, file.exists()) == (2, False)
    assert "36,500" in capsys.readouterr().err


def test_a_token_is_revoked_where_the_file_really_is(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    real, link = tmp_path / "data" / "tokens.json", tmp_path / "tokens.json"
    link.symlink_to(real)
    TokenFile(link).create("ana")
    real.chmod(0o640)
    assert TokenFile(link).revoke("ana")
    assert not TokenFile(real).tokens()
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640  # who runs the server can still read it


def test_changes_at_once_are_all_kept(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    TokenFile(file).create("gone")

    def change(number: int) -> None:
        TokenFile(file).create(f"n{number}")
        if number == 3:
            TokenFile(file).revoke("gone")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(change, range(24)))
    assert {one.name for one in TokenFile(file).tokens()} == {f"n{number}" for number in range(24)}


def _bom(text: str) -> bytes:
    return b"\xef\xbb\xbf" + text.encode()


def _twice(text: str) -> bytes:
    (row,) = json.loads(text)["tokens"]
    return json.dumps({"tokens": [{**row, "read_only": True}, {**row, "name": "eve"}]}).encode()


def _having(**members: Any) -> Callable[[str], bytes]:
    return lambda text: json.dumps({"tokens": [{**json.loads(text)["tokens"][0], **members}]}).encode()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("write", "status"),
    [
        (_bom, 200),
        (_having(expires="2099-01-01T00:00:00"), 200),
        (_having(expires="2020-01-01"), 401),
        (_twice, 401),
        (_having(project_id="a b"), 500),
        (_having(toolsets="letters"), 500),
    ],
    ids=["BOM", "no zone", "no zone, over", "one token of two", "no project", "no toolset"],
)
async def test_a_file_written_by_hand_is_read_or_refused(
    line: Line, tmp_path: Path, write: Callable[[str], bytes], status: int
) -> None:
    async with served(line, tmp_path) as app:
        token = app.tokens.create("ana")
        file = tmp_path / "tokens.json"
        file.write_bytes(write(file.read_text()))
        async with app.http(token) as http:
            answer = await http.post("/mcp", json=LIST, headers=JSON)
        assert answer.status_code == status
        assert status != 500 or "settings for this caller" in answer.json()["error"]


@pytest.mark.anyio
@pytest.mark.parametrize("left", ["nothing", "an expired one", "one for metrics"])
async def test_a_server_that_lets_nobody_in_is_not_ready(line: Line, tmp_path: Path, left: str) -> None:
    async with served(line, tmp_path) as app, app.http() as http:
        app.tokens.create("ana")
        assert (await http.get("/ready")).status_code == 200
        file = tmp_path / "tokens.json"
        if left != "an expired one":
            app.tokens.revoke("ana")
        if left == "one for metrics":
            app.tokens.create("prometheus", metrics=True)
        elif left == "nothing":
            file.unlink()
        else:
            file.write_bytes(_having(expires="2020-01-01T00:00:00Z")(file.read_text()))
        answer = await http.get("/ready")
    assert (answer.status_code, answer.json()["problems"]) == (503, ["The file of tokens has none that is valid."])


@pytest.mark.parametrize("kind", ["broken", "folder", "/dev/null"])
def test_a_server_does_not_start_with_what_is_no_file_of_tokens(tmp_path: Path, capsys: Any, kind: str) -> None:
    path = Path(kind) if kind.startswith("/") else tmp_path / kind
    if kind == "broken":
        path.write_text("{")
    elif kind == "folder":
        path.mkdir()
    assert main(["serve", "--http", "127.0.0.1:0", "--sandbox", "--tokens", str(path)]) == 2
    assert f"The tokens cannot be read from {path}" in capsys.readouterr().err
    logging.getLogger().handlers.clear()


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
@pytest.mark.parametrize("words", [["create", "ben"], ["revoke", "ana"]])
def test_a_disk_that_is_full_changes_no_token(words: list[str], tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "tokens.json"
    TokenFile(path).create("ana")
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        assert main(["token", *words, "--file", str(path)]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert f"token: {path} cannot be written: " in (said := capsys.readouterr()).err
    assert (said.err.endswith("Nothing was changed.\n"), said.out) == (True, "")
    assert (path.read_bytes(), [*tmp_path.iterdir()]) == (before, [path])


@pytest.mark.anyio
@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes")
async def test_a_key_from_a_pipe_is_that_of_every_caller(line: Line, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR)
    os.write(writer, f"{KEY}\n".encode())
    async with served(line, tmp_path, api_key=None, api_key_file=pipe) as app:
        os.close(writer)
        for name in ("ana", "ben"):
            async with app.client(app.tokens.create(name)) as client:
                made = answer_of(await client.call_tool("create_contact", {"email": f"{name}@example.com"}))
                assert made["outcome"] == "created"


class _Held(httpx2.AsyncBaseTransport):
    """AutoSend, which answers nothing until it is released; `full` is set by so many requests."""

    def __init__(self, line: Line, number: int) -> None:
        self.full, self.released = anyio.Event(), anyio.Event()
        self._line, self._left = line, number

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await self.hold()
        return await self._line.handle_async_request(request)

    async def hold(self) -> None:
        self._left -= 1
        if not self._left:
            self.full.set()
        await self.released.wait()


@pytest.mark.anyio
@pytest.mark.slow
@pytest.mark.parametrize("what", ["their answers", "their bodies"])
async def test_one_caller_does_not_take_the_requests_of_all(what: str, line: Line, tmp_path: Path) -> None:
    """All but the last wait, for what they call or for the rest of what they send."""
    world = _Held(line, MAX_AT_ONCE)
    statuses: list[int] = []
    async with (
        served(world, tmp_path, rate_limit=1_000, rate_limit_minute=100_000) as app,
        app.http(app.tokens.create("ana")) as ana,
        app.http(app.tokens.create("ben")) as ben,
    ):

        async def call(number: int) -> None:
            wanted = {"name": "get_contact", "arguments": {"email": f"n{number}@example.com"}}
            headers, body = message("tools/call", wanted)

            async def sent() -> AsyncGenerator[bytes]:
                await world.hold()
                yield json.dumps(body).encode()

            content = sent() if what == "their bodies" else json.dumps(body)
            statuses.append((await ana.post("/mcp", content=content, headers=headers)).status_code)

        headers, body = message("tools/list", {})
        async with anyio.create_task_group() as tasks:
            for number in range(MAX_AT_ONCE):
                tasks.start_soon(call, number)
            await world.full.wait()
            refused = await ana.post("/mcp", json=body, headers=headers)
            others = await ben.post("/mcp", json=body, headers=headers)
            assert (refused.status_code, refused.headers["retry-after"], others.status_code) == (429, "1", 200)
            world.released.set()
        again = await ana.post("/mcp", json=body, headers=headers)
    assert statuses == [200] * MAX_AT_ONCE
    assert again.status_code == 200
