"""`doctor` on the files of hosts: what keeps a host from starting the server, with what fixes it."""

import json
from pathlib import Path
from typing import Any

import pytest

from autosend_mcp.cli.doctor.doctor import examined
from autosend_mcp.cli.install.hosts import HOSTS
from tests.support.doctor import machine_with, problems, put, started_by
from tests.support.worlds import KEY

pytestmark = pytest.mark.anyio


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
    asks = {"AUTOSEND_API_KEY": "${input:autosend_key}"}  # the host asks the user for it
    put("vscode", machine, {"command": started_by(tmp_path), "env": asks})
    assert [one.state for one in await examined(machine) if one.check in ("opencode", "vscode")] == ["ok", "ok"]


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
