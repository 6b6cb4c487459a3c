"""The server as a host runs it: a child process on stdin and stdout, told to end in every way."""

import json
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from autosend_mcp.cli.connect import connect
from autosend_mcp.server.app import open_server
from autosend_mcp.server.stdio import refusal_of
from tests.beside import beside
from tests.forking import Forked
from tests.support.faulty import Exchange, Faulty, create_well, faulty_autosend
from tests.support.worlds import KEY, answer_of, error_of

JANE = {"email": "jane@example.com"}
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "0"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def server(*args: str, **env: str) -> StdioServerParameters:
    return StdioServerParameters(command=sys.executable, args=["-m", "autosend_mcp", *args], env=env)


def real_api(faulty: Faulty, **env: str) -> dict[str, str]:
    return {"AUTOSEND_API_KEY": KEY, "AUTOSEND_BASE_URL": faulty.url, "AUTOSEND_RATE_LIMIT": "1000", **env}


@beside(("2026-07-28",), ("legacy",))
async def test_a_client_lists_and_calls_the_tool_and_a_long_answer_arrives_whole(era: str) -> None:
    custom = {f"f{number}": "x" * 1000 for number in range(20)}
    with tempfile.TemporaryFile("w+") as log:
        transport = stdio_client(server("--sandbox", AUTOSEND_API_KEY=KEY), errlog=log)
        async with Client(transport, mode=era if era == "legacy" else "auto") as client:
            assert client.protocol_version == ("2025-11-25" if era == "legacy" else "2026-07-28")
            assert client.server_info
            assert client.server_info.name == "autosend-mcp"
            capabilities = client.server_capabilities.model_dump(exclude_none=True)
            assert set(capabilities) == {"tools", "resources", "prompts", "completions"}
            assert "create_contact" in [tool.name for tool in (await client.list_tools()).tools]
            answer = answer_of(await client.call_tool("create_contact", {**JANE, "customFields": custom}))
            assert (answer["email"], answer["customFields"]) == ("jane@example.com", custom)
        log.seek(0)
        lines = [json.loads(line) for line in log]
    assert [(line["tool"], line["outcome"], line["status"], line["attempts"]) for line in lines] == [
        ("create_contact", "created", 200, 2)
    ]
    assert set(lines[0]) == {"time", "level", "event", "tool", "outcome", "status", "attempts", "address", "ms"}


@beside()
async def test_a_sandbox_in_a_file_is_there_again_after_a_kill() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "contacts.sqlite3")
        process = Raw.initialized({}, "--sandbox", file)
        process.call(1, JANE)
        assert process.read()["result"]["structuredContent"]["outcome"] == "created"
        process.child.kill()
        process.end()
        async with Client(stdio_client(server("--sandbox", file))) as client:
            assert "already exists" in error_of(await client.call_tool("create_contact", JANE))


@pytest.mark.anyio
async def test_without_a_key_the_tools_are_listed_and_a_call_names_the_variable() -> None:
    async with open_server(connect(None)) as (served, _), Client(served) as client:
        assert (await client.list_tools()).tools
        text = error_of(await client.call_tool("create_contact", JANE))
    assert "AUTOSEND_API_KEY is missing or empty. Nothing was sent and nothing changed." in text
    advice = "You cannot fix this: report it to the user, who can set AUTOSEND_API_KEY to your AutoSend API key"
    assert f"{advice} and restart this server." in text


class Raw:
    """A child process, spoken to in raw lines."""

    def __init__(self, args: list[str], env: dict[str, str]) -> None:
        self.child = Forked(*args, env=env)

    def send(self, line: dict[str, Any] | str) -> None:
        assert self.child.stdin
        self.child.stdin.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
        self.child.stdin.flush()

    def request(self, number: int, method: str, params: dict[str, Any]) -> None:
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})

    @classmethod
    def initialized(cls, env: dict[str, str], *args: str) -> "Raw":
        process = cls([*args], env)
        process.initialize()
        return process

    def initialize(self) -> None:
        client = {"name": "raw", "version": "0"}
        self.request(0, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client})
        assert self.read()["result"]["serverInfo"]["name"] == "autosend-mcp"
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def call(self, number: int, arguments: Any, **params: Any) -> None:
        self.request(number, "tools/call", {"name": "create_contact", "arguments": arguments, **params})

    def read(self) -> dict[str, Any]:
        assert self.child.stdout
        return json.loads(self.child.stdout.readline())

    def close_stdin(self) -> None:
        assert self.child.stdin
        self.child.stdin.close()

    def end(self) -> str:
        """Wait for the end; what was logged."""
        _, log = self.child.communicate(timeout=10)
        return log


@beside((False,), (True,))
def test_what_is_malformed_or_cannot_be_read_is_answered_and_the_server_goes_on(modern: bool) -> None:
    process = Raw(["--sandbox"], {}) if modern else Raw.initialized({}, "--sandbox")
    meta: dict[str, Any] = {"_meta": ENVELOPE} if modern else {}
    malformed_calls_and_lines_are_answered_by_field(process, meta)
    a_request_that_json_cannot_hold_is_answered_and_not_left_waiting(process, meta)
    process.close_stdin()
    log = process.end()
    assert "Traceback" not in log
    assert "half" not in log
    assert process.child.returncode == 0


