"""What one caller was given to refer to, another one cannot use: each kind of both, at one worker and at several."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
from mcp import Client, MCPError
from mcp_types import ElicitResult, InputRequiredResult

from autosend_mcp.server.app import ALL_TOOLS
from tests.support.examples import every_third
from tests.support.issuer import Issuer
from tests.support.line import Line
from tests.support.redis import RedisServer
from tests.support.requests import FIND
from tests.support.serving import Served, served
from tests.support.worlds import KEY, answer_of, text_of

pytestmark = pytest.mark.anyio

JANE = "jane@example.com"
ONE: dict[str, Any] = {"emails": [JANE], "confirm": JANE}
TEXT = f"email,firstName\n{JANE},Jane\nwrong,Wrong\n"
WRITES = "autosend://writes"
LISTS = "autosend://contact-lists"


class World(NamedTuple):
    """The server as callers meet it, and whom its tokens are of."""

    app: Served
    issuer: Issuer
    folder: Path

    def token(self, name: str, key: str = "", **about: Any) -> str:
        """Make a token of the file; one for a name that has one replaces it. `key`: of its owner's own."""
        self.app.tokens.revoke(name)
        if key:
            file = self.folder / about.pop("file", f"key-of-{name}")
            file.write_text(key)
            about["key_file"] = str(file)
        return self.app.tokens.create(name, **about)


# Two callers: the one who does something, and then the other one.
Caller = Callable[[World], str]
CALLERS: dict[str, tuple[Caller, Caller]] = {
    "two names": (lambda world: world.token("ana"), lambda world: world.token("ben")),
    "two names with the same key": (lambda world: world.token("ana", KEY), lambda world: world.token("ben", KEY)),
    "a name that is the beginning of the other": (lambda world: world.token("an"), lambda world: world.token("ana")),
    "a name made again with another key": (
        lambda world: world.token("ana", "AS_of-the-first-one-0123456789"),
        lambda world: world.token("ana", "AS_of-the-other-one-0123456789", file="another-file"),
    ),
    "a name made again with another key in the same file": (
        lambda world: world.token("ana", "AS_of-the-first-one-0123456789"),
        lambda world: world.token("ana", "AS_of-the-other-one-0123456789"),
    ),
    "a name made again with the key of the server": (
        lambda world: world.token("ana", "AS_of-the-first-one-0123456789"),
        lambda world: world.token("ana"),
    ),
    "a name made again for another project": (
        lambda world: world.token("ana", project_id="first"),
        lambda world: world.token("ana", project_id="second"),
    ),
    "two users of a client": (lambda world: world.issuer.token(), lambda world: world.issuer.token(sub="ben")),
    "two clients of a user": (lambda world: world.issuer.token(), lambda world: world.issuer.token(client_id="b")),
    "a user and their client": (lambda world: world.issuer.token(), lambda world: world.issuer.token(sub=None)),
    "a client that is named as both together": (
        lambda world: world.issuer.token(),
        lambda world: world.issuer.token(client_id="host/ana", sub=None),
    ),
    "a client and a token of its name": (
        lambda world: world.issuer.token(sub=None, client_id="ana"),
        lambda world: world.token("ana"),
    ),
}

# What answers give to be used in a later call, by the argument of a tool that takes it. The rest of what tools take is
# data of AutoSend's, or the user's.
HANDLES = {"importId", "write", "cursor"}
OF_AUTOSEND = {"id", "ids", "userId", "listIds", "contactIds", "parentId"}


def test_no_argument_that_takes_a_handle_is_forgotten() -> None:
    """By its name, or because no user could know it."""
    names = {name for tool in ALL_TOOLS.values() for name in tool.definition.input_schema["properties"]}
    assert names >= HANDLES
    assert {name for name in names if name.lower().endswith(("id", "ids"))} - HANDLES == OF_AUTOSEND


