"""`install`: each host on each platform, in fake homes; no key comes into its file."""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from autosend_mcp.cli.install import jsonc
from autosend_mcp.cli.install.hosts import HOSTS
from autosend_mcp.cli.install.machine import Machine
from autosend_mcp.cli.install_flags import HOST_NAMES
from tests.support.import_command import Screen
from tests.support.installing import PROGRAM, install, machine_in, servers
from tests.support.worlds import KEY

PATHS = {
    ("claude-desktop", "darwin"): "Library/Application Support/Claude/claude_desktop_config.json",
    ("claude-desktop", "win32"): "AppData/Roaming/Claude/claude_desktop_config.json",
    ("claude-desktop", "linux"): ".config/Claude/claude_desktop_config.json",
    ("vscode", "darwin"): "Library/Application Support/Code/User/mcp.json",
    ("vscode", "win32"): "AppData/Roaming/Code/User/mcp.json",
    ("vscode", "linux"): ".config/Code/User/mcp.json",
    ("zed", "win32"): "AppData/Roaming/Zed/settings.json",
    **{("claude-code", platform): ".claude.json" for platform in ("darwin", "win32", "linux")},
    **{("cursor", platform): ".cursor/mcp.json" for platform in ("darwin", "win32", "linux")},
    **{("codex", platform): ".codex/config.toml" for platform in ("darwin", "win32", "linux")},
    **{("gemini", platform): ".gemini/settings.json" for platform in ("darwin", "win32", "linux")},
    **{("copilot-cli", platform): ".copilot/mcp-config.json" for platform in ("darwin", "win32", "linux")},
    **{("opencode", platform): ".config/opencode/opencode.jsonc" for platform in ("darwin", "win32", "linux")},
    **{("windsurf", platform): ".codeium/windsurf/mcp_config.json" for platform in ("darwin", "win32", "linux")},
    **{("zed", platform): ".config/zed/settings.json" for platform in ("darwin", "linux")},
}


