"""Who may not call over HTTP, or not so: the table of docs/oauth.md, row by row. Nothing reaches AutoSend."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from mcp import Client, MCPError
from mcp_types import ElicitResult

from autosend_mcp.server.app import ALL_TOOLS
from tests.support.examples import every_third
from tests.support.issuer import Issuer
from tests.support.line import Line, empty_sandbox
from tests.support.serving import Served, served
from tests.support.sockets import message
from tests.support.worlds import KEY, answer_of, error_of

pytestmark = pytest.mark.anyio

JANE = {"email": "jane@example.com"}
PAGE = Path("docs/oauth.md").read_text()
LIST: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
JSON = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


def _bearer(token: Callable[[Served, Issuer], str]) -> Callable[[Served, Issuer], dict[str, str]]:
    return lambda app, issuer: {"Authorization": f"Bearer {token(app, issuer)}"}


def _revoked(app: Served, _issuer: Issuer) -> str:
    token = app.tokens.create("gone")
    assert app.tokens.revoke("gone")
    return token


def _of_another_issuer(_app: Served, issuer: Issuer) -> str:
    other = Issuer("https://evil.example")
    other.keys = issuer.keys
    return other.token()


def _of_another_key(_app: Served, _issuer: Issuer) -> str:
    return Issuer().token()


def _of_an_unknown_key(_app: Served, issuer: Issuer) -> str:
    other = Issuer()
    other.keys = {**issuer.keys, "new": ec.generate_private_key(ec.SECP256R1())}
    return other.token("new")


def _bent(_app: Served, issuer: Issuer) -> str:
    return issuer.token()[:-10] + "AAAAAAAAAA"


# By the row of the page: what the request shows, and its status.
REFUSED: dict[str, tuple[Callable[[Served, Issuer], dict[str, str]], int]] = {
    "another Host": (lambda app, issuer: {"Host": "evil.example"} | _good(app, issuer), 421),
    "another Origin": (lambda app, issuer: {"Origin": "https://evil.example"} | _good(app, issuer), 403),
    "no token": (lambda _app, _issuer: {}, 401),
    "a user name and a password": (lambda _app, _issuer: {"Authorization": "Basic YW5hOnB3"}, 401),
    "a made-up token": (_bearer(lambda _app, _issuer: "asm_made-up"), 401),
    "a made-up JWT": (_bearer(lambda _app, _issuer: "e30." * 2 + "e30"), 401),
    "a very long token": (_bearer(lambda _app, _issuer: "e" * 17_000), 401),
    "an AutoSend key": (_bearer(lambda _app, _issuer: KEY), 401),
    "an expired token": (
        _bearer(lambda app, _issuer: app.tokens.create("late", expires=datetime.now(UTC) - timedelta(seconds=1))),
        401,
    ),
    "a revoked token": (_bearer(_revoked), 401),
    "a JWT for another audience": (
        _bearer(lambda _app, issuer: issuer.token(aud="https://other.example.com/mcp")),
        401,
    ),
    "a JWT for a part of this URL": (_bearer(lambda _app, issuer: issuer.token(aud="http://127.0.0.1:8000")), 401),
    "a JWT without an audience": (_bearer(lambda _app, issuer: issuer.token(aud=None)), 401),
    "a JWT of another issuer": (_bearer(_of_another_issuer), 401),
    "a JWT signed with another key": (_bearer(_of_another_key), 401),
    "a JWT signed with an unknown key": (_bearer(_of_an_unknown_key), 401),
    "a JWT whose signature is bent": (_bearer(_bent), 401),
    "a JWT of the algorithm none": (_bearer(lambda _app, issuer: issuer.forged("none")), 401),
    "a JWT of HS256 with the public key": (_bearer(lambda _app, issuer: issuer.forged("HS256")), 401),
    "a JWT that has expired": (_bearer(lambda _app, issuer: issuer.token(exp=-60)), 401),
    "a JWT that never expires": (_bearer(lambda _app, issuer: issuer.token(exp=None)), 401),
    "a JWT that is not valid yet": (_bearer(lambda _app, issuer: issuer.token(nbf=60)), 401),
    "a JWT of another kind": (_bearer(lambda _app, issuer: issuer.token(header={"typ": "logout+jwt"})), 401),
    "a JWT of nobody": (_bearer(lambda _app, issuer: issuer.token(sub=None, client_id=None)), 401),
    "a JWT without scopes": (_bearer(lambda _app, issuer: issuer.token(scope=None)), 403),
    "a JWT of other scopes": (_bearer(lambda _app, issuer: issuer.token(scope="openid contacts:readings")), 403),
}


WITHOUT_A_TOKEN = {"no token", "a user name and a password"}  # to which RFC 6750, 3.1, names no error


def _good(_app: Served, issuer: Issuer) -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer.token()}"}


@pytest.mark.parametrize("row", REFUSED)
async def test_a_request_is_refused_before_it_is_read(row: str, tmp_path: Path) -> None:
    shown, status = REFUSED[row]
    issuer, sandbox = Issuer(), empty_sandbox()
    line = Line(sandbox)
    async with served(line, tmp_path, issuer=issuer) as app, app.http() as http:
        answer = await http.post("/mcp", json=LIST, headers=JSON | shown(app, issuer))
        assert answer.status_code == status
        if status in {401, 403} and "Origin" not in row:
            assert "resource_metadata=" in answer.headers["www-authenticate"]
            assert 'scope="contacts:read contacts:write"' in answer.headers["www-authenticate"]
            error = "" if row in WITHOUT_A_TOKEN else {401: "invalid_token", 403: "insufficient_scope"}[status]
            assert error in answer.text
            assert (f'error="{error}"' if error else "Bearer resource_metadata=") in answer.headers["www-authenticate"]
        well = await http.post("/mcp", json=LIST, headers=JSON | _good(app, issuer))
        assert well.status_code == 200
    assert not line.seen
    assert f"| {row} | {status} " in PAGE
    sandbox.close()


async def _import(ana: Client, ben: Client) -> str:
    started = answer_of(await ana.call_tool("start_import", {"text": "email\nann@example.com\n"}))
    return error_of(await ben.call_tool("get_import", {"importId": started["importId"]}))


async def _stop(ana: Client, ben: Client) -> str:
    started = answer_of(await ana.call_tool("start_import", {"text": "email\nann@example.com\n"}))
    return error_of(await ben.call_tool("stop_import", {"importId": started["importId"]}))


async def _undo(ana: Client, ben: Client) -> str:
    done = answer_of(await ana.call_tool("create_contact", JANE))
    return error_of(await ben.call_tool("undo", {"undo": done["undo"]}))


async def _writes(ana: Client, ben: Client) -> str:
    await ana.call_tool("create_contact", JANE)
    history: Any = (await ben.read_resource("autosend://writes")).contents[0]
    return history.text


async def _answer(ana: Client, ben: Client) -> str:
    await ana.call_tool("create_contact", JANE)
    asked: Any = await ana.session.call_tool("delete_contacts", _ONE, allow_input_required=True)
    yes: Any = {name: ElicitResult(action="accept", content={}) for name in asked.input_requests}
    with pytest.raises(MCPError) as raised:
        await ben.session.call_tool("delete_contacts", _ONE, input_responses=yes, request_state=asked.request_state)
    return raised.value.error.message


_ONE: dict[str, Any] = {"emails": [JANE["email"]], "confirm": JANE["email"]}
Attempt = Callable[[Client, Client], Any]
OF_ANOTHER: dict[str, tuple[Attempt, str]] = {
    "another's import": (_import, "There is no import"),
    "another's import, to stop it": (_stop, "There is no import"),
    "another's undo reference": (_undo, "undo"),
    "another's writes": (_writes, "[]"),
    "another's answer to a question": (_answer, "Invalid or expired requestState"),
}


@pytest.mark.parametrize("kind", ["tokens", "issuer"])
@pytest.mark.parametrize("row", OF_ANOTHER)
async def test_what_is_anothers_is_refused(row: str, kind: str, tmp_path: Path) -> None:
    attempt, said = OF_ANOTHER[row]
    issuer, sandbox = Issuer(), empty_sandbox()
    line = Line(sandbox)
    async with served(line, tmp_path, issuer=issuer, toolsets="contacts,imports") as app:
        ana, ben = (
            (app.tokens.create("ana"), app.tokens.create("ben"))
            if kind == "tokens"
            else (issuer.token(), issuer.token(sub="ben"))
        )
        user: dict[str, Any] = {"elicitation_callback": _nobody}
        async with app.client(ana, **user) as of_ana, app.client(ben, **user) as of_ben:
            text = await attempt(of_ana, of_ben)
    assert said in text
    assert JANE["email"] not in text
    assert not any(name.startswith("DELETE") for name in map(str, line.seen))
    assert f"| {row} |" in PAGE
    sandbox.close()


async def test_the_answer_of_who_was_asked_counts(tmp_path: Path) -> None:
    sandbox = empty_sandbox()

    async def yes(*_: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={})

    async with (
        served(Line(sandbox), tmp_path, {"state_key": "k" * 32}) as app,
        app.client(app.tokens.create("ana"), elicitation_callback=yes) as client,
    ):
        await client.call_tool("create_contact", JANE)
        assert answer_of(await client.call_tool("delete_contacts", _ONE))["outcome"] == "deleted"
    sandbox.close()


async def _nobody(*_: Any) -> Any:
    raise AssertionError


WRITES = [name for name, tool in ALL_TOOLS.items() if not tool.reads]


@pytest.mark.parametrize("tool", every_third(WRITES))
async def test_a_token_that_may_only_read_writes_nothing(tool: str, tmp_path: Path, era: str) -> None:
    issuer, sandbox = Issuer(), empty_sandbox()
    line = Line(sandbox)
    headers, body = message("tools/call", {"name": tool, "arguments": {}}, era)
    async with served(line, tmp_path, issuer=issuer) as app:
        for token in (app.tokens.create("reader", read_only=True), issuer.token(scope="contacts:read")):
            async with app.http(token) as http:
                answer = await http.post("/mcp", json=body, headers=headers)
            assert answer.status_code == 403
            challenge = answer.headers["www-authenticate"]
            assert challenge.startswith(
                'Bearer error="insufficient_scope", error_description="Required scope: contacts:w'
            )
            assert 'scope="contacts:read contacts:write"' in challenge
            assert "resource_metadata=" in challenge
            async with app.client(token, era) as client:
                with pytest.raises(MCPError, match=r"may only read.*Nothing was sent and nothing changed"):
                    await client.call_tool(tool, {})
    assert not line.seen
    assert "| a write, with a token that may only read | 403 `insufficient_scope`" in PAGE
    sandbox.close()


async def test_where_nobody_may_write_no_scope_is_asked_for(tmp_path: Path) -> None:
    sandbox = empty_sandbox()
    async with served(Line(sandbox), tmp_path, read_only=True) as app:
        for token in (app.tokens.create("ana"), app.tokens.create("reader", read_only=True)):
            async with app.client(token) as client:
                assert "this server is read-only" in error_of(await client.call_tool("create_contact", JANE))
    sandbox.close()
