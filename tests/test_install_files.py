"""A host's file that `install` changes: comments and all else stay byte for byte, and an odd file is left alone."""

import json
import tomllib
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosend_mcp.cli.install import jsonc, toml_tables
from autosend_mcp.cli.install.hosts import HOSTS
from tests.support.examples import TIMES
from tests.support.installing import TABLES, install, machine_in
from tests.support.worlds import KEY

COMMENTED = """\
// my settings
{
    "theme": "One Dark", // dark
    "context_servers": {
        /* a server */
        "other": { "command": "x", "args": [1.0, 1e3,], }, // the last
    },
    "inputs": [{"id": "mine"}],
    "servers": {"other": {"command": "x"}} /* end */
}
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("host", "text"), [("zed", COMMENTED), ("vscode", COMMENTED), ("codex", TABLES)])
def test_comments_and_all_else_stay_byte_for_byte(host: str, text: str, newline: str, tmp_path: Path) -> None:
    machine = machine_in(tmp_path)
    file = HOSTS[host].file(machine)
    file.parent.mkdir(parents=True)
    before = text.replace("\n", newline).encode()
    file.write_bytes(before)
    file.chmod(0o640)
    assert install(machine, host, "--sandbox") == 0
    after = file.read_bytes()
    assert after != before
    assert file.stat().st_mode & 0o777 == 0o640
    lost = [line for line in before.splitlines(keepends=True) if line.strip() and line not in after]
    assert [line for line in lost if b"inputs" not in line and b"/* end */" not in line] == []
    assert all(comment in after for comment in (b"my settings",))
    assert b"\n" not in after.replace(b"\r\n", b"") or newline == "\n"
    assert install(machine, host, "--uninstall") == 0
    assert file.read_bytes().split() == before.split()


ODD = {
    "not json": ("cursor", "{]"),
    "an array": ("cursor", "[]"),
    "two values": ("cursor", "{} {}"),
    "servers are a list": ("cursor", '{"mcpServers": []}'),
    "the same name twice": ("cursor", '{"mcpServers": {}, "mcpServers": {}}'),
    "not utf-8": ("cursor", "\xff"),
    "deep": ("cursor", "[" * 5000),
    "no colon": ("cursor", '{"mcpServers" {}}'),
    "no comma": ("cursor", '{"a": 1 "mcpServers": {}}'),
    "no such escape": ("cursor", '{"a": "\\x"}'),
    "not toml": ("codex", "x ="),
    "an inline table": ("codex", 'mcp_servers = {autosend = {command = "/x/autosend-mcp"}}\n'),
    "dotted keys": ("codex", 'mcp_servers.autosend.command = "/x/autosend-mcp"\n'),
}


@pytest.mark.parametrize("odd", ODD)
def test_a_file_that_is_not_understood_is_left_alone(
    odd: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host, text = ODD[odd]
    machine = machine_in(tmp_path, AUTOSEND_API_KEY=KEY)
    file = HOSTS[host].file(machine)
    file.parent.mkdir()
    file.write_bytes(text.encode("latin-1"))
    assert install(machine, host) == 1
    error = capsys.readouterr().err
    assert f"{file} was not changed: " in error
    assert "--print shows what to put into it by hand" in error
    assert [*file.parent.iterdir()] == [file]
    assert file.read_bytes() == text.encode("latin-1")
    assert install(machine, host, "--uninstall") == 1
    assert "Take the server out by hand." in capsys.readouterr().err
    assert install(machine, host, "--print") == 0
    assert "AUTOSEND_API_KEY" in capsys.readouterr().out


def test_a_link_stays_one(tmp_path: Path) -> None:
    machine = machine_in(tmp_path)
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    file = HOSTS["cursor"].file(machine)
    file.parent.mkdir()
    file.symlink_to(real)
    assert install(machine, "cursor", "--sandbox") == 0
    assert file.is_symlink()
    assert "autosend" in real.read_text()


names = st.text("ab\"'é\\/ \n", min_size=1, max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=15 * TIMES)
@given(st.dictionaries(names, values, max_size=4), names, st.sampled_from([None, 1, "\t"]), st.data())
def test_a_member_comes_and_goes_in_any_json(
    document: dict[str, Any], name: str, indent: Any, data: st.DataObject
) -> None:
    remark = data.draw(st.sampled_from(["", ' // a, b } "\n', " /* c,\n } */ "]))
    text = remark + json.dumps(document, indent=indent, separators=(f",{remark}", f"{remark}: {remark}")) + remark
    assert jsonc.read(text) == document
    outer = document.get("s")
    if isinstance(outer, dict) or "s" not in document:
        changed = jsonc.with_member(text, ["s", name], {"x": [1]})
        inner = cast("dict[str, Any]", outer or {})
        assert jsonc.read(changed) == {**document, "s": {**inner, name: {"x": [1]}}}
        without = {one: value for one, value in inner.items() if one != name}
        removed = jsonc.without_member(changed, ["s", name])
        assert jsonc.read(removed) == {**document, "s": without}
        assert removed.count(remark) >= text.count(remark)


def test_a_table_is_exchanged_where_it_stood() -> None:
    text = TABLES.replace(
        "# about", '[mcp_servers.autosend]\ncommand = "y"\n[mcp_servers.autosend.env]\nA = "b"\n\n# about'
    )
    path = ("mcp_servers", "autosend")
    changed = toml_tables.with_table(text, path, {"command": 'a "b"\\c', "args": ["é", "x"], "env": {"A B": "c"}})
    assert changed.index("[mcp_servers.other]") < changed.index("[mcp_servers.autosend]") < changed.index("# about tui")
    assert tomllib.loads(changed)["mcp_servers"]["autosend"] == {
        "command": 'a "b"\\c',
        "args": ["é", "x"],
        "env": {"A B": "c"},
    }
    assert toml_tables.with_table(changed, path, None).split() == TABLES.split()


def test_the_change_shows_no_other_line_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = machine_in(tmp_path)
    file = HOSTS["cursor"].file(machine)
    file.parent.mkdir()
    file.write_text(json.dumps({"mcpServers": {"other": {"env": {"TOKEN": "a secret"}}}, "end": 1}, indent=2))
    for more in ([], ["--uninstall"]):
        assert install(machine, "cursor", *more) == 0
        assert "a secret" not in capsys.readouterr().out
