"""The fixture for the tests of other programs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from autosend_mcp.testing import AutosendSandbox, autosend_sandbox, autosend_sandbox_server

__all__ = ["autosend_sandbox", "autosend_sandbox_server"]  # pytest finds them here, as a plugin's


def send(sandbox: AutosendSandbox, to: str = "jane@example.com") -> int:
    body = {"to": {"email": to}, "from": {"email": "hello@example.com"}, "subject": "Welcome", "text": "x", "odd": 1}
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    return httpx2.post(f"{sandbox.url}/mails/send", json=body, headers=headers, trust_env=False).status_code


def test_a_program_sends_into_a_mailbox(autosend_sandbox: AutosendSandbox) -> None:
    autosend_sandbox.seed({"suppressionGroups": [{"name": "No", "isGlobal": True, "entries": ["no@example.com"]}]})
    autosend_sandbox.fail(path="/mails/*", status=503)
    assert [send(autosend_sandbox), send(autosend_sandbox), send(autosend_sandbox, "no@example.com")] == [503, 200, 200]
    autosend_sandbox.advance(2)
    assert [mail["status"] for mail in autosend_sandbox.mails()] == ["delivered", "suppressed"]
    assert [mail["subject"] for mail in autosend_sandbox.mails(to="jane@example.com")] == ["Welcome"]
    assert [one["name"] for one in autosend_sandbox.warnings()] == ["odd"]
    assert len(autosend_sandbox.requests()) == 3
    autosend_sandbox.empty()
    assert (autosend_sandbox.mails(), len(autosend_sandbox.requests())) == ([], 3)


def test_each_test_starts_with_nothing(autosend_sandbox: AutosendSandbox) -> None:
    assert (autosend_sandbox.mails(), autosend_sandbox.requests(), autosend_sandbox.state()["contacts"]) == ([], [], [])


@pytest.mark.slow
def test_the_recipe_runs_as_it_stands(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[1] / "docs/recipes/test_mailbox.py", tmp_path)
    plugins = ["-p", "autosend_mcp.testing", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", *plugins, "test_mailbox.py"]
    environment = {name: text for name, text in os.environ.items() if name != "PYTEST_ADDOPTS"}  # those of this run
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert "4 passed" in done.stdout, done.stdout + done.stderr
