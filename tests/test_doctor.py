"""`doctor`: finds what is wrong between a host and AutoSend, with what fixes it; never shows the key."""

import json
import ssl
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme
from httpx2 import ASGITransport

from autosend_mcp.cli.doctor.doctor import examined
from autosend_mcp.cli.doctor.findings import Finding, as_json, as_text, is_well
from autosend_mcp.cli.install.hosts import HOSTS
from autosend_mcp.cli.install.machine import Machine
from autosend_mcp.sandbox.app import KEY as SANDBOX_KEY
from autosend_mcp.sandbox.app import Options, Sandbox
from tests.support.faults import HTML, error, refuse
from tests.support.faulty import Fault, faulty_autosend
from tests.support.port import on_a_port
from tests.support.worlds import KEY

pytestmark = pytest.mark.anyio

SERVER = f"""#!{sys.executable} -S
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    known = {{
        "initialize": {{"protocolVersion": "2025-11-25", "capabilities": {{"tools": {{}}}},
                       "serverInfo": {{"name": "x", "version": "1"}}}},
        "tools/list": {{"tools": [{{"name": "a", "inputSchema": {{"type": "object"}}}}]}},
    }}
    if "id" in asked:
        answer = {{"result": known[asked["method"]]}} if asked["method"] in known else {{
            "error": {{"code": -32601, "message": "no such method"}}}}
        print(json.dumps({{"jsonrpc": "2.0", "id": asked["id"], **answer}}), flush=True)
"""


def machine_with(home: Path, monkeypatch: pytest.MonkeyPatch, **variables: str) -> Machine:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Machine("linux", home, {"PATH": "/usr/bin:/bin", **variables})


def put(host: str, machine: Machine, entry: dict[str, Any] | str) -> None:
    file = HOSTS[host].file(machine)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(entry if isinstance(entry, str) else json.dumps({HOSTS[host].members: {"autosend": entry}}))


def started_by(home: Path) -> str:
    """Return the command of a server that lists one tool, which needs no time to start."""
    file = home / "autosend-mcp"
    file.write_text(SERVER)
    file.chmod(0o755)
    return str(file)


def problems(found: list[Finding], *, state: str = "problem") -> list[tuple[str, str, str]]:
    shown = as_text(found) + as_json(found)
    assert KEY not in shown
    assert is_well(found) is json.loads(as_json(found))["ok"]
    assert all(one.fix for one in found if one.state == "problem")
    return [(one.check, one.said, one.fix) for one in found if one.state == state]


def test_all_is_well_over_the_sandbox_and_in_a_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def over_the_sandbox() -> list[Finding]:
        async with on_a_port(ASGITransport(Sandbox(Options()).app)) as url:
            variables = {"AUTOSEND_BASE_URL": url, "AUTOSEND_API_KEY": SANDBOX_KEY, "AUTOSEND_TIMEOUT": "30"}
            machine = machine_with(tmp_path, monkeypatch, **variables)
            put("cursor", machine, {"command": started_by(tmp_path)})
            return await examined(machine)

    found = anyio.run(over_the_sandbox)  # on a loop that knows at once when a child has ended
    assert problems(found) == problems(found, state="note") == []
    assert as_text(found).endswith("All is well.")
    assert [one.check for one in found if one.check != "setting"] == [
        "key", "proxy", "dns", "tls", "read", "rate limit", "clock", "cursor",
    ]  # fmt: skip
    said = {one.said for one in found}
    assert {"AUTOSEND_API_KEY = set (environment)", "AUTOSEND_READ_ONLY = False (default)"} <= said
    assert any(one.endswith("and offers 1 tools") for one in said)


late = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
LISTS: dict[str, Any] = {"success": True, "data": {"lists": []}}
FAULTS: dict[str, tuple[Fault, str, str, str]] = {
    "wrong key": (refuse(401, error("Invalid")), "read", "refused the API key", "set AUTOSEND_API_KEY to a valid key"),
    "no page": (refuse(200, HTML), "read", "could not be read", "try again"),
    "failing": (refuse(503, b""), "read", "failed with status 503", "try again"),
    "clock": (refuse(200, LISTS, Date=late), "clock", " s before AutoSend's", "set this machine's clock"),
    "limit": (
        refuse(200, LISTS, X_RateLimit_Limit="50", X_RateLimit_Remaining="0"),
        "rate limit",
        "0 of 50 requests are left",
        "wait a moment",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_autosends_is_found_with_its_fix(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe, check, said, fix = FAULTS[fault]
    async with faulty_autosend(tcp=True) as faulty:
        faulty.describe = describe
        machine = machine_with(tmp_path, monkeypatch, AUTOSEND_BASE_URL=faulty.url, AUTOSEND_API_KEY=KEY)
        found = await examined(machine)
        assert faulty.described == 1
    ((found_check, found_said, found_fix),) = problems(found, state="note" if fault == "limit" else "problem")[:1]
    assert found_check == check
    assert said in found_said
    assert fix in found_fix


async def test_a_certificate_of_strangers_is_found_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # pyOpenSSL, unused
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with faulty_autosend(tcp=True, ssl=context) as faulty:
        found = await examined(machine_with(tmp_path, monkeypatch, AUTOSEND_BASE_URL=faulty.url, AUTOSEND_API_KEY=KEY))
        assert faulty.described == 0
    ((check, said, fix),) = problems(found)
    assert (check, "is not trusted" in said, "SSL_CERT_FILE" in fix) == ("tls", True, True)


@pytest.mark.parametrize(
    ("variables", "check", "said"),
    [
        ({"AUTOSEND_API_KEY": "re_1234567890123456"}, "key", "begins like a key of Resend"),
        ({}, "key", "AUTOSEND_API_KEY is missing or empty"),
        ({"AUTOSEND_API_KEY": KEY, "AUTOSEND_TIMEOUT": "soon"}, "settings", "AUTOSEND_TIMEOUT must be a number"),
        ({"AUTOSEND_API_KEY": KEY, "AUTOSEND_READONLY": "1"}, "settings", "did you mean AUTOSEND_READ_ONLY?"),
        ({"AUTOSEND_API_KEY": KEY, "AUTOSEND_TOOLSETS": "${TOOLS}"}, "settings", "holds a placeholder"),
        ({"AUTOSEND_API_KEY": KEY, "AUTOSEND_BASE_URL": "http://127.0.0.1:9/v1"}, "read", "could not be reached"),
    ],
)
async def test_a_wrong_setting_is_found_with_its_fix(
    variables: dict[str, str], check: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"AUTOSEND_BASE_URL": "http://127.0.0.1:9/v1", **variables}
    found = problems(await examined(machine_with(tmp_path, monkeypatch, **variables)))
    assert (check, True) in [(one, said in text) for one, text, _ in found]


IN_HOSTS: list[tuple[str, dict[str, Any] | str, str, str]] = [
    ("cursor", {"command": "/gone/autosend-mcp"}, "cannot start it", "autosend-mcp install cursor"),
    (
        "zed",
        {"command": "/gone/autosend-mcp", "args": ["--read-only", "--toolsets", "contacts"]},
        "cannot start it",
        "autosend-mcp install zed --read-only --toolsets contacts",
    ),
    ("windsurf", {"command": "uvx", "args": ["autosend-mcp"]}, "cannot start it", "autosend-mcp install windsurf"),
    ("gemini", {"command": "/gone/autosend-mcp", "env": {"AUTOSEND_API_KEY": "$MY_KEY"}}, "MY_KEY", "--key-file"),
    (
        "claude-code",
        {"command": "/gone/autosend-mcp", "env": {"AUTOSEND_API_KEY_FILE": "/gone/key"}},
        "/gone/key holds no key",
        "put your key into /gone/key",
    ),
    (
        "opencode",
        {"type": "local", "command": ["/gone/autosend-mcp"], "environment": {"AUTOSEND_API_KEY": "{env:MY_KEY}"}},
        "MY_KEY",
        "autosend-mcp install opencode --key-file",
    ),
    ("copilot-cli", {"type": "local", "command": "/gone/autosend-mcp"}, "cannot start", "install copilot-cli"),
    ("vscode", "{", "is no JSON", "fix this file"),
    ("codex", '[mcp_servers.autosend]\ncommand = "/gone/autosend-mcp"\nenv_vars = ["MY_KEY"]\n', "MY_KEY", "export"),
]


async def test_what_keeps_a_host_from_starting_it_is_found_with_its_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = machine_with(tmp_path, monkeypatch, AUTOSEND_BASE_URL="http://127.0.0.1:9/v1", AUTOSEND_API_KEY=KEY)
    for host, entry, _, _ in IN_HOSTS:
        put(host, machine, entry)
    put("claude-desktop", machine, '{"mcpServers": {"other": {"command": "x"}}}')
    found = await examined(machine)
    for host, _, said, fix in IN_HOSTS:
        assert any(one == host and said in text and fix in step for one, text, step in problems(found)), host
    ((host, _, fix),) = problems(found, state="note")
    assert (host, fix) == ("claude-desktop", "autosend-mcp install claude-desktop")


async def test_a_file_that_an_entry_refers_to_is_read_and_one_switched_off_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = machine_with(tmp_path, monkeypatch, AUTOSEND_BASE_URL="http://127.0.0.1:9/v1")
    entry: dict[str, Any] = {"type": "local", "command": [started_by(tmp_path)]}
    refers = {"environment": {"AUTOSEND_API_KEY": "{file:key}"}}
    put("opencode", machine, {**entry, **refers, "enabled": False})
    file = HOSTS["opencode"].file(machine).with_name("key")
    found = [one for one in await examined(machine) if one.check == "opencode"]
    assert [one.said.split(" in ")[0] for one in found[:2]] == [f"{file} holds no key", "the server is switched off"]
    file.write_text(KEY)
    file.chmod(0o600)
    put("opencode", machine, {**entry, **refers})
    assert [one.state for one in await examined(machine) if one.check == "opencode"] == ["ok"]


async def test_a_key_that_stands_in_a_hosts_file_is_named_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = machine_with(tmp_path, monkeypatch, AUTOSEND_BASE_URL="http://127.0.0.1:9/v1")
    put("cursor", machine, {"command": "/gone/autosend-mcp", "env": {"AUTOSEND_API_KEY": KEY}})
    found = await examined(machine)
    assert ("cursor", "the key stands in the file", "autosend-mcp install cursor") in problems(found, state="note")


IN_PROJECT = {
    "claude-code": ".mcp.json",
    "cursor": ".cursor/mcp.json",
    "vscode": ".vscode/mcp.json",
    "codex": ".codex/config.toml",
    "gemini": ".gemini/settings.json",
    "copilot-cli": ".github/mcp.json",
    "opencode": "opencode.json",
    "zed": ".zed/settings.json",
}


async def test_the_files_of_the_project_in_this_folder_are_looked_at_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home := tmp_path / "home").mkdir()
    (folder := tmp_path / "project").mkdir()
    monkeypatch.chdir(folder)
    machine = machine_with(home, monkeypatch, AUTOSEND_BASE_URL="http://127.0.0.1:9/v1")
    for host, path in IN_PROJECT.items():
        (file := folder / path).parent.mkdir(exist_ok=True)
        if host == "codex":
            file.write_text(
                f'[mcp_servers.autosend]\ncommand = "/gone/autosend-mcp"\nenv = {{AUTOSEND_API_KEY = "{KEY}"}}\n'
            )
            continue
        entry = {"command": "/gone/autosend-mcp", "env": {"AUTOSEND_API_KEY": KEY}}
        if host == "opencode":
            entry = {"command": ["/gone/autosend-mcp"], "environment": {"AUTOSEND_API_KEY": KEY}}
        file.write_text(json.dumps({HOSTS[host].members: {"autosend": entry}}))
    found = await examined(machine)
    for host, path in IN_PROJECT.items():
        file = folder / path
        wrong, known = (
            [one[1:] for one in problems(found, state=state) if one[0] == f"{host} (project)"]
            for state in ("problem", "note")
        )
        assert [("cannot start it" in said, str(file) in fix) for said, fix in wrong] == [(True, True)]
        assert [(said, "may be shared" in fix) for said, fix in known] == [("the key stands in the file", True)]
    for path in IN_PROJECT.values():
        (folder / path).write_text("")
    assert not any("(project)" in one.check for one in await examined(machine))


async def test_the_folder_of_a_project_is_filled_in_and_a_home_is_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    started_by(tmp_path)
    machine = machine_with(tmp_path, monkeypatch, AUTOSEND_BASE_URL="http://127.0.0.1:9/v1", AUTOSEND_API_KEY=KEY)
    put("cursor", machine, {"command": "/gone/autosend-mcp"})
    (tmp_path / ".vscode").mkdir()
    (tmp_path / ".vscode/mcp.json").write_text(
        '{"servers": {"autosend": {"command": "${workspaceFolder}/autosend-mcp"}}}'
    )
    found = await examined(machine)
    assert {(one.check, one.state) for one in found if one.check.startswith(("cursor", "vscode"))} == {
        ("cursor", "problem"),
        ("vscode (project)", "ok"),
    }