def test_each_host_is_a_choice() -> None:
    assert tuple(HOSTS) == HOST_NAMES
    assert {host for host, _ in PATHS} == set(HOSTS)


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_is_installed_once_and_taken_out_again(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for platform in ("darwin", "win32", "linux"):
        (home := tmp_path / platform).mkdir()
        installed_once_and_taken_out(host, machine_in(home, platform, AUTOSEND_API_KEY=KEY), capsys)


def installed_once_and_taken_out(host: str, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path = machine.home
    file = tmp_path / PATHS[host, machine.platform]
    assert install(machine, host, "--print", "--read-only") == 0
    assert PROGRAM in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
    assert install(machine, host, "--read-only", "--toolsets", "contacts") == 0
    written = file.read_bytes()
    (entry,) = servers(host, machine).values()
    assert (entry["command"], entry["args"]) == (PROGRAM, ["--read-only", "--toolsets", "contacts"])
    assert install(machine, host, "--read-only", "--toolsets", "contacts") == 0
    shown = capsys.readouterr()
    assert shown.out.endswith("Nothing to change.\n")
    assert KEY not in shown.out + shown.err
    assert file.read_bytes() == written
    assert KEY.encode() not in written
    assert not list(tmp_path.rglob("*.bak"))
    assert install(machine, host, "--uninstall") == 0
    assert servers(host, machine) == {}
    assert [copy.read_bytes() for copy in tmp_path.rglob("*.bak")] == [written]


HELD = {"claude-desktop", "cursor", "windsurf", "zed"}


@pytest.mark.parametrize("host", HOSTS)
def test_the_key_is_asked_for_referred_to_or_in_a_file_of_its_own(host: str, tmp_path: Path) -> None:
    machine = machine_in(tmp_path, AUTOSEND_API_KEY=KEY)
    assert install(machine, host) == 0
    (entry,) = servers(host, machine).values()
    file = tmp_path / ".config/autosend-mcp/key"
    if host in HELD:
        assert entry["env"] == {"AUTOSEND_API_KEY_FILE": str(file)}
        assert (file.read_text().strip(), file.stat().st_mode & 0o777) == (KEY, 0o600)
    else:
        assert not file.exists()
        others = {"vscode": "${input:autosend_key}", "opencode": "{env:AUTOSEND_API_KEY}"}
        reference = others.get(host, "${AUTOSEND_API_KEY}")
        assert entry.get("env") == (None if host == "codex" else {"AUTOSEND_API_KEY": reference})
        assert host != "codex" or entry["env_vars"] == ["AUTOSEND_API_KEY"]
    other = tmp_path / "my key"
    assert install(machine, host, "--key-file", str(other)) == 0
    (entry,) = servers(host, machine).values()
    assert entry["env"] == {"AUTOSEND_API_KEY_FILE": str(other)}
    assert "env_vars" not in entry
    assert other.read_text().strip() == KEY
    assert install(machine, host, "--sandbox") == 0
    (entry,) = servers(host, machine).values()
    assert entry["args"] == ["--sandbox"]
    assert not entry.get("env")


OF_THEIR_OWN = {
    "copilot-cli": ({"type": "local", "tools": ["get_contact"], "command": "autosend-mcp"}, "env", "${MY_KEY}"),
    "opencode": ({"type": "local", "enabled": False, "command": ["autosend-mcp"]}, "environment", "{file:~/key}"),
    "claude-code": ({"command": "autosend-mcp"}, "env", "${MY_KEY}"),
}


@pytest.mark.parametrize("host", OF_THEIR_OWN)
def test_what_a_user_wrote_into_an_entry_stays(host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, variables, reference = OF_THEIR_OWN[host]
    machine = machine_in(tmp_path)
    file = HOSTS[host].file(machine)
    file.parent.mkdir(parents=True, exist_ok=True)
    other = {"type": "remote", "url": "https://example.com/mcp"}
    entry: dict[str, Any] = {**before, variables: {"AUTOSEND_API_KEY": reference}}
    file.write_text(json.dumps({HOSTS[host].members: {"other": other, "mail": entry}}))
    assert install(machine, host) == 0
    assert f"reads the key by {reference}, as before." in capsys.readouterr().out
    found = json.loads(file.read_text())[HOSTS[host].members]
    command = [PROGRAM] if host == "opencode" else PROGRAM
    assert found == {"other": other, "mail": {**entry, "command": command}}
    assert install(machine, host, "--json", "--sandbox") == 0
    shown = json.loads(capsys.readouterr().out)["entry"]
    assert shown == json.loads(file.read_text())[HOSTS[host].members]["mail"]


def test_claude_desktop_of_the_store_of_windows_has_its_file_in_its_package(tmp_path: Path) -> None:
    folder = tmp_path / "AppData/Local/Packages/Claude_x1/LocalCache/Roaming/Claude"
    folder.mkdir(parents=True)
    assert install(machine_in(tmp_path, "win32", AUTOSEND_API_KEY=KEY), "claude-desktop") == 0
    assert (folder / "claude_desktop_config.json").is_file()


@pytest.mark.parametrize("host", ["cursor", "vscode"])
def test_print_shows_a_link_that_holds_the_entry(host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = machine_in(tmp_path, AUTOSEND_API_KEY=KEY)
    assert install(machine, host, "--print", "--read-only") == 0
    printed = capsys.readouterr().out
    link = urlsplit(next(line for line in printed.splitlines() if "open this link" in line).split(": ", 1)[1])
    assert install(machine, host, "--read-only") == 0
    (entry,) = servers(host, machine).values()
    if host == "cursor":
        parts = parse_qs(link.query, strict_parsing=True)
        assert (link.scheme, parts["name"]) == ("cursor", ["autosend"])
        assert json.loads(b64decode(parts["config"][0], validate=True)) == entry
    else:
        inputs = jsonc.read(HOSTS[host].file(machine).read_text())["inputs"]
        assert json.loads(unquote(link.query)) == {"name": "autosend", "inputs": inputs, **entry}
    capsys.readouterr()
    assert install(machine, host, "--print", "--sandbox") == 0
    assert "autosend_key" not in capsys.readouterr().out


def test_a_key_that_stood_in_a_hosts_file_moves_into_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = machine_in(tmp_path)
    file = HOSTS["cursor"].file(machine)
    file.parent.mkdir()
    before = {"command": "uvx", "args": ["autosend-mcp"], "env": {"AUTOSEND_API_KEY": KEY, "X": "1"}, "disabled": True}
    file.write_text(json.dumps({"mcpServers": {"mail": before}}))
    assert install(machine, "cursor") == 0
    key_file = tmp_path / ".config/autosend-mcp/key"
    entry: dict[str, Any] = {"command": PROGRAM, "args": [], "env": {"X": "1", "AUTOSEND_API_KEY_FILE": str(key_file)}}
    assert servers("cursor", machine) == {"mail": {**entry, "disabled": True}}
    assert key_file.read_text().strip() == KEY
    shown = capsys.readouterr()
    assert "[key]" in shown.out
    assert KEY not in shown.out + shown.err


def test_a_server_of_the_same_name_that_is_another_stays(tmp_path: Path) -> None:
    machine = machine_in(tmp_path)
    file = HOSTS["cursor"].file(machine)
    file.parent.mkdir()
    file.write_text('{"mcpServers": {"autosend": {"url": "https://example.com/mcp"}}}')
    assert install(machine, "cursor") == 0
    assert [*servers("cursor", machine)] == ["autosend", "autosend-contacts"]
    assert install(machine, "cursor", "--uninstall") == 0
    assert servers("cursor", machine) == {"autosend": {"url": "https://example.com/mcp"}}


FAKE_HOST = """\
#!/bin/sh
echo "$@" >>"$HOME/calls"
[ "$2" = add ] && printf '%s' '{WRITES}' >"$HOME/.claude.json"
exit {CODE}
"""


@pytest.mark.parametrize("works", [True, False])
def test_the_hosts_own_command_is_used_and_its_work_checked(
    works: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = machine_in(tmp_path)
    entry: dict[str, Any] = {"type": "stdio", "command": PROGRAM, "args": ["--sandbox"], "env": {}}
    written = {"mcpServers": {"autosend": entry}}
    script = FAKE_HOST.replace("{WRITES}", json.dumps(written if works else {})).replace("{CODE}", str(int(not works)))
    own = tmp_path / "bin/claude"
    own.parent.mkdir()
    own.write_text(script)
    own.chmod(0o755)
    assert install(machine, "claude-code", "--sandbox") == 0
    shown = capsys.readouterr()
    assert f"$ claude mcp add -s user autosend -- '{PROGRAM}' --sandbox" in shown.out
    assert (tmp_path / "calls").read_text() == f"mcp add -s user autosend -- {PROGRAM} --sandbox\n"
    assert ("claude ended with 1" in shown.err) is not works
    assert servers("claude-code", machine)["autosend"]["command"] == PROGRAM
    assert install(machine, "claude-code", "--sandbox") == 0
    assert capsys.readouterr().out.endswith("Nothing to change.\n")


ADDS = """\
#!/bin/sh
echo "$@" >>"$HOME/calls"
"""


@pytest.mark.parametrize(
    ("host", "text", "called"),
    [
        ("copilot-cli", "", ["mcp add autosend", "mcp remove autosend"] * 2),
        ("copilot-cli", "{} // a remark", []),
        ("opencode", "{}", ["mcp add autosend"]),
    ],
)
def test_an_own_command_is_left_out_where_it_cannot_do_it(
    host: str, text: str, called: list[str], tmp_path: Path
) -> None:
    """It cannot take a server out, or would lose comments. The fakes do nothing, so that the file is changed itself."""
    machine = machine_in(tmp_path)
    own = tmp_path / "bin" / {"copilot-cli": "copilot"}.get(host, host)
    own.parent.mkdir()
    own.write_text(ADDS)
    own.chmod(0o755)
    file = HOSTS[host].file(machine)
    file.parent.mkdir(parents=True)
    file.write_text(text)
    for words in (["--sandbox"], ["--sandbox", "--read-only"], ["--uninstall"]):
        assert install(machine, host, *words) == 0
    calls = (tmp_path / "calls").read_text().splitlines() if called else []
    assert [call.split(" -- ")[0] for call in calls] == called
    assert servers(host, machine) == {}
    assert ("// a remark" in file.read_text()) is ("remark" in text)


def test_the_json_of_an_installation_says_what_was_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = machine_in(tmp_path, AUTOSEND_API_KEY=KEY)
    outcomes: list[str] = []
    for more in ([], [], ["--uninstall"], ["--uninstall"]):
        assert install(machine, "windsurf", "--json", *more) == 0
        report = json.loads(capsys.readouterr().out)
        outcomes.append(report["outcome"])
        assert report["file"] == str(HOSTS["windsurf"].file(machine))
    assert outcomes == ["installed", "unchanged", "uninstalled", "unchanged"]


class Typing(Screen):
    """A terminal at which somebody answers, after `first` was done."""

    def __init__(self, answer: str, first: Callable[[], object] = lambda: None) -> None:
        super().__init__(terminal=True)
        self._answer, self._first = answer, first

    def readline(self, _size: int = -1, /) -> str:
        self._first()
        return self._answer


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("YES\n", 0), ("n\n", 1), ("\n", 1), ("", 1)])
def test_at_a_terminal_nothing_changes_without_a_yes(
    answer: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Typing(answer))
    machine = machine_in(tmp_path, AUTOSEND_API_KEY=KEY)
    assert install(machine, "cursor") == code
    out, err = capsys.readouterr()
    assert "Do it? [y/N]" in out
    assert ("nothing was changed" in err) is bool(code)
    assert bool([*tmp_path.iterdir()]) is not bool(code)


def test_a_file_that_somebody_changes_during_the_question_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = machine_in(tmp_path, AUTOSEND_API_KEY=KEY)
    file = HOSTS["cursor"].file(machine)
    file.parent.mkdir()
    monkeypatch.setattr("sys.stdin", Typing("y\n", lambda: file.write_text('{"mcpServers": {"new": {}}}')))
    assert install(machine, "cursor") == 1
    assert "it was changed meanwhile" in capsys.readouterr().err
    assert [*servers("cursor", machine)] == ["new"]


def test_a_key_that_is_in_its_file_already_is_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key_file = tmp_path / ".config/autosend-mcp/key"
    key_file.parent.mkdir(parents=True)
    for text, said in ((KEY, f"The key in {key_file} is used."), ("re_123456789012345678", "Put your key into")):
        key_file.write_text(text)
        assert install(machine_in(tmp_path), "cursor", "--print") == 0
        assert said in capsys.readouterr().out
        assert key_file.read_text() == text


@pytest.mark.parametrize("cache", ["uv/archive-v0/x1", ".cache/pipx/a1b2", "uv/environments-v2/x1"])
def test_a_command_that_was_fetched_for_once_is_not_written_into_a_file(
    cache: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.prefix", f"/home/ana/{cache}")
    uvx = tmp_path / "bin/uvx"
    uvx.parent.mkdir()
    uvx.touch(0o755)  # which would not find again what came from a folder
    machine = replace(machine_in(tmp_path), program=())
    assert install(machine, "cursor", "--sandbox") == 2
    assert "fetched for this one time, into a cache that is emptied. Install it for good" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == [uvx.parent]


def test_without_a_script_the_interpreter_is_written_into_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setattr("sys.argv", [str(tmp_path / "__main__.py")])
    machine = replace(machine_in(tmp_path), program=())
    assert install(machine, "cursor", "--sandbox") == 0
    (entry,) = servers("cursor", machine).values()
    assert (entry["command"], entry["args"][:2]) == (str(tmp_path / "python"), ["-m", "autosend_mcp"])


def test_a_key_that_is_none_is_refused_and_nothing_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = machine_in(tmp_path, AUTOSEND_API_KEY="re_123456789012345678")
    assert install(machine, "cursor") == 2
    error = capsys.readouterr().err
    assert "begins like a key of Resend" in error
    assert "re_123" not in error
    assert not list(tmp_path.iterdir())


def test_a_toolset_that_there_is_not_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert install(machine_in(tmp_path), "cursor", "--toolsets", "contact") == 2
    assert "no toolset is called 'contact'; there are contacts, lists" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
