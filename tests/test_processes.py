"""What only a process of its own can show: a signal, a pipe that breaks, a kill, and what an interpreter loads."""

import json
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from autosend_mcp.sandbox.app import KEY as SANDBOX_KEY
from autosend_mcp.sandbox.app import PROJECT, Sandbox
from tests.support.faulty import Exchange, create_well, faulty_autosend
from tests.support.importing import csv_of, people, report_of
from tests.support.line import Forward, Line, empty_sandbox, forwarded
from tests.support.port import on_a_port
from tests.support.processes import PATIENCE, ROOT, Child, line_of, rest_of, started
from tests.support.records import members_of, starts_of
from tests.support.requests import BULK
from tests.support.worlds import KEY, answer_of, connected, error_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

COMMAND = [sys.executable, "-m", "autosend_mcp"]
JANE = {"email": "jane@example.com"}
ONE_AT_A_TIME = {"AUTOSEND_RATE_LIMIT": "0.05"}  # one in 20 s: the next waits for its turn
HEAVY = {
    "opentelemetry.sdk",
    "prometheus_client",
    "rich",
    "typer",
    "sqlite3",
    "redis",
    "autosend_mcp.sandbox",
    "autosend_mcp.cli.demo",
}
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "0"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def at(url: str, **env: str) -> dict[str, str]:
    """Return the environment of a command that works with the AutoSend there."""
    return {"AUTOSEND_API_KEY": KEY, "AUTOSEND_BASE_URL": url, "AUTOSEND_RATE_LIMIT": "1000", **env}


# Serving MCP


def server(*args: str, **env: str) -> StdioServerParameters:
    return StdioServerParameters(command=COMMAND[0], args=[*COMMAND[1:], *args], env=env)


async def test_a_client_lists_and_calls_tools_and_a_long_answer_arrives_whole() -> None:
    """Of the newer era; the tests below initialize as a client of the older does."""
    with TemporaryFile("w+") as log:
        transport = stdio_client(server("--sandbox", AUTOSEND_API_KEY=KEY), errlog=log)
        async with Client(transport, mode="auto") as client:
            assert client.protocol_version == "2026-07-28"
            assert client.server_info
            assert client.server_info.name == "autosend-mcp"
            capabilities = client.server_capabilities.model_dump(exclude_none=True)
            assert set(capabilities) == {"tools", "resources", "prompts", "completions"}
            listed = await client.list_tools()
            assert len(listed.model_dump_json()) > 20_000
            assert "create_contact" in [tool.name for tool in listed.tools]
            answer = answer_of(await client.call_tool("create_contact", {**JANE, "firstName": "x" * 1_000}))
            assert (answer["email"], answer["firstName"]) == ("jane@example.com", "x" * 1_000)
        log.seek(0)
        lines = [json.loads(line) for line in log]
    assert [(line["tool"], line["outcome"], line["status"]) for line in lines] == [("create_contact", "created", 200)]
    assert set(lines[0]) == {
        "time",
        "level",
        "event",
        "tool",
        "outcome",
        "status",
        "requests",
        "writes",
        "address",
        "ms",
    }


@pytest.mark.parametrize("modern", [False, True])
async def test_a_line_that_is_malformed_is_answered_and_the_server_goes_on(modern: bool) -> None:
    meta: dict[str, Any] = {"_meta": ENVELOPE} if modern else {}
    async with started("--sandbox") as child:
        if not modern:
            await child.initialize()
        await malformed_calls_and_lines_are_answered_by_field(child, meta)
        await requests_that_json_cannot_hold_are_answered(child, meta)
        child.end_stdin()
        code, log = await child.ended()
    assert "Traceback" not in log
    assert "half" not in log
    assert code == 0


async def malformed_calls_and_lines_are_answered_by_field(child: Child, meta: dict[str, Any]) -> None:
    for number, arguments in enumerate([["x"], "x", 5, True, "[1, 2]"]):
        child.call(number, arguments, **meta)
        error = (await child.read())["error"]
        assert error["code"] == -32602
        assert error["message"].startswith("arguments must be a JSON object, for example {")
    none: list[str] = []
    for arguments, said in ((none, "email: is required"), ('{"email": "a@b"}', "email: must be one mail address")):
        child.call(7, arguments, **meta)
        assert said in (await child.read())["result"]["content"][0]["text"]
    child.request(7, "tools/call", {"name": 5, **meta})
    assert (await child.read())["error"]["message"].startswith("name must be the name of a tool: create_contact")
    for junk, answered in (("not json", None), ("[]", None), ("{}", None), ('{"jsonrpc": "2.0", "id": 1}', 1)):
        child.send(junk)
        assert (await child.read())["id"] == answered
    child.send("")
    child.send("\ufeff" + json.dumps({"jsonrpc": "2.0", "id": 6, "method": "tools/list", "params": meta}))
    assert "tools" in (await child.read())["result"]
    child.call(8, {"email": "a@b.co", "firstName": "Ann"}, **meta)
    assert (await child.read())["result"]["structuredContent"]["outcome"] == "created"
    child.call(9, {"email": "b@b.co", "customFields": {"n": float("inf")}}, **meta)  # json.dumps writes Infinity
    text = (await child.read())["result"]["content"][0]["text"]
    assert "customFields.n: must be a finite number" in text


