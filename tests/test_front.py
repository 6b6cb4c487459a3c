"""What a host asks first is answered before the SDK is loaded, as the SDK would answer it."""

import json
from collections.abc import Sequence
from typing import Any, cast

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosend_mcp.server.front.offer import Offer
from autosend_mcp.server.front.requests import LEGACY, Answered, Opening
from autosend_mcp.server.front.start import Start
from autosend_mcp.settings import TOOLSETS
from tests.support.examples import TIMES
from tests.support.front import (
    CLIENT,
    INITIALIZED,
    LEGACY_TALKS,
    LISTS,
    MODERN_TALK,
    PAGES_TALKS,
    STARTS,
    Json,
    answered,
    as_line,
    envelope,
    initialize,
    request,
    sdk,
)
from tests.support.worlds import KEY


async def agree(starts: Sequence[Start], talks: Sequence[Sequence[Json]]) -> None:
    for start in starts:
        for talk in talks:
            raw = [as_line(message) for message in talk]
            assert answered(raw, start) == await sdk(raw, start)


@pytest.mark.anyio
async def test_every_answer_is_the_sdks_to_the_byte() -> None:
    assert len(STARTS) == 2 * 2 * 2 ** len(TOOLSETS) + 4
    await agree(STARTS[:1], [*LEGACY_TALKS, MODERN_TALK, *PAGES_TALKS])
    await agree(STARTS[3::37], [LEGACY_TALKS[1], MODERN_TALK])


@pytest.mark.slow
@pytest.mark.anyio
async def test_every_answer_is_the_sdks_whatever_is_offered() -> None:
    await agree(STARTS, [LEGACY_TALKS[3], MODERN_TALK])
    await agree(STARTS[::9], PAGES_TALKS)


ODD: list[Any] = [None, True, 0, -1, 1.5, "", "x", [], {}, {"a": 1}, {"a": {}}, [1], "2025-11-25", 2**60, "\ud83d", "é"]
NAMES = [
    "_meta",
    "cursor",
    "progressToken",
    "capabilities",
    "clientInfo",
    "name",
    "version",
    "roots",
    "listChanged",
    "sampling",
]


@st.composite
def changed(draw: st.DrawFn, message: Json) -> Json:
    """Return the message with a member somewhere in it taken away, added or replaced."""
    whole: Json = json.loads(json.dumps(message))
    place = whole
    while inner := [cast("Json", value) for value in place.values() if isinstance(value, dict)]:
        if draw(st.booleans()):
            break
        place = draw(st.sampled_from(inner))
    name = draw(st.sampled_from([*place, *NAMES]))
    if draw(st.integers(0, 3)):
        place[name] = draw(st.sampled_from(ODD))
    else:
        place.pop(name, None)
    return whole


@st.composite
def talks(draw: st.DrawFn) -> list[bytes]:
    talk = [*draw(st.sampled_from([*LEGACY_TALKS, MODERN_TALK]))]
    at = draw(st.integers(0, len(talk) - 1))
    match draw(st.integers(0, 3)):
        case 0:
            del talk[at]
        case 1:
            talk.insert(at, draw(st.sampled_from([*LEGACY_TALKS[0], *MODERN_TALK])))
        case _:
            talk[at] = draw(changed(talk[at]))
    return [as_line(message) for message in talk]


def introduced(**params: Any) -> Json:
    """Return `initialize` with these parameters in place of the plain ones."""
    plain = initialize(LEGACY[0])
    return plain | {"params": plain["params"] | params}


ODD_LINES: list[bytes] = [
    *map(
        as_line,
        [
            introduced(protocolVersion="2019-01-01"),
            introduced(clientInfo="host"),
            introduced(clientInfo={"name": "host"}),
            introduced(clientInfo={**CLIENT, "icons": []}),
            introduced(clientInfo={**CLIENT, "title": 5}),
            introduced(capabilities=[]),
            introduced(capabilities={"roots": True}),
            introduced(capabilities={"roots": {"listChanged": 1}}),
            introduced(capabilities={"sampling": True}),
            introduced(capabilities={"experimental": {"x": True}}),
            introduced(capabilities={"x": [[]] * 64}),
            introduced(clientInfo={**CLIENT, "name": "x" * 17_000}),
            introduced(clientInfo={**CLIENT, "name": "Caf\u00e9"}),
            introduced(more={}),
            initialize(LEGACY[0]) | {"id": True},
            initialize(LEGACY[0]) | {"id": 'a"b'},
            initialize(LEGACY[0]) | {"id": 1.5},
            initialize(LEGACY[0]) | {"jsonrpc": "1.0"},
            initialize(LEGACY[0]) | {"method": 5},
            initialize(LEGACY[0]) | {"params": []},
            initialize(LEGACY[0]) | {"more": 1},
            request(1, "tools/list"),
            request(1, "ping"),
            request(1, "tools/call", envelope()),
            request(1, "tools/list", {**envelope(), "cursor": "x"}),
            request(1, "tools/list", {"_meta": {**envelope()["_meta"], "more": 1}}),
            request(1, "server/discover"),
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 0}},
            INITIALIZED,
        ],
    ),
    "\u00e9".encode() + b"\n",
    b'{"jsonrpc": "2.0"\n',
    b"[]\n",
    b'{"jsonrpc": "2.0", "id": NaN, "method": "ping"}\n',
    b'{"jsonrpc": "2.0", "id": 1, "id": 2, "method": "ping"}\n',
]


