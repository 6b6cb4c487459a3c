"""What callers over HTTP are told: nothing that only who runs the server can do; the log has that."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError

from autosend_mcp.errors import NotSent
from autosend_mcp.sandbox.access import KEY
from autosend_mcp.server.audience import OverHttp
from tests.support.issuer import Issuer
from tests.support.line import Line, answering
from tests.support.serving import served
from tests.support.source import MODULES, texts_of
from tests.support.worlds import error_of

JANE = {"email": "jane@example.com"}
RUNS = "who runs this server"
# What the text says, what the log does (if anything), the settings of the server and of the token.
Kind = tuple[str, str, dict[str, Any], dict[str, Any]]
KINDS: dict[str, Kind] = {
    "no key": ("no AutoSend key", "AUTOSEND_API_KEY is missing", {"api_key": None}, {}),
    "a wrong key": ("no AutoSend key", "AUTOSEND_API_KEY", {"api_key": "sk-123"}, {}),
    "a key file": ("no AutoSend key", "AUTOSEND_API_KEY_FILE", {"api_key": None, "api_key_file": Path("/none")}, {}),
    "an own key file": ("no AutoSend key", "AUTOSEND_API_KEY_FILE", {}, {"key_file": "/none"}),
    "no project": ("no AutoSend key", "AUTOSEND_PROJECT_ID", {"api_key": "ASA_0123456789abcdef0123"}, {}),
    "read-only": ("this server is read-only", "", {"read_only": True}, {}),
    "a token that reads": ("this token may only read", "", {}, {"read_only": True}),
    "a toolset": ("is not offered here", "", {"toolsets": "lists"}, {}),
    "a token's toolset": ("is not offered to this token", "", {}, {"toolsets": "lists"}),
}
ANSWERS = {
    302: ("redirect", "AUTOSEND_BASE_URL"),
    401: ("refused the API key", "set AUTOSEND_API_KEY"),
    403: ("does not allow this", "change the plan"),
    404: ("no such thing", ""),
}


def refers_to_the_server(text: str) -> bool:
    return re.search(r"AUTOSEND_|_PROXY|--[a-z]|restart this|start this|dashboard|environment", text) is not None


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return "".join(record.__dict__["fields"]["why"] for record in caplog.records if record.msg == "fix_needed")


async def said_to(client: Client) -> str:
    """Return what a caller is told who may not write: by the tool, or by HTTP where a token may only read."""
    try:
        return error_of(await client.call_tool("create_contact", JANE))
    except MCPError as error:
        return error.error.message


@pytest.mark.anyio
@pytest.mark.parametrize("kind", KINDS)
async def test_a_caller_over_http_is_told_who_can_fix_it(
    line: Line, tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    said, in_log, settings, token = KINDS[kind]
    async with served(line, tmp_path, **settings) as app, app.client(app.tokens.create("ana", **token)) as client:
        text = await said_to(client)
        assert "AUTOSEND_" not in str(client.instructions)
    assert said in text
    assert RUNS in text
    assert not refers_to_the_server(text)
    assert "Nothing was sent and nothing changed." in text
    assert in_log in logged(caplog)
    assert bool(logged(caplog)) == bool(in_log)


@pytest.mark.anyio
@pytest.mark.parametrize("status", ANSWERS)
async def test_what_the_servers_key_may_not_do_is_for_who_runs_it(
    line: Line, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    said, in_log = ANSWERS[status]
    line.lose("POST /contacts", answering(status, {"success": False}))
    async with served(line) as app, app.client() as client:
        text = error_of(await client.call_tool("create_contact", JANE))
    assert said in text
    assert RUNS in text
    assert not refers_to_the_server(text)
    assert in_log in logged(caplog)


@pytest.mark.anyio
async def test_a_sign_in_that_may_only_read_names_its_scope(line: Line) -> None:
    issuer = Issuer()
    async with served(line, issuer=issuer) as app, app.client(issuer.token(scope="contacts:read")) as client:
        text = await said_to(client)
    assert "it has no scope contacts:write" in text
    assert not refers_to_the_server(text)


@pytest.mark.anyio
async def test_no_import_directory_leaves_the_way_that_is_open(line: Line) -> None:
    async with served(line, toolsets="imports") as app, app.client() as client:
        text = error_of(await client.call_tool("start_import", {"file": "people.csv"}))
    assert "Give the content as text." in text
    assert not refers_to_the_server(text)


def test_no_text_over_http_names_what_the_caller_cannot_change(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever text of ours comes to stand in an error, as what happened or as what to do."""
    wings = ("api", "imports", "models", "secret", "settings", "tools", "server.dispatch")
    texts = {text for name, file in MODULES.items() if name.startswith(wings) for text in texts_of(file)}
    naming = [text for text in texts if re.search(r"AUTOSEND_[A-Z]|_PROXY|restart this|start this", text)]
    assert len(naming) > 10
    caplog.set_level(logging.ERROR)
    for text in naming:
        for error in (NotSent(text), NotSent("It failed.", text), NotSent("It failed.", user_step=text)):
            OverHttp().address(error)
            assert not refers_to_the_server(str(error)), str(error)
            assert KEY not in str(error)