async def requests_that_json_cannot_hold_are_answered(child: Child, meta: dict[str, Any]) -> None:
    more = f',"_meta":{json.dumps(ENVELOPE)}' if meta else ""
    for value in ('"half of \\ud83d"', "[" * 300 + "]" * 300, "[" * 5_000 + "]" * 5_000, "9" * 5_000):
        params = f'{{"name":"create_contact","arguments":{{"email":"a@b.co","firstName":{value}}}{more}}}'
        for line in (
            f'{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{params}}}',
            f'{{"method":"tools/call","params":{params},"jsonrpc":"2.0","id":7}}',
            '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[]}',
        ):
            child.send(line)
            answer = await child.read()
            assert (answer["id"], answer["error"]["code"]) == (7, -32600)
            assert answer["error"]["message"].startswith("This request could not be read, and nothing was done.")
    child.call(8, JANE, **meta)
    assert (await child.read())["id"] == 8


async def test_a_host_that_does_not_wait_for_its_discovery_may_initialize() -> None:
    """@ai-sdk/mcp waits 1 s for the answer. Its lines lie in the pipe before Python has started."""
    async with started("--sandbox") as child:
        child.request(0, "server/discover", {"_meta": ENVELOPE})
        child.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 0}})
        client = {"name": "raw", "version": "0"}
        child.request(1, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client})
        assert "2026-07-28" in (await child.read())["result"]["supportedVersions"]
        assert (await child.read())["result"]["protocolVersion"] == "2025-11-25"
        child.request(2, "tools/list", {})
        assert (await child.read())["result"]["tools"]


async def test_a_sandbox_in_a_file_is_there_again_after_a_kill(tmp_path: Path) -> None:
    file = str(tmp_path / "contacts.sqlite3")
    async with started("--sandbox", file) as child:
        await child.initialize()
        child.call(1, JANE)
        assert (await child.read())["result"]["structuredContent"]["outcome"] == "created"
        child.signal(signal.SIGKILL)
        await child.ended()
    with closing(Sandbox(file=file)) as sandbox:
        async with connected(Line(sandbox)) as client:
            assert "already exists" in error_of(await client.call_tool("create_contact", JANE))


async def test_a_host_that_stops_reading_is_outlived_without_a_traceback() -> None:
    async with started("--sandbox") as child:
        await child.initialize()
        child.stop_reading()
        child.call(1, JANE)
        child.end_stdin()
        code, log = await child.ended()
    assert code == 0
    assert "Traceback" not in log


async def test_a_host_that_keeps_the_pipe_and_does_not_read_is_left() -> None:
    async with started() as child:
        await child.initialize()
        for number in range(30):  # more than a pipe holds
            child.request(number, "tools/list", {})
        child.end_stdin()
        code, _ = await child.ended()
    assert code == 0


async def test_interrupted_while_idle_it_ends_and_says_nothing() -> None:
    async with started() as child:
        await child.initialize()
        child.signal(signal.SIGINT)
        assert await child.ended() == (130, "")


async def told_to_end(child: Child, how: str) -> None:
    if how == "eof":
        child.end_stdin()
    else:
        child.signal(signal.Signals[how])


@pytest.mark.parametrize(
    ("how", "finishes", "code"),
    [("eof", True, 0), ("SIGTERM", False, 143), ("SIGINT", True, 130), ("SIGHUP", True, 129)],
)
async def test_asked_to_end_it_finishes_or_records_each_call(how: str, finishes: bool, code: int) -> None:
    """One call is with AutoSend, the next waits for its turn."""
    async with faulty_autosend(tcp=True) as faulty:
        arrived, go_on = anyio.Event(), anyio.Event()

        async def slow(exchange: Exchange) -> None:
            arrived.set()
            await (go_on.wait() if finishes else anyio.sleep_forever())
            await create_well(exchange)

        faulty.create = slow
        async with started(env=at(faulty.url, **ONE_AT_A_TIME)) as child:
            await child.initialize()
            child.call(1, JANE)
            child.call(2, {"email": "waits@example.com"})
            await arrived.wait()
            await told_to_end(child, how)
            go_on.set()
            ended, log = await child.ended()
    outcomes = sorted(json.loads(line)["outcome"] for line in log.splitlines())
    assert (ended, outcomes) == (code, ["created" if finishes else "cut_off", "not_sent"])
    assert (faulty.creates, len(faulty.applied)) == (1, int(finishes))


async def test_a_signal_after_the_end_of_stdin_loses_no_record() -> None:
    async with faulty_autosend(tcp=True) as faulty:
        arrived = anyio.Event()

        async def hang(_exchange: Exchange) -> None:
            arrived.set()
            await anyio.sleep_forever()

        faulty.create = hang
        async with started(env=at(faulty.url, **ONE_AT_A_TIME)) as child:
            await child.initialize()
            child.call(1, JANE)
            await arrived.wait()
            child.call(2, {"email": "waits@example.com"})
            child.request(3, "ping", {})
            assert (await child.read())["id"] == 3  # so that the second call is under way
            child.end_stdin()
            assert (await child.read())["id"] in {1, 2}  # so that the end of stdin was seen
            child.signal(signal.SIGTERM)
            code, log = await child.ended()
    assert code == 143
    assert [json.loads(line)["outcome"] for line in log.splitlines()] == ["not_sent", "cut_off"]


