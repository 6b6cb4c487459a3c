"""Serving over HTTP: who may call, what each of them is given, and that none sees another's."""

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp_types import CallToolResult

from autosend_mcp.cli.main import main
from autosend_mcp.logs import configure_logging
from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.server.http.reports import Reports
from autosend_mcp.server.http.settings import HttpSettings, load_http_settings
from autosend_mcp.server.memory import in_process
from autosend_mcp.settings import Settings, SettingsError, load_settings
from autosend_mcp.tools.jobs import Jobs
from autosend_mcp.variables import OF_HTTP
from tests.support.line import Forward, Line
from tests.support.serving import served
from tests.support.worlds import answer_of, autosend_over, error_of

JANE = {"email": "jane@example.com"}
LIST: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
JSON = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.mark.anyio
async def test_a_contact_is_created_once_over_http(line: Line, era: str) -> None:
    async with served(line) as app, app.client(era=era) as client:
        assert len((await client.list_tools()).tools) == 19
        assert answer_of(await client.call_tool("create_contact", JANE))["outcome"] == "created"
        assert "exists" in error_of(await client.call_tool("create_contact", JANE))


SHOWN = [
    "",
    "Bearer ",
    "Bearer asm_made-up",
    "Basic YTpi",
    "Bearer AS_0123456789abcdef",  # AutoSend's key is no token
]


@pytest.mark.anyio
@pytest.mark.parametrize("shown", SHOWN)
async def test_who_shows_no_token_of_ours_is_refused(line: Line, tmp_path: Path, shown: str) -> None:
    async with served(line, tmp_path) as app, app.http() as http:
        app.tokens.create("ana")
        answer = await http.post("/mcp", json=LIST, headers=JSON | ({"Authorization": shown} if shown else {}))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert not line.seen


@pytest.mark.anyio
async def test_a_token_ends_when_it_is_revoked_or_expires(line: Line, tmp_path: Path) -> None:
    async with served(line, tmp_path) as app:
        ana = app.tokens.create("ana")
        late = app.tokens.create("late", expires=datetime.now(UTC) - timedelta(seconds=1))
        ben = app.tokens.create("ben")
        async with app.client(ben) as client:
            assert app.tokens.revoke("ana")
            statuses: list[int] = []
            for token in (ana, late, ben):
                async with app.http(token) as http:
                    statuses.append((await http.post("/mcp", json=LIST, headers=JSON)).status_code)
            assert answer_of(await client.call_tool("create_contact", JANE))["outcome"] == "created"
    assert statuses == [401, 401, 200]


@pytest.mark.anyio
async def test_a_file_of_tokens_that_is_damaged_lets_nobody_in(line: Line, tmp_path: Path) -> None:
    async with served(line, tmp_path) as app:
        token = app.tokens.create("ana")
        async with app.http(token) as http:
            assert (await http.get("/ready")).status_code == 200
            (tmp_path / "tokens.json").write_text('{"tokens": [{"name": "ana"}]}')
            assert (await http.post("/mcp", json=LIST, headers=JSON)).status_code == 401
            assert (await http.get("/ready")).json() == {
                "ready": False,
                "problems": ["The file of tokens cannot be read."],
            }
            assert (await http.get("/health")).status_code == 200


@pytest.mark.anyio
async def test_a_token_may_do_less_than_the_server_and_never_more(line: Line, tmp_path: Path) -> None:
    async with served(line, tmp_path, read_only=False) as app:
        reader = app.tokens.create("reader", read_only=True)
        lists = app.tokens.create("lists", toolsets="lists")
        async with app.client(reader) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert "get_contact" in names
            assert "create_contact" not in names
            assert "this token may only read" in error_of(await client.call_tool("create_contact", JANE))
        async with app.client(lists) as client:
            assert "create_contact" not in {tool.name for tool in (await client.list_tools()).tools}
    async with served(line, tmp_path, read_only=True) as app, app.client(app.tokens.create("writer")) as client:
        assert "create_contact" not in {tool.name for tool in (await client.list_tools()).tools}
    assert line.count("POST /contacts") == 0


@pytest.mark.anyio
async def test_nobody_sees_or_undoes_what_another_caller_did(line: Line, tmp_path: Path, era: str) -> None:
    async with served(line, tmp_path) as app:
        ana, ben = app.tokens.create("ana"), app.tokens.create("ben")
        async with app.client(ana, era) as client:
            undo = answer_of(await client.call_tool("create_contact", JANE))["undo"]
        async with app.client(ben, era) as client:
            assert "undo" in error_of(await client.call_tool("undo", {"undo": undo})).lower()
            history: Any = (await client.read_resource("autosend://writes")).contents[0]
            assert JANE["email"] not in history.text
        async with app.client(ana, era) as client:  # and the one who did it still can, by another connection
            history = (await client.read_resource("autosend://writes")).contents[0]
            assert JANE["email"] in history.text