def malformed_calls_and_lines_are_answered_by_field(process: Raw, meta: dict[str, Any]) -> None:
    for number, arguments in enumerate([[], "x", 5, True, '{"email": "a@b.co"}']):
        process.call(number, arguments, **meta)
        error = process.read()["error"]
        assert error["code"] == -32602
        assert error["message"].startswith("arguments must be a JSON object, for example {")
    process.request(7, "tools/call", {"name": 5, **meta})
    assert process.read()["error"]["message"].startswith("name must be the name of a tool: create_contact")
    for junk in (
        "not json",
        "[]",
        "{}",
        '{"jsonrpc": "2.0", "id": 1}',
        "",
    ):
        process.send(junk)
    process.call(8, {"email": "a@b.co", "customFields": {"n": 1}}, **meta)
    assert process.read()["result"]["structuredContent"]["outcome"] == "created"
    process.call(9, {"email": "b@b.co", "customFields": {"n": float("inf")}}, **meta)  # json.dumps writes Infinity
    text = process.read()["result"]["content"][0]["text"]
    assert "customFields.n: must be a finite number" in text


HALF = '"half of \\ud83d"'


def a_request_that_json_cannot_hold_is_answered_and_not_left_waiting(process: Raw, meta: dict[str, Any]) -> None:
    more = f',"_meta":{json.dumps(ENVELOPE)}' if meta else ""
    for value in (HALF, "[" * 300 + "]" * 300, "[" * 5_000 + "]" * 5_000, "9" * 5_000):
        params = f'{{"name":"create_contact","arguments":{{"email":"a@b.co","firstName":{value}}}{more}}}'
        for line in (
            f'{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{params}}}',
            f'{{"method":"tools/call","params":{params},"jsonrpc":"2.0","id":7}}',
            '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[]}',
        ):
            process.send(line)
            answer = process.read()
            assert (answer["id"], answer["error"]["code"]) == (7, -32600)
            assert answer["error"]["message"].startswith("This request could not be read, and nothing was done.")
    process.call(8, JANE, **meta)
    assert process.read()["id"] == 8


@pytest.mark.parametrize(
    ("number", "answered"),
    [
        ("7", "7"),
        ("-7", "-7"),
        ('"seven"', '"seven"'),
        ('""', '""'),
        ("007", None),
        ("1.5", None),
        ("1e2", None),
        ("true", None),
        ("\u0661", None),
        ("9" * 5_000, None),
        ('"\\ud800"', None),
        ('"a\tb"', None),
    ],
)
@pytest.mark.parametrize("params", ["[]", f"[{HALF}]"])
def test_only_a_request_whose_id_is_certain_is_answered(number: str, answered: str | None, params: str) -> None:
    line = f'{{"jsonrpc":"2.0","id":{number},"method":"tools/call","params":{params}}}\n'
    refusal = refusal_of(line)
    assert (refusal and json.dumps(json.loads(refusal)["id"])) == answered


@pytest.mark.parametrize(("start", "again"), [("", '"id":1,'), ('{"a":"', '\\"'), ('"', "\\"), ("", "{")])
def test_a_long_line_that_is_no_message_is_read_through_once(start: str, again: str) -> None:
    """If the end of each string were searched for anew, it would take hours."""
    assert refusal_of(start + again * 500_000) is None


@pytest.mark.parametrize(
    "nested", [HALF, '"}, \\"id\\":3, {"', '{"id":3}', "9" * 4_300, "[" * 5_000 + "]" * 5_000], ids=range(5)
)
def test_the_id_is_found_however_far_from_the_ends_it_stands(nested: str) -> None:
    params = f'{{"long":"{"x" * 1_000}","nested":{nested},"half":{HALF}}}'
    line = f'{{"params":{params},"id":7,"method":"tools/call","jsonrpc":"2.0","_meta":{params}}}\n'
    assert json.loads(refusal_of(line) or "")["id"] == 7


@beside()
async def test_at_the_end_of_stdin_what_waits_in_line_is_not_sent() -> None:
    async with faulty_autosend(tcp=True) as faulty:
        process = await anyio.to_thread.run_sync(Raw.initialized, real_api(faulty, AUTOSEND_RATE_LIMIT="1"))
        for number in range(4):
            process.call(number, {"email": f"p{number}@example.com"})
        assert (await anyio.to_thread.run_sync(process.read))["result"]["structuredContent"]["outcome"] == "created"
        process.close_stdin()
        log = await anyio.to_thread.run_sync(process.end)
        outcomes = sorted(json.loads(line)["outcome"] for line in log.splitlines())
        assert outcomes == ["created", "not_sent", "not_sent", "not_sent"]
        assert len(faulty.seen) == 1