# The other commands


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("call create_contact --sandbox --email a@b.co --firstName \u738b > /dev/full", 3),
        ("call create_contact --sandbox --email a@b.co | true", 141),
        ("--sandbox <&-", 2),
        ("--sandbox >&-", 2),
    ],
)
def test_a_stream_that_is_not_there_brings_no_traceback(command: str, code: int) -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {' '.join(COMMAND)} {command}"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)},
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr


async def test_an_interrupted_call_says_that_it_may_have_been_applied() -> None:
    async with faulty_autosend(tcp=True) as faulty:
        arrived = anyio.Event()

        async def hang(_exchange: Exchange) -> None:
            arrived.set()
            await anyio.sleep_forever()

        faulty.create = hang
        async with started("call", "create_contact", "--email", "jane@example.com", env=at(faulty.url)) as child:
            await arrived.wait()
            child.signal(signal.SIGINT)
            code, printed = await child.ended()
    assert code == 130
    assert "interrupted. If its request had left, it may have been applied" in printed
    assert '"outcome": "cut_off"' in printed
    assert "Traceback" not in printed


async def test_an_interrupted_import_settles_what_has_left_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes(csv_of(people(1_500)))
    line = Line(empty_sandbox())
    store = line.sandbox.store
    list_id = store.contact_lists.seed(PROJECT, "Newsletter", "list")
    words = ("import", "people.csv", "--list", "Newsletter")
    arrived, go_on = anyio.Event(), anyio.Event()

    async def held(forward: Forward) -> httpx2.Response:
        arrived.set()
        await go_on.wait()
        return await forward()

    line.lose(BULK, forwarded, forwarded, held, forwarded)
    async with on_a_port(line) as url:
        async with started(*words, env=at(url), cwd=tmp_path) as child:
            await arrived.wait()
            child.signal(signal.SIGTERM)
            assert (await line_of(child.err)).startswith("stopping: ")
            go_on.set()
            assert "not settled" in await rest_of(child.out)
            code, printed = await child.ended()
        assert (code, printed) == (130, "autosend-mcp: interrupted. Run the same command again to go on\n")
        assert line.count(BULK) < 15
        assert (tmp_path / "people.csv.journal").exists()
        async with started(*words, env=at(url), cwd=tmp_path) as child:
            shown = await rest_of(child.out)
            code, printed = await child.ended()
    assert (code, printed) == (0, "")
    assert "Going on with the import that was interrupted." in shown
    assert "created            1,500" in shown
    assert len(members_of(store, list_id)) == 1_500
    assert set(starts_of(store).values()) == {1}
    assert {row["reason"] for row in report_of(tmp_path / "people.report.csv")} == {""}
    line.sandbox.close()


async def test_what_the_sandbox_answered_survives_a_kill(tmp_path: Path) -> None:
    """20 creates are under way when the process is killed; every one that was answered is there afterwards."""
    words = ("sandbox", "--port", "0", "--no-rate-limit", "--file", str(tmp_path / "contacts.sqlite3"))
    headers = {"Authorization": f"Bearer {SANDBOX_KEY}"}
    answered: list[str] = []

    async def create(http: httpx2.AsyncClient, child: Child, number: int) -> None:
        try:
            response = await http.post("/contacts", json={"email": f"p{number}@example.com"})
            answered.append(response.json()["data"]["email"])
        except httpx2.HTTPError:
            return
        if len(answered) == 10:
            child.signal(signal.SIGKILL)

    async with started(*words) as child:
        url = (await line_of(child.out)).split()[3]
        async with httpx2.AsyncClient(headers=headers, base_url=url) as http, anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(create, http, child, number)
    async with started(*words) as child:
        url = (await line_of(child.out)).split()[3]
        async with httpx2.AsyncClient(headers=headers, base_url=url) as http:
            found = await http.post("/contacts/search/emails", json={"emails": answered})
    assert len(answered) >= 10
    assert sorted(contact["email"] for contact in found.json()["data"]["contacts"]) == sorted(answered)


def test_serving_stdio_loads_only_what_it_needs() -> None:
    needed = ("cli.main", "cli.connect", "logs", "server.stdio")
    code = "\n".join([*(f"import autosend_mcp.{module}" for module in needed), "import sys", "print(*sys.modules)"])
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert HEAVY & set(loaded) == set()
    assert "autosend_mcp.server.app" in loaded


def test_importing_at_the_shell_loads_no_sdk(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(csv_of(people(2)))
    command = ["--sandbox-sample", "import", str(file), "--list", "Newsletter"]
    code = f"import sys; from autosend_mcp.cli.main import main; print(main({command}), *sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    ended, *loaded = printed.splitlines()[-1].split()
    assert ended == "0"
    assert {"mcp", "mcp_types"} & set(loaded) == set()
