"""The server over stdio: which lines that it cannot read are answered, and what it logs."""

import json
import logging
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp_types import CallToolResult, Request

from autosend_mcp.cli.connect import connect
from autosend_mcp.logs import configure_logging
from autosend_mcp.server.app import open_server
from autosend_mcp.server.lines import read_line
from tests.support.faults import refuse
from tests.support.faulty import Faulty
from tests.support.line import over_a_line
from tests.support.worlds import KEY, answer_of, connected, error_of, text_of

JANE = {"email": "jane@example.com"}
HALF = '"half of \\ud83d"'


@pytest.mark.anyio
async def test_without_a_key_the_tools_are_listed_and_a_call_names_the_variable() -> None:
    async with open_server(connect(None)) as (served, _), Client(served) as client:
        assert (await client.list_tools()).tools
        text = error_of(await client.call_tool("create_contact", JANE))
    assert "AUTOSEND_API_KEY is missing or empty. Nothing was sent and nothing changed." in text
    advice = "Ask the user to set AUTOSEND_API_KEY to your AutoSend API key"
    assert f"{advice} and restart this server." in text


@pytest.mark.anyio
async def test_the_sandbox_of_a_command_allows_the_pace_that_is_set(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    autosend = connect("", rate_limit=100)
    async with open_server(autosend) as (served, _), Client(served) as client, anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(client.call_tool, "create_contact", {"email": f"p{number}@example.com"})
    log = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["outcome"], line["requests"], line["writes"]) for line in log] == [("created", 1, 1)] * 8


@pytest.mark.anyio
async def test_the_key_and_the_address_are_in_no_output_at_debug(
    faulty: Faulty, capsys: pytest.CaptureFixture[str]
) -> None:
    faulty.create = refuse(401, {"success": False, "error": {"message": f"bad key {KEY}", "code": KEY}})
    configure_logging("DEBUG")
    async with connected(faulty.transport()) as client:
        answer = text_of(await client.call_tool("create_contact", JANE))
    log = capsys.readouterr().err
    assert json.loads(log)["outcome"] == "refused"
    assert KEY not in answer + log
    assert "canary" not in answer + log
    assert "jane" not in log


def test_a_record_of_a_library_is_logged_without_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    logging.getLogger("some.library").warning("sent %s", KEY, exc_info=ValueError(KEY))
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time")
    assert line == {
        "level": "WARNING",
        "event": "library",
        "logger": "some.library",
        "message": "sent %s",
        "error": "ValueError",
    }


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"name": 5}, "name must be the name of a tool: create_contact, "),
        *(
            ({"name": "create_contact", "arguments": odd}, "arguments must be a JSON object, for example ")
            for odd in (["a@b.co"], "a@b.co", 7)
        ),
    ],
)
async def test_a_malformed_call_is_explained(params: dict[str, Any], said: str) -> None:
    async with over_a_line("legacy") as (client, line):
        with pytest.raises(MCPError, match=said):
            await client.session.send_request(Request[Any, Any](method="tools/call", params=params), CallToolResult)
        assert line.seen == []


@pytest.mark.anyio
@pytest.mark.parametrize("written", ['{"email": "jane@example.com"}', {"email": "jane@example.com"}])
async def test_arguments_written_as_a_text_are_read(written: Any) -> None:
    params = {"name": "create_contact", "arguments": written}
    async with over_a_line("legacy") as (client, line):
        request = Request[Any, Any](method="tools/call", params=params)
        result = await client.session.send_request(request, CallToolResult)
        assert line.count("POST /contacts") == 1
    assert answer_of(result)["outcome"] == "created"


CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "x", "arguments": {"a": "\u00e9"}}}
WHOLE = json.dumps(CALL, ensure_ascii=False)


@pytest.mark.parametrize(
    "line",
    [
        WHOLE.encode() + b"\r\n",
        b"\xef\xbb\xbf" + WHOLE.encode(),
        b"\0" + WHOLE.encode() + b"\0\n",
        f"\ufeff{WHOLE}\n".encode("utf-16-le"),
        f"{WHOLE}\n".encode("utf-16-le")[:-1],
        b"\0" + f"{WHOLE}\n".encode("utf-16-le")[:-1],
        f"\ufeff{WHOLE}\n".encode("utf-16-be"),
        WHOLE.replace('"id": 7', '"id": 6, "id": 7').encode(),
        WHOLE.replace('"x"', '"x", "_meta": {"progressToken": 1.5}').encode(),
        WHOLE.replace('"x"', '"x", "_meta": {"progressToken": {"a": [true]}}').encode(),
        *(WHOLE.replace('"x"', f'"x", "_meta": {odd}').encode() for odd in ("null", "[]", '"x"', "5")),
        WHOLE.replace('"id": 7', '"id": 7.0').encode(),
        f"[{WHOLE}]".encode(),
    ],
)
def test_a_line_that_is_written_oddly_is_read(line: bytes) -> None:
    found = read_line(line)
    assert found.answers == []
    assert [getattr(message, "params", {}) | {"_meta": {}} for message in found.messages] == [
        {"name": "x", "arguments": {"a": "\u00e9"}, "_meta": {}}
    ]