@pytest.mark.anyio
async def test_each_caller_works_with_a_key_of_their_own(line: Line, tmp_path: Path) -> None:
    keys: list[str] = []

    class _Heard(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            keys.append(request.headers["authorization"])
            return await line.handle_async_request(request)

    (tmp_path / "key").write_text("AS_of-somebody-else-0123456789")
    async with served(_Heard(), tmp_path) as app:
        own = app.tokens.create("own", key_file=str(tmp_path / "key"))
        gone = app.tokens.create("gone", key_file=str(tmp_path / "no-such-file"))
        async with app.client(own) as client:
            await client.call_tool("create_contact", JANE)
        async with app.client(gone) as client:
            assert "no AutoSend key" in error_of(await client.call_tool("create_contact", JANE))
    assert set(keys) == {"Bearer AS_of-somebody-else-0123456789"}


REFUSED: list[tuple[dict[str, str], int]] = [
    ({"Host": "evil.example"}, 421),
    ({"Host": "127.0.0.1.evil.example:8000"}, 421),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://127.0.0.1.evil.example"}, 403),
    ({"Content-Type": "text/plain"}, 400),
    ({}, 200),
    ({"Origin": "http://localhost:3000"}, 200),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("headers", "status"), REFUSED)
async def test_a_foreign_page_or_name_is_refused(line: Line, era: str, headers: dict[str, str], status: int) -> None:
    protocol = {"legacy": "2025-11-25"}.get(era, era)
    version = {"MCP-Protocol-Version": protocol, "Mcp-Method": "tools/list"}
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": protocol,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    async with served(line) as app, app.http() as http:
        answer = await http.post("/mcp", json={**LIST, "params": {"_meta": meta}}, headers=JSON | version | headers)
    assert answer.status_code == status, answer.text


@pytest.mark.anyio
async def test_a_message_of_more_than_a_megabyte_is_refused(line: Line) -> None:
    async with served(line) as app, app.http() as http:
        answer = await http.post("/mcp", content=b"[" + b" " * 1_000_000, headers=JSON)
    assert answer.status_code == 413


@pytest.mark.anyio
async def test_a_call_is_logged_with_who_made_it(
    line: Line, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with served(line, tmp_path) as app, app.client(app.tokens.create("ana")) as client:
        configure_logging("INFO")
        await client.call_tool("create_contact", JANE)
    logged = json.loads(capsys.readouterr().err.splitlines()[0])
    assert (logged["tool"], logged["principal"], logged["outcome"]) == ("create_contact", "ana", "created")


def test_nobody_but_this_machine_is_served_unasked() -> None:
    with pytest.raises(SettingsError, match="who may call"):
        HttpSettings().checked(loopback=False)
    with pytest.raises(SettingsError, match="AUTOSEND_HTTP_HOSTS"):
        HttpSettings(http_tokens=Path("tokens.json")).checked(loopback=False)
    named = HttpSettings(http_tokens=Path("tokens.json"), http_hosts=("mcp.example.com",))
    assert named.checked(loopback=False).hosts == ["mcp.example.com"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HOSTS", "https://mcp.example.com"),
        ("ORIGINS", "app.test"),
        ("URL", "http://mcp.example.com/mcp"),
        ("ISSUER", "https://ana:pw@login.example.com"),
        ("ISSUER", "https://login.exa\tmple.com"),
        ("ISSUER", "${ISSUER}"),
        ("TOKENS", "${TOKENS}"),
        ("STATE_KEY", "short"),
        ("TOKEN", "tokens.json"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    name = f"AUTOSEND_{variable}" if variable == "STATE_KEY" else f"AUTOSEND_HTTP_{variable}"
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as raised:
        load_http_settings()
    assert value not in str(raised.value) or variable == "TOKEN"


def test_serving_over_stdin_leaves_the_variables_of_http_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOSEND_HTTP_TOKENS", "tokens.json")
    monkeypatch.setenv("AUTOSEND_REDIS_URL", "redis://127.0.0.1")
    assert load_settings().base_url == "https://api.autosend.com/v1"


def test_tokens_are_made_listed_and_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = ["--file", str(tmp_path / "folder" / "tokens.json")]
    assert main(["token", "create", "ana", "--read-only", "--days", "90", *file]) == 0
    token = capsys.readouterr().out.strip()
    path = Path(file[1])
    assert token not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)  # for the group of who serves
    assert main(["token", "create", "ben", *file]) == 0
    assert path.stat().st_mode & 0o777 == 0o640
    assert main(["token", "revoke", "ben", *file]) == 0
    assert main(["token", "create", "ana", *file]) == 2
    assert "revoke it first" in capsys.readouterr().err
    assert main(["token", "list", "--json", *file]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["read_only"], row["valid"], "sha256" in row) == ("ana", True, True, False)
    assert main(["token", "list", *file]) == 0
    assert "ana\treads\tuntil " in capsys.readouterr().out
    assert main(["token", "revoke", "ana", *file]) == 0
    assert main(["token", "revoke", "ana", *file]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["create", "ana"], "AUTOSEND_HTTP_TOKENS"),
        (["create", "a b", "--file", "{}/t.json"], "letters, digits"),
        (["create", "ana", "--file", "{}/t.json", "--key-file", "{}/none"], "key"),
        (["create", "ana", "--file", "{}/t.json", "--toolsets", "letters"], "AUTOSEND_TOOLSETS"),
        (["list", "--file", "{}"], "cannot be read"),
    ],
)
def test_a_token_that_cannot_be_made_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["token", *(word.replace("{}", str(tmp_path)) for word in words)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--http", "8000"], "HOST:PORT"),
        (["--http", "127.0.0.1:99999"], "HOST:PORT"),
        (["--http", "0.0.0.0:0"], "who may call"),
        (["--http", "127.0.0.1:0", "--allow-host", "https://x"], "AUTOSEND_HTTP_HOSTS"),
        (["--http", "192.0.2.1:8000"], "192.0.2.1"),
        (["--http", "127.0.0.1:0", "--tokens", ""], "AUTOSEND_HTTP_TOKENS is given as nothing"),
        (["--workers", "2"], "--http HOST:PORT"),
        (["--http", "127.0.0.1:0", "--workers", "2"], "neither the pace"),
        (["--http", "8000", "--workers", "2"], "HOST:PORT"),
    ],
)
def test_what_cannot_be_served_says_why(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(["serve", "--sandbox", *words]) == 2
    assert said in capsys.readouterr().err
    logging.getLogger().handlers.clear()


def test_the_help_of_serve_says_which_variables_count(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for name, field in HttpSettings.model_fields.items():
        assert f"AUTOSEND_{name.upper()} {(field.description or '').replace('`', '')}" in said
    assert all(f"AUTOSEND_{name.upper()}" in said for name in Settings.model_fields)
    assert {*HttpSettings.model_fields} == {*OF_HTTP}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--metrics"], "--metrics counts one process"),
        (["--toolsets", "letters"], "AUTOSEND_TOOLSETS"),
        (["--workers", "0"], "1 to 64"),
    ],
)
def test_what_workers_cannot_serve_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    monkeypatch.setenv("AUTOSEND_REDIS_URL", "redis://127.0.0.1")
    try:
        assert main(["serve", "--http", "127.0.0.1:0", "--workers", "2", *words]) == 2
    except SystemExit as ended:
        assert ended.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.anyio
