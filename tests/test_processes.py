"""What only a process of its own can show while it serves, and what an interpreter loads for it."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.support.importing import csv_of, people
from tests.support.processes import COMMAND, ROOT, Child, started
from tests.support.worlds import KEY, answer_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

JANE = {"email": "jane@example.com"}
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
