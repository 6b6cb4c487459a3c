"""What a host asks first is answered before the SDK is loaded, as the SDK would answer it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import suppress
from itertools import combinations, dropwhile, islice
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryFile
from typing import Any, cast

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp_types import JSONRPCMessage

from autosend_mcp.api.client import AutoSend
from autosend_mcp.cli.flags import apart, parser
from autosend_mcp.server.app import offered_tools, open_server
from autosend_mcp.server.connection import serve_connection
from autosend_mcp.server.front.offer import MODERN, Offer
from autosend_mcp.server.front.requests import LEGACY, Opening
from autosend_mcp.server.front.start import Start, plain_start
from autosend_mcp.server.front.stdin import Front, front
from autosend_mcp.server.lines import method_of, read_line
from autosend_mcp.server.stdio import lines
from autosend_mcp.settings import TOOLSETS, Settings, SettingsError, load_settings
from tests.support.examples import TIMES
from tests.support.worlds import KEY

Json = dict[str, Any]

ROOT = Path(__file__).parents[1]
CLIENT = {"name": "host", "version": "1.0"}
CAPABILITIES: list[Json] = [
    {},
    {"roots": {"listChanged": True}, "sampling": {}, "elicitation": {"form": {}, "url": {}}},
    {"extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html;profile=mcp-app"]}}},
    {"tools": True, "logging": False, "tasks": {"list": {}, "requests": {"elicitation": {"create": {}}}}},
]
LISTS = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"]
INITIALIZED: Json = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def request(number: int | str, method: str, params: Json | None = None) -> Json:
    return {"jsonrpc": "2.0", "id": number, "method": method} | ({} if params is None else {"params": params})


def envelope(capabilities: Json | None = None) -> Json:
    about = {"protocolVersion": MODERN, "clientInfo": CLIENT, "clientCapabilities": capabilities or {}}
    return {"_meta": {f"io.modelcontextprotocol/{name}": value for name, value in about.items()}}


def initialize(version: str, capabilities: Json | None = None) -> Json:
    params = {"protocolVersion": version, "capabilities": capabilities or {}, "clientInfo": CLIENT}
    return request(0, "initialize", params)


LEGACY_TALKS = [
    [
        initialize(version, capabilities),
        INITIALIZED,
        *(request(number, method) for number, method in enumerate(LISTS, 1)),
        request("five", "ping", {}),
        request(6, "tools/list", {"_meta": {"progressToken": "t"}}),
    ]
    for version, capabilities in zip(LEGACY, CAPABILITIES, strict=True)
]
MODERN_TALK = [
    request(number, method, envelope(CAPABILITIES[number % 4]))
    for number, method in enumerate(["server/discover", *LISTS])
]
# Of a host that shows pages.
PAGES_TALKS = [
    [
        initialize(LEGACY[3], CAPABILITIES[2]),
        INITIALIZED,
        *(request(number, method) for number, method in enumerate(LISTS, 1)),
    ],
    [request(number, method, envelope(CAPABILITIES[2])) for number, method in enumerate(["server/discover", *LISTS])],
]


def as_line(message: Json) -> bytes:
    return json.dumps(message).encode() + b"\n"


class Written:
    """Stdout, for the SDK; `lines` is what was written, and `one_more` happens with the next one."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.one_more = anyio.Event()

    async def write(self, line: str) -> None:
        self.lines.append(line)
        self.one_more.set()
        self.one_more = anyio.Event()


async def sdk(talk: Sequence[bytes], start: Start) -> list[str]:
    """Return what the SDK writes when it is given these lines, each discovery at first on a connection of its own."""
    rest = [*dropwhile(lambda line: b"server/discover" in line, talk)]
    alone = [[line] for line in talk[: len(talk) - len(rest)]]
    return [answer for each in [*alone, rest] for answer in await on_one_connection(each, start)]


