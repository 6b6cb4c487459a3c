"""The generated files: in step with what they are derived from, and written anew where one is not."""

from pathlib import Path

import pytest
from mcp_types import Tool as ToolDefinition

from autosend_mcp.errors import NotSent
from autosend_mcp.tools.registry import TOOLS, Effect, Tool, published, tools_in_table
from manifests.blocks import BLOCKS, closing, opening
from manifests.generate import COMMAND, DEFINITIONS, ICONS, ROOT, drifted, main
from tests.support.manifests import ENTRY, GUIDE, OFFER, PROJECT, README, SERVER, WHOLE

pytestmark = pytest.mark.anyio


@pytest.fixture
def copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a folder with every generated file, and two pages that share the blocks."""
    first, *others = (f"{opening(name)}\n{closing(name)}\n\nAfter {name}\n" for name in BLOCKS)
    (tmp_path / "docs").mkdir()
    (tmp_path / README).write_text(f"# Before\n\n{first}", encoding="utf-8")
    (tmp_path / GUIDE).write_text("\n".join(others), encoding="utf-8")
    assert main([], tmp_path) == 0
    capsys.readouterr()
    return tmp_path


@pytest.mark.slow
def test_every_generated_file_is_in_step() -> None:
    assert list(drifted(ROOT)) == [], f"run {COMMAND}"


@pytest.mark.slow
def test_nothing_else_is_generated(copy: Path) -> None:
    files = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert files == {*WHOLE, *(f"{DEFINITIONS}/{name}.json" for name in TOOLS), README, GUIDE}


def test_a_fresh_copy_is_in_step_and_a_second_run_writes_nothing(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"], copy) == 0
    assert main([], copy) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("path", [SERVER, ENTRY, PROJECT, ICONS[0], OFFER, "docs/exchange.svg", README, GUIDE])
@pytest.mark.slow
def test_one_changed_byte_is_reported_and_written_anew(
    copy: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    right = (copy / path).read_bytes()
    middle = right.index(b"AUTOSEND_") if b"AUTOSEND_" in right else len(right) // 2
    (copy / path).write_bytes(right[:middle] + b"\xff" + right[middle + 1 :])
    assert main(["--check"], copy) == 1
    assert capsys.readouterr().out == f"{path}: differs; run {COMMAND}\n"
    assert main([], copy) == 0
    assert (copy / path).read_bytes() == right


@pytest.mark.parametrize("path", [SERVER, ICONS[1]])
def test_a_missing_file_is_reported(copy: Path, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / path).unlink()
    assert main(["--check"], copy) == 1
    assert capsys.readouterr().out.startswith(f"{path}: differs")


def test_the_definition_of_a_tool_that_is_gone_is_reported_and_removed(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left_over = copy / DEFINITIONS / "no_such_tool.json"
    left_over.write_text("{}\n", encoding="utf-8")
    assert main(["--check"], copy) == 1
    assert left_over.exists()
    assert main([], copy) == 0
    assert not left_over.exists()
    assert capsys.readouterr().out.count("no_such_tool") == 2


def test_each_block_is_put_between_its_lines_and_nothing_else_is_touched(copy: Path) -> None:
    name, *_ = BLOCKS
    text = (copy / README).read_text(encoding="utf-8")
    assert text == f"# Before\n\n{opening(name)}\n\n{BLOCKS[name]()}\n\n{closing(name)}\n\nAfter {name}\n"
    assert (copy / GUIDE).read_text(encoding="utf-8").count("\nAfter ") == len(BLOCKS) - 1


def test_every_block_is_on_a_page() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
    assert [name for name in BLOCKS if opening(name) not in pages] == []


def test_a_page_without_blocks_is_left_alone_and_a_missing_block_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / README).write_text("# Nothing here\n", encoding="utf-8")
    assert main([], tmp_path) == 0
    assert (tmp_path / README).read_text(encoding="utf-8") == "# Nothing here\n"
    assert all(opening(name) in capsys.readouterr().err for name in [*BLOCKS][:1])


@pytest.mark.parametrize(
    ("page", "said"),
    [
        *((f"{opening(name)}\n", "must follow") for name in BLOCKS),
        (f"In a line: {opening('tokens')} {closing('tokens')}\n", "must be a line of its own"),
        (f"{opening('weather')}\n{closing('weather')}\n", "there is no such block; there are toolsets, "),
    ],
)
def test_a_wrong_block_stops_the_run(tmp_path: Path, page: str, said: str) -> None:
    (tmp_path / README).write_text(page, encoding="utf-8")
    with pytest.raises(SystemExit, match=f"{README}: .*{said}"):
        main([], tmp_path)


@pytest.mark.parametrize("name", TOOLS)
def test_the_definition_in_the_file_is_the_one_derived_from_the_models(name: str) -> None:
    written = ToolDefinition.model_validate_json((ROOT / DEFINITIONS / f"{name}.json").read_bytes())
    assert written == TOOLS[name].derive(), f"run {COMMAND}"


def test_the_table_has_every_tool_as_its_module_registers_it() -> None:
    assert tools_in_table() == TOOLS, f"run {COMMAND}"


@pytest.mark.parametrize("module", ["autosend_mcp.tools.no_such_module", "autosend_mcp.tools.registry"])
def test_a_tool_whose_module_was_replaced_asks_for_a_new_start(module: str) -> None:
    with pytest.raises(NotSent, match="changed on disk while it ran") as raised:
        _ = Tool("no_such_tool", Effect.READ, None, module).body
    assert raised.value.user_step == "start this server again"


def test_a_checkout_derives_the_definition_an_installed_package_reads_it(tmp_path: Path) -> None:
    tool = TOOLS["create_contact"]
    older = tool.derive().model_copy(update={"description": "As it was before."})
    without_file, installed, checkout = (tmp_path / name for name in ("without_file", "installed", "checkout"))
    for root in (installed, checkout):
        (root / DEFINITIONS).mkdir(parents=True)
        (root / DEFINITIONS / "create_contact.json").write_text(older.model_dump_json(by_alias=True))
    (checkout / "manifests").mkdir()
    (checkout / "manifests/generate.py").touch()
    assert published(tool, without_file) == published(tool, checkout) == tool.derive()
    assert published(tool, installed) == older
    assert (ROOT / "manifests/generate.py").is_file()