@pytest.mark.parametrize(
    ("number", "answered"),
    [
        ("7", 7),
        ("-7", -7),
        ('"seven"', "seven"),
        ('""', ""),
        ("1.5", 1.5),
        ("1e2", 100.0),
        *(
            (odd, None)
            for odd in ("007", "true", "null", "[1]", "{}", "\u0661", "9" * 5_000, '"\\ud800"', '"a\tb"', "1e999")
        ),
    ],
)
@pytest.mark.parametrize("params", ["[]", f"[{HALF}]"])
def test_a_request_that_is_none_is_answered_with_its_id_or_null(number: str, answered: object, params: str) -> None:
    line = f'{{"jsonrpc":"2.0","id":{number},"method":"tools/call","params":{params}}}\n'
    assert refused(line)["id"] == answered


@pytest.mark.parametrize(
    ("odd", "answered"), [("1.5", 1.5), ("true", None), ("null", None), ("[1]", None), ("{}", None)]
)
def test_a_good_request_with_an_odd_id_is_answered(odd: str, answered: object) -> None:
    """The SDK takes it for a notification, which it would never answer."""
    assert refused(f'{{"jsonrpc":"2.0","id":{odd},"method":"ping"}}')["id"] == answered


def refused(line: str) -> dict[str, Any]:
    """Return the one answer to a line that is no message."""
    found = read_line(line.encode())
    assert found.messages == []
    (answer,) = found.answers
    return json.loads(answer)


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("", []),
        (" \r\n", []),
        ("not json", [None]),
        ("[]", [None]),
        ("{}", [None]),
        ("5", [None]),
        ('{"jsonrpc": "2.0", "id": 1}', [1]),
        ('{"id": 2, "method": "ping"}', [2]),
        ('[{"id": 2, "method": "ping"}, 5, {"jsonrpc": "2.0", "method": "x", "params": []}]', [2, None]),
        ('{"jsonrpc": "2.0", "method": "notifications/x", "params": []}', []),
        ('{"jsonrpc": "2.0", "id": null, "method": "notifications/x"}', []),
        ('{"jsonrpc": "2.0", "id": null, "method": "ping"}', [None]),
        ('{"jsonrpc": 2.0, "id": 1, "method": "ping"}', [1]),
        ("Content-Length: 40", [None]),
        ('{"jsonrpc": "2.0", "id": 1, "method": "ping"}' * 2, [None]),
        ('[[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]]', [None]),
        (f'{{"jsonrpc": "2.0", "method": "notifications/x", "params": [{HALF}]}}', []),
        ('{"jsonrpc": "2.0", "id": null, "error": {"code": 1}}', []),
        ('{"id": 3, "result": []}', []),
    ],
)
def test_every_line_is_answered_but_what_needs_no_answer(line: str, answers: list[object]) -> None:
    assert [json.loads(answer)["id"] for answer in read_line(line.encode()).answers] == answers


def test_a_call_whose_text_is_damaged_is_refused() -> None:
    line = WHOLE.encode("latin-1")
    (answer,) = read_line(line).answers
    assert json.loads(answer)["error"]["message"].startswith("This request is not in UTF-8")
    assert read_line(line.replace(b"tools/call", b"initialize")).messages


@pytest.mark.parametrize(("before", "after"), [('"id":7,', ""), ("", ',"id":7')])
def test_a_line_of_more_than_5_mb_is_refused_unread(before: str, after: str) -> None:
    rows = ",".join([f'{{"email":"a@b.co","firstName":"{"x" * 1_000}"}}'] * 5_000)
    line = f'{{{before}"method":"tools/call","params":{{"arguments":[{rows}]}},"jsonrpc":"2.0"{after}}}\n'
    answer = refused(line)
    assert (answer["id"], answer["error"]["code"]) == (7, -32600)
    assert answer["error"]["message"].startswith("This request is longer than 5 MB, and nothing was done.")


@pytest.mark.parametrize(("start", "again"), [("", '"id":1,'), ('{"a":"', '\\"'), ('"', "\\"), ("", "{")])
def test_a_long_line_that_is_no_message_is_read_through_once(start: str, again: str) -> None:
    """If each string's end were searched for from the start again, it would take hours."""
    assert refused(start + again * 100_000)["id"] is None


@pytest.mark.parametrize(
    "nested", [HALF, '"}, \\"id\\":3, {"', '{"id":3}', "9" * 4_300, "[" * 5_000 + "]" * 5_000], ids=range(5)
)
def test_the_id_is_found_however_far_from_the_ends_it_stands(nested: str) -> None:
    params = f'{{"long":"{"x" * 1_000}","nested":{nested},"half":{HALF}}}'
    line = f'{{"params":{params},"id":7,"method":"tools/call","jsonrpc":"2.0","_meta":{params}}}\n'
    assert refused(line)["id"] == 7