def _heard(line: Line, keys: list[tuple[str, str]]) -> httpx2.AsyncBaseTransport:
    class Heard(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            keys.append((request.headers["authorization"].removeprefix("Bearer "), request.url.path))
            return await line.handle_async_request(request)

    return Heard()


@asynccontextmanager
async def worlds(
    line: Line, folder: Path, redis: RedisServer | None, keys: list[tuple[str, str]]
) -> AsyncGenerator[tuple[World, World]]:
    """Yield the worker at which the first one calls, and that at which the other one does."""
    issuer = Issuer()
    http: dict[str, Any] = {"redis_url": redis.url, "state_key": "k" * 32} if redis else {}
    async with AsyncExitStack() as stack:
        apps = [
            await stack.enter_async_context(
                served(_heard(line, keys), folder, http, issuer, toolsets="contacts,lists,imports")
            )
            for _ in range(2 if redis else 1)
        ]
        yield World(apps[0], issuer, folder), World(apps[-1], issuer, folder)


async def _nobody(*_: Any) -> ElicitResult:
    raise AssertionError


async def _done(client: Client, era: str) -> tuple[dict[str, list[str]], InputRequiredResult | None]:
    """Do one of each thing; return the handles by their argument, and the question if one was asked."""
    made = answer_of(await client.call_tool("create_contact", {"email": JANE}))
    shown = answer_of(await client.call_tool("start_import", {"text": TEXT, "dryRun": True}))
    run = answer_of(await client.call_tool("start_import", {"text": TEXT}))
    await client.read_resource(LISTS)
    ids = [shown["importId"], run["importId"]]
    handles = {"write": [made["undo"]], "importId": ids, "cursor": [f"{ids[1]}:0", f"{ids[1]}:1"]}
    asked = None
    if era != "legacy":
        result = await client.session.call_tool("delete_contacts", ONE, allow_input_required=True)
        assert isinstance(result, InputRequiredResult)
        asked = result
    return handles, asked


async def _tried(client: Client, handles: dict[str, list[str]]) -> AsyncGenerator[tuple[str, str]]:
    """Yield what each tool says that takes one of these."""
    for tool in (await client.list_tools()).tools:
        for name in HANDLES & tool.input_schema["properties"].keys():
            for handle in handles[name]:
                more = {"importId": handles["importId"][1]} if name == "cursor" and tool.name == "get_import" else {}
                result = await client.call_tool(tool.name, {name: handle, **more})
                if not (name == "cursor" and "importId" not in tool.input_schema["properties"]):
                    assert result.is_error, (tool.name, name)
                yield tool.name, text_of(result)


@pytest.fixture(params=["one worker", pytest.param("several", marks=pytest.mark.slow)])
def shared(request: pytest.FixtureRequest) -> RedisServer | None:
    """The Redis that workers share, if there are several."""
    return request.getfixturevalue("redis") if request.param == "several" else None


@pytest.mark.parametrize("kind", every_third(CALLERS))
async def test_nothing_of_one_caller_is_of_use_to_another(
    line: Line, tmp_path: Path, shared: RedisServer | None, era: str, kind: str
) -> None:
    first, other = CALLERS[kind]
    keys: list[tuple[str, str]] = []
    user: dict[str, Any] = {"elicitation_callback": _nobody}
    async with worlds(line, tmp_path, shared, keys) as (one, two):
        async with one.app.client(first(one), era, **user) as client:
            handles, asked = await _done(client, era)
        used, seen = {key for key, _ in keys}, len(line.seen)
        keys.clear()
        async with two.app.client(other(two), era, **user) as client:
            await _check_nothing_is_found(client, handles)
            if asked is not None:
                await _check_is_not_answered(client, asked)
    assert all(asked.startswith(("GET ", FIND)) for asked, _ in line.seen[seen:]), line.seen[seen:]
    assert any(path.endswith("/contact-lists") for _, path in keys), "what one caller has read is not the other's"
    if "another key" in kind or "key of the server" in kind:
        assert not used & {key for key, _ in keys}


async def _check_nothing_is_found(client: Client, handles: dict[str, list[str]]) -> None:
    """Check that no tool makes use of these, that nothing was written, and that what is read is asked for."""
    async for tool, said in _tried(client, handles):
        assert JANE not in said, tool
    history: Any = (await client.read_resource(WRITES)).contents[0]
    assert history.text == "[]"
    await client.read_resource(LISTS)


async def _check_is_not_answered(client: Client, asked: InputRequiredResult) -> None:
    """Check that an answer to this question is refused, or is followed by a question of the caller's own."""
    yes: Any = {name: ElicitResult(action="accept", content={}) for name in asked.input_requests or {}}
    given: dict[str, Any] = {"input_responses": yes, "request_state": asked.request_state}
    try:
        again = await client.session.call_tool("delete_contacts", ONE, allow_input_required=True, **given)
    except MCPError as refused:
        assert "Invalid or expired requestState" in refused.error.message
    else:
        assert isinstance(again, InputRequiredResult)


def _other_arguments(asked: str) -> tuple[str, dict[str, Any], str]:
    return "delete_contacts", {"emails": ["john@example.com"], "confirm": "john@example.com"}, asked


def _another_tool(asked: str) -> tuple[str, dict[str, Any], str]:
    return "delete_contact_list", {"list": "All", "confirm": "All"}, asked


def _edited(asked: str) -> tuple[str, dict[str, Any], str]:
    return "delete_contacts", ONE, f"{asked[:40]}{'A' if asked[40] != 'A' else 'B'}{asked[41:]}"


def _made_up(_asked: str) -> tuple[str, dict[str, Any], str]:
    return "delete_contacts", ONE, "v1.made-up"


@pytest.mark.parametrize("bent", [_other_arguments, _another_tool, _edited, _made_up])
async def test_an_answer_counts_for_what_was_asked_alone(
    line: Line, tmp_path: Path, bent: Callable[[str], tuple[str, dict[str, Any], str]]
) -> None:
    async with (
        served(line, tmp_path, toolsets="contacts,lists") as app,
        app.client(app.tokens.create("ana"), elicitation_callback=_nobody) as client,
    ):
        await client.call_tool("create_contact", {"email": JANE})
        asked = await client.session.call_tool("delete_contacts", ONE, allow_input_required=True)
        assert isinstance(asked, InputRequiredResult)
        yes: Any = {name: ElicitResult(action="accept", content={}) for name in asked.input_requests or {}}
        tool, arguments, state = bent(asked.request_state or "")
        with pytest.raises(MCPError, match="Invalid or expired requestState"):
            await client.session.call_tool(tool, arguments, input_responses=yes, request_state=state)
    assert not line.count("DELETE")