async def test_the_server_of_one_caller_that_fails_ends_no_other(
    line: Line, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class _Broken(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return await line.handle_async_request(request)

        async def aclose(self) -> None:
            raise RuntimeError("no way to close")

    async with served(_Broken(), tmp_path) as app:
        for name in ("ana", "ben"):
            async with app.client(app.tokens.create(name)) as client:
                await client.call_tool("create_contact", {"email": f"{name}@example.com"})
    assert [record.message for record in caplog.records].count("server_failed") == 2


@pytest.mark.anyio
async def test_a_caller_whose_import_runs_is_not_closed_and_its_report_is_kept(line: Line, tmp_path: Path) -> None:
    go_on = anyio.Event()

    async def held(forward: Forward) -> httpx2.Response:
        await go_on.wait()
        return await forward()

    async def import_of(client: Client, import_id: str) -> CallToolResult:
        return await client.call_tool("get_import", {"importId": import_id})

    async with served(line, tmp_path, {"max_idle": 1}, toolsets="contacts,imports") as app:
        ana, ben, cleo = (app.tokens.create(name) for name in ("ana", "ben", "cleo"))
        async with app.client(ana) as of_ana, app.client(ben) as of_ben, app.client(cleo) as of_cleo:
            line.lose("", held)
            started = answer_of(await of_ana.call_tool("start_import", {"text": "email\njane@example.com\n"}))
            for client in (of_ben, of_cleo, of_ben):
                await client.list_tools()
            assert answer_of(await import_of(of_ana, started["importId"]))["importId"] == started["importId"]
            go_on.set()
            await anyio.sleep(60)
            for client in (of_ben, of_cleo, of_ben):
                await client.list_tools()
            report = answer_of(await import_of(of_ana, started["importId"]))
            assert (report["outcome"], report["counts"]) == ("done", {"created": 1})
            for client in (of_ben, of_cleo):
                assert "no import with this id" in error_of(await import_of(client, started["importId"]))
    assert [contact["email"] for contact in line.sandbox.store.contacts.all(PROJECT)] == [JANE["email"]]


@pytest.mark.anyio
async def test_reports_of_callers_who_are_closed_are_bounded() -> None:
    class _Done:
        async def run(self) -> None: ...
        def stop(self) -> None: ...

    reports, ids, kept = Reports(most=3), dict[str, list[str]](), dict[str, list[bool]]()
    autosend = autosend_over("http://127.0.0.1:1/v1")
    async with anyio.create_task_group() as tasks:
        for name in ("ana", "ben", "cleo"):
            jobs = Jobs(tasks)
            reports.of(name, in_process)(autosend, tasks, jobs)
            ids[name] = [jobs.start("about", _Done()) for _ in range(2)]
            await anyio.wait_all_tasks_blocked()
            reports.leave(name)
        for name, started in ids.items():
            jobs = Jobs(tasks)
            reports.of(name, in_process)(autosend, tasks, jobs)
            kept[name] = [jobs.get(job_id) is not None for job_id in started]
    assert kept == {"ana": [False, False], "ben": [False, True], "cleo": [True, True]}