async def on_one_connection(talk: Sequence[bytes], start: Start) -> list[str]:
    async def messages() -> AsyncGenerator[JSONRPCMessage]:
        for raw in talk:
            for message in read_line(raw).messages:
                answered = written.one_more
                yield message
                if method_of(message):  # requests at once are answered in any order
                    await answered.wait()

    toolsets = ",".join(start.toolsets)
    settings = Settings(toolsets=toolsets, read_only=start.read_only, import_dir=Path("/") if start.imports else None)
    autosend = AutoSend(settings, target="", is_sandbox=start.is_sandbox)
    written = Written()
    async with open_server(autosend) as (server, _):
        await serve_connection(server, messages(), written.write)
    return written.lines


def answered(talk: Iterable[bytes], start: Start) -> list[str] | None:
    """Return what is answered without the SDK; None if a line is left to it."""
    opening = Opening(Offer(start))
    answers = [opening.answer(line) for line in talk]
    return None if None in answers else [answer[1] for answer in answers if answer and answer[1]]


STARTS = [
    Start(toolsets, read_only, imports, is_sandbox)
    for size in range(len(TOOLSETS) + 1)
    for toolsets in combinations(TOOLSETS, size)
    for read_only in (False, True)
    for imports in ([False, True] if not toolsets else [False])
    for is_sandbox in (False, True)
]


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
    assert [opening.answer(line) for line in (b"\n", b"\r\n")] == [(0, ""), (0, "")]
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


VALUES = [
    *[
        "",
        " ",
        "true",
        "1",
        "yes",
        "null",
        "${X}",
        "2",
        "0",
        "0.5",
        "1e9",
        "nan",
        "301",
        "45",
        "AS_key",
        "\udc80",
        "a b",
    ],
    *["contacts", "contacts,lists", "nothing", "/", "/nowhere", "auto", "INFO", "info"],
    *["https://api.autosend.com/v1", "https://api.autosend.com/v1?x", "https://a..b", "http://example.com"],
    *["http://127.0.0.1:7363/v1", "http://localhost:99999"],
]
FIELDS = [*Settings.model_fields, "sandbox", "sandbox_created_status", "base"]
VARIABLES = ["autosend_read_only", *(f"AUTOSEND_{name.upper()}" for name in FIELDS)]
WORDS = [
    *["--read-only", "--read-only=1", "--toolsets", "--toolsets=lists", "--toolsets=x", "contacts,fields"],
    *["--sandbox", "--sandbox=a.db", "--sandbox-sample", "--help", "import", "lists"],
]


@given(
    environment=st.dictionaries(st.sampled_from(VARIABLES), st.sampled_from(VALUES), max_size=3),
    words=st.lists(st.sampled_from(WORDS), max_size=3),
)
@settings(max_examples=200 * TIMES)
def test_a_plain_start_is_one_that_works_and_offers_the_same(environment: dict[str, str], words: list[str]) -> None:
    start = plain_start(words, environment)
    if start is None:
        return
    args = parser().parse(apart(words))
    assert args.command == "serve"
    given = {name: getattr(args, name) for name in ("read_only", "toolsets") if name in args}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        names = [*offered_tools(load_settings(**given))] if Offer(start).is_known else None
        if names is None:
            with pytest.raises(SettingsError):
                offered_tools(load_settings(**given))
            return
    shown = json.loads(Offer(start).result("tools/list", MODERN))["tools"]
    assert [tool["name"] for tool in shown] == names
    assert start.is_sandbox == ("sandbox" in args or "sandbox_sample" in args)


def test_in_a_checkout_and_at_an_odd_start_all_is_left_to_the_server(tmp_path: Path) -> None:
    assert front([]) is None
    assert front(["import", "x.csv"]) is None
    for odd in ({"AUTOSEND_IMPORT_DIR": str(tmp_path / "none")}, {"AUTOSEND_TIMEOUT": "400"}, {"AUTOSEND_FOO": "1"}):
        assert plain_start([], odd) is None
    assert plain_start([], {"AUTOSEND_IMPORT_DIR": str(tmp_path)}) == Start((), False, True, False)


def test_the_usual_starts_are_plain() -> None:
    for words in (
        [],
        ["--read-only"],
        ["--toolsets", "contacts,lists"],
        ["--sandbox"],
        ["--sandbox-sample", "--read-only"],
    ):
        for environment in (
            {},
            {"AUTOSEND_API_KEY": "AS_key"},
            {"AUTOSEND_READ_ONLY": "true", "AUTOSEND_TOOLSETS": ""},
        ):
            assert plain_start(words, environment), (words, environment)