@pytest.mark.parametrize("line", ODD_LINES)
def test_an_odd_line_is_left_to_the_sdk(line: bytes) -> None:
    assert Opening(Offer(STARTS[0])).answer(line) is None


def test_in_an_older_era_what_asks_for_more_is_left_to_the_sdk() -> None:
    opening = Opening(Offer(STARTS[0]))
    assert [opening.answer(line) for line in (b"\n", b"\r\n")] == [Answered(0, "", is_kept=False)] * 2
    assert opening.answer(as_line(initialize(LEGACY[2])))
    assert opening.answer(as_line(request(1, "tools/list"))) is None  # before it has initialized
    assert opening.answer(as_line(request(1, "ping")))
    assert opening.answer(as_line(INITIALIZED))
    odd: list[Json] = [
        {"cursor": "x"},
        {"_meta": 5},
        {"_meta": {"x": 1}},
        {"_meta": {"progressToken": 1.5}},
        envelope(),
    ]
    for params in odd:
        assert opening.answer(as_line(request(2, "tools/list", params))) is None
    assert opening.answer(as_line(initialize(LEGACY[2]))) is None
    assert opening.answer(as_line(request(3, "tools/list")))


OPENED = [initialize(LEGACY[2]), INITIALIZED]
WRONG: list[tuple[list[Json], str]] = [
    ([request(9, "initialize")], "params is missing"),
    ([request(9, "initialize", {})], "capabilities is missing; clientInfo is missing; protocolVersion is missing"),
    ([introduced(protocolVersion=5)], "protocolVersion must be a string"),
    ([introduced(capabilities=[])], "capabilities must be an object"),
    ([introduced(clientInfo={**CLIENT, "name": None})], "clientInfo.name must be a string"),
    ([request(9, "tools/list")], "initialize must come first. Nothing was done."),
    *(([*OPENED, request(9, method, {"cursor": 5})], "cursor must be a string") for method in LISTS),
    ([*OPENED, request(9, "resources/read")], "params is missing"),
    ([*OPENED, request(9, "prompts/get", {"name": "x", "arguments": []})], "arguments must be an object"),
    ([*OPENED, request(9, "prompts/get", {"name": "x", "arguments": {"a": [KEY]}})], "arguments.a must be a string"),
    ([request(9, "tools/list", {**envelope(), "cursor": [KEY]})], "cursor must be a string"),
    ([request(9, "resources/read", {**envelope(), "uri": 5})], "uri must be a string"),
    ([request(9, "completion/complete", envelope())], "argument is missing; ref is missing"),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("talk", "said"), WRONG)
async def test_a_request_that_does_not_fit_the_protocol_is_told_what_is_wrong(talk: list[Json], said: str) -> None:
    raw = [as_line(message) for message in talk]
    assert answered(raw, STARTS[0]) is None
    error = json.loads((await sdk(raw, STARTS[0]))[-1])["error"]
    assert (error["code"], error["message"].startswith(said)) == (-32602, True), error
    assert "Nothing was done." in error["message"]
    assert KEY not in error["message"]


@given(talk=talks(), start=st.sampled_from(STARTS))
@settings(max_examples=40 * TIMES)
def test_what_is_not_plain_is_left_to_the_sdk(talk: list[bytes], start: Start) -> None:
    opening, plain, found = Opening(Offer(start)), list[bytes](), list[str]()
    for line in talk:
        answer = opening.answer(line)
        if answer is None:
            break
        plain.append(line)
        found += [answer[1]] if answer[1] else []
    assert found == anyio.run(sdk, plain, start)
