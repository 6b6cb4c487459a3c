"""The command as it is installed, without the project around it: what is answered, and what is loaded for it."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryFile

import pytest

from tests.support.front import LEGACY_TALKS, MODERN_TALK, Json, as_line, envelope, request

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("installed")
    copytree(ROOT / "autosend_mcp", root / "autosend_mcp", ignore=ignore_patterns("__pycache__"))
    return root


def command(installed: Path, talk: Iterable[Json], *words: str, **env: str) -> tuple[int, list[Json], str]:
    """Return its exit code, its answers and what it wrote on stderr, for a host that ends when all is answered."""
    lines, asked = [as_line(message) for message in talk], sum("id" in message for message in talk)
    with (
        TemporaryFile() as log,
        subprocess.Popen(
            [sys.executable, "-m", "autosend_mcp", *words],
            cwd=installed,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        ) as child,
    ):
        assert child.stdin
        assert child.stdout
        child.stdin.write(b"".join(lines))
        child.stdin.flush()
        answers = [json.loads(line) for line in islice(child.stdout, asked)]
        child.stdin.close()
        answers += [json.loads(line) for line in child.stdout]
        code = child.wait()
        log.seek(0)
        return code, answers, log.read().decode()


@pytest.mark.slow
@pytest.mark.parametrize("talk", [LEGACY_TALKS[3], MODERN_TALK, [MODERN_TALK[0], *LEGACY_TALKS[0][:2]]])
def test_each_request_has_one_answer_and_the_server_knows_what_was_said(installed: Path, talk: list[Json]) -> None:
    is_modern = talk is MODERN_TALK
    jane = {"name": "create_contact", "arguments": {"email": "jane@example.com"}} | (envelope() if is_modern else {})
    code, answers, log = command(installed, [*talk, request(99, "tools/call", jane)], "--sandbox")
    assert (code, [answer["id"] for answer in answers]) == (0, [each["id"] for each in talk if "id" in each] + [99])
    assert answers[-1]["result"]["structuredContent"]["outcome"] == "created"
    assert json.loads(log)["outcome"] == "created"


@pytest.mark.slow
def test_who_only_lists_the_tools_loads_no_sdk(installed: Path) -> None:
    code, answers, log = command(installed, LEGACY_TALKS[0][:3], PYTHONVERBOSE="1")
    assert (code, [answer["id"] for answer in answers]) == (0, [0, 1])
    assert "import 'autosend_mcp.server.front.stdin'" in log
    assert "mcp_types" not in log


@pytest.mark.slow
def test_a_call_loads_the_module_of_its_own_tool_and_no_other(installed: Path) -> None:
    fields = request(99, "tools/call", {"name": "list_custom_fields", "arguments": {}})
    code, answers, log = command(installed, [*LEGACY_TALKS[0][:2], fields], "--sandbox", PYTHONVERBOSE="1")
    assert (code, answers[-1]["id"]) == (0, 99)
    assert "fields" in answers[-1]["result"]["structuredContent"]
    assert "import 'autosend_mcp.tools.contact_properties'" in log
    loaded = re.findall(r"import 'autosend_mcp\.(?:tools|imports|models)\.[\w.]+'", log)
    assert "import 'autosend_mcp.models.property_tools'" in loaded
    others = ("undo", "mcp.imports", "tools.contacts.", "list_tools", "member_tools", "group_tools", "contacts.batch")
    assert not [module for module in loaded if any(other in module for other in others)]


@pytest.mark.slow
def test_a_wrong_setting_ends_the_command_before_any_answer(installed: Path) -> None:
    code, answers, log = command(installed, LEGACY_TALKS[0], AUTOSEND_READ_ONLY="maybe")
    assert (code, answers) == (2, [])
    assert log == "autosend-mcp: AUTOSEND_READ_ONLY must be true or false.\n"