@beside()
def test_a_host_that_stops_reading_is_outlived_without_a_traceback() -> None:
    process = Raw.initialized({}, "--sandbox")
    assert process.child.stdout
    process.child.stdout.close()
    process.call(1, JANE)
    process.close_stdin()
    assert process.child.stderr
    log = process.child.stderr.read()
    process.child.stderr.close()
    assert process.child.wait(timeout=5) == 0
    assert "Traceback" not in log


@beside()
async def test_the_key_and_the_address_are_in_no_output_at_debug() -> None:
    async with faulty_autosend(tcp=True) as faulty:

        async def leaky(exchange: Exchange) -> None:
            await exchange.reply(401, {"success": False, "error": {"message": f"bad key {KEY}", "code": KEY}})

        faulty.create = leaky
        process = await anyio.to_thread.run_sync(Raw.initialized, real_api(faulty, AUTOSEND_LOG_LEVEL="debug"))
        process.call(1, JANE)
        answer = json.dumps(await anyio.to_thread.run_sync(process.read))
        process.close_stdin()
        log = await anyio.to_thread.run_sync(process.end)
        assert json.loads(log)["outcome"] == "refused"
        assert KEY not in answer + log
        assert "canary" not in answer + log
        assert "jane" not in log


# How long it takes to end: one at a time, when the others are over.


async def ends_within(seconds: float, end: Callable[[], Awaitable[float]]) -> None:
    """The least of three counts: what else the machine does makes it longer, never shorter."""
    took: list[float] = []
    while len(took) < 3:
        took.append(await end())
        if took[-1] < seconds:
            return
    raise AssertionError(f"it took {took} s to end")


def told_to_end(process: Raw, how: str) -> None:
    if how == "eof":
        process.close_stdin()
    else:
        process.child.send_signal(signal.Signals[how])


EXIT_CODES = {"eof": 0, "SIGTERM": 143, "SIGINT": 130}


@pytest.mark.anyio
@pytest.mark.parametrize("how", ["eof", "SIGINT"])
async def test_told_to_end_while_idle_it_ends_at_once_and_says_nothing(how: str) -> None:
    async def end() -> float:
        process = Raw.initialized({})
        started = time.monotonic()
        told_to_end(process, how)
        assert process.end() == ""
        assert process.child.wait() == EXIT_CODES[how]
        return time.monotonic() - started

    await ends_within(1, end)


@pytest.mark.anyio
async def test_a_host_that_keeps_the_line_and_does_not_read_it_is_left_within_2_s() -> None:
    async def end() -> float:
        process = Raw.initialized({})
        for number in range(30):  # more than a pipe holds
            process.request(number, "tools/list", {})
        started = time.monotonic()
        process.close_stdin()
        assert process.child.wait() == 0
        took = time.monotonic() - started
        process.end()
        return took

    await ends_within(2.5, end)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("how", "finishes"), [("eof", True), ("eof", False), ("SIGTERM", False), ("SIGTERM", True), ("SIGINT", False)]
)
async def test_told_to_end_with_a_create_in_flight_it_ends_in_2_s_and_the_create_is_finished_or_recorded(
    how: str, finishes: bool
) -> None:
    async def end() -> float:
        async with faulty_autosend(tcp=True) as faulty:
            arrived, go_on, hang = anyio.Event(), anyio.Event(), anyio.Event()

            async def slow(exchange: Exchange) -> None:
                arrived.set()
                await (go_on if finishes else hang).wait()
                await create_well(exchange)

            faulty.create = slow
            process = Raw.initialized(real_api(faulty))
            process.call(1, JANE)
            await arrived.wait()
            started = time.monotonic()
            told_to_end(process, how)
            go_on.set()
            log = await anyio.to_thread.run_sync(process.end)
            took = time.monotonic() - started
            assert process.child.wait() == EXIT_CODES[how]
            lines = [json.loads(line) for line in log.splitlines()]
            assert [(line["tool"], line["outcome"]) for line in lines] == [
                ("create_contact", "created" if finishes else "cut_off")
            ]
            assert len(faulty.applied) == (1 if finishes else 0)
            assert faulty.creates == 1
            return took

    await ends_within(2, end)


@pytest.mark.anyio
async def test_a_signal_after_the_end_of_stdin_loses_no_record() -> None:
    async def end() -> float:
        async with faulty_autosend(tcp=True) as faulty:
            arrived, never = anyio.Event(), anyio.Event()

            async def hang(_exchange: Exchange) -> None:
                arrived.set()
                await never.wait()

            faulty.create = hang
            process = Raw.initialized(real_api(faulty, AUTOSEND_LOG_LEVEL="WARNING"))
            process.call(1, JANE)
            await arrived.wait()
            started = time.monotonic()
            process.close_stdin()
            await anyio.sleep(0.15)
            process.child.send_signal(signal.SIGTERM)
            log = await anyio.to_thread.run_sync(process.end)
            assert json.loads(log)["outcome"] == "cut_off"
            return time.monotonic() - started

    await ends_within(2, end)