# From the first line to the server


class Host:
    """A host at the other ends of the pipes of a front."""

    def __init__(self) -> None:
        self._stdin, self._to_stdin = os.pipe()
        self._from_stdout, stdout = os.pipe()
        self.front = Front(Opening(Offer(STARTS[0])), self._stdin, stdout)

    def write(self, *messages: Json | bytes) -> None:
        os.write(self._to_stdin, b"".join(each if isinstance(each, bytes) else as_line(each) for each in messages))

    def stop_reading(self) -> None:
        os.close(self._from_stdout)

    def read(self, answers: int) -> list[int]:
        """Return the ids of so many answers."""
        data = b""
        while data.count(b"\n") < answers:
            data += os.read(self._from_stdout, 65_536)
        return [json.loads(line)["id"] for line in data.splitlines()]

    def read_until(self, rest: bytes) -> bytes:
        """Return what was written, with the rest behind it."""
        os.set_blocking(self._from_stdout, False)
        data = b""
        with suppress(BlockingIOError):
            while True:
                data += os.read(self._from_stdout, 65_536)
        return data + rest

    def left(self) -> list[bytes]:
        """Return the lines that the server reads after the front was closed and stdin has ended."""
        os.close(self._to_stdin)

        async def read() -> list[bytes]:
            return [line async for line in lines(self._stdin, self.front.read)]

        return anyio.run(read)


def test_a_host_is_answered_before_and_while_the_rest_is_loaded_and_the_server_reads_it_all() -> None:
    host = Host()
    talk = LEGACY_TALKS[1]
    host.write(talk[0])
    host.front.open()
    assert host.read(1) == [0]
    host.write(*talk[1:4])
    assert host.read(2) == [1, 2]
    call = request(9, "tools/call", {"name": "undo", "arguments": {}})
    host.write(call, talk[4], b'{"jsonrpc": "2.0", "id": 10,')
    host.front.close()
    host.write(b' "method": "ping"}\n', b"\n", b"no line break")
    assert host.front.answered == [0, 1, 2]
    assert host.left() == [
        *(as_line(message) for message in [*talk[:4], call, talk[4]]),
        b'{"jsonrpc": "2.0", "id": 10, "method": "ping"}\n',
        b"\n",
        b"no line break",
    ]


def test_what_is_not_plain_is_answered_by_the_server_with_all_that_follows() -> None:
    host = Host()
    host.write(MODERN_TALK[1], request(8, "tools/list"), MODERN_TALK[2])
    host.front.open()
    host.front.close()
    assert host.read(1) == host.front.answered == [1]
    assert len(host.left()) == 3


def test_a_host_that_has_gone_is_found_out_by_the_server() -> None:
    host = Host()
    host.write(MODERN_TALK[1])
    host.stop_reading()
    host.front.open()
    host.front.close()
    assert host.left() == [as_line(MODERN_TALK[1])]


def test_an_answer_that_a_host_does_not_read_is_finished_by_the_server() -> None:
    host = Host()
    host.write(*(request(number, "tools/list", envelope()) for number in range(5)))  # a pipe has room for two
    host.front.open()
    host.front.close()
    front = host.front
    assert front.unsent
    assert front.answered == [*range(len(front.answered))]
    assert len(front.answered) < 5
    sent, whole = host.read_until(front.unsent), Offer(STARTS[0]).result("tools/list", MODERN)
    assert [json.loads(line)["result"] for line in sent.splitlines()] == [json.loads(whole)] * len(front.answered)
    assert len(host.left()) == 5


# The command as it is installed: without the project around it


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
    loaded = re.findall(r"import 'autosend_mcp\.(?:tools|imports)\.[\w.]+'", log)
    assert not [module for module in loaded if "undo" in module or "imports" in module or "contacts." in module]


@pytest.mark.slow
def test_a_wrong_setting_ends_the_command_before_any_answer(installed: Path) -> None:
    code, answers, log = command(installed, LEGACY_TALKS[0], AUTOSEND_READ_ONLY="maybe")
    assert (code, answers) == (2, [])
    assert log == "autosend-mcp: AUTOSEND_READ_ONLY must be true or false.\n"
