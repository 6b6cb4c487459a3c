"""Every documented shape of an error is read: its code, its message and its fields, and how long to wait."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosend_mcp.api.envelope import read_reply
from autosend_mcp.api.waits import requested_wait
from autosend_mcp.errors import Refused
from manifests.exchanges import NAMES, documented, is_error
from tests.support.examples import TIMES
from tests.support.line import answering, over_a_line
from tests.support.worlds import error_of

pytestmark = pytest.mark.anyio

DOCUMENTED = [name for name in NAMES if is_error(documented(name))]

texts = st.text("abcdefXYZ_", min_size=1, max_size=20)


@dataclass
class Said:
    """What an error says, before it has a shape."""

    title: str
    message: str
    code: str
    rows: list[dict[str, str]]


anything = st.builds(
    Said,
    texts,
    texts,
    texts,
    st.lists(st.fixed_dictionaries({"field": texts, "message": texts}), min_size=1, max_size=30),
)

# What each shape says, and how.
SHAPES: dict[str, tuple[set[str], Callable[[Said], dict[str, Any]]]] = {
    "object": (
        {"message", "code", "rows"},
        lambda s: {"error": {"message": s.message, "code": s.code, "details": s.rows, "status": 400, "retryAfter": 3}},
    ),
    "errors in the object": (
        {"message", "code", "rows"},
        lambda s: {"error": {"message": s.message, "code": s.code, "errors": s.rows}},
    ),
    "flat": ({"message", "code"}, lambda s: {"message": s.message, "code": s.code}),
    "flat with errors": ({"message", "rows"}, lambda s: {"message": s.message, "errors": s.rows}),
    "title and message": (
        {"title", "message", "code", "rows"},
        lambda s: {"error": s.title, "message": s.message, "code": s.code, "details": s.rows},
    ),
    "text": ({"title"}, lambda s: {"error": s.title}),
    "array": ({"rows"}, lambda s: {"error": s.rows}),
    "arrays in arrays": ({"rows"}, lambda s: {"error": [[{"details": [s.rows[:1]]}], s.rows[1:]]}),
    "details by field": (
        {"message", "field"},
        lambda s: {"error": {"message": s.message, "details": {s.rows[0]["field"]: {"_errors": [s.title]}}}},
    ),
    "array of one": ({"message", "code"}, lambda s: {"error": [{"message": s.message, "code": s.code}]}),
    "details as a text": (
        {"message", "code", "title"},
        lambda s: {"error": {"message": s.message, "code": s.code, "details": s.title}},
    ),
    "path": ({"message", "field"}, lambda s: {"error": {"message": s.message, "path": s.rows[0]["field"]}}),
    "path of several parts": (
        {"message", "field"},
        lambda s: {"message": s.message, "details": [{"path": [s.rows[0]["field"]], "message": s.title}]},
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@given(status=st.sampled_from([200, 400, 403, 404, 409, 422, 429]), says=anything)
@settings(max_examples=8 * TIMES)
def test_no_code_and_no_field_is_lost_in_any_shape(shape: str, status: int, says: Said) -> None:
    parts, shaped = SHAPES[shape]
    with pytest.raises(Refused) as refused:
        read_reply(status, {}, json.dumps({"success": False} | shaped(says)).encode())
    error = refused.value
    shown = words_of(error.facts)
    assert error.code == (says.code if "code" in parts else None)
    rows = says.rows if "rows" in parts else says.rows[:1] if "field" in parts else []
    assert error.fields == tuple(row["field"] for row in rows)
    expected = [says.title] * ("title" in parts) + [says.message] * ("message" in parts)
    expected += [text for row in says.rows[:20] for text in row.values()] if "rows" in parts else []
    assert set(expected) <= set(shown)


@pytest.mark.parametrize("name", DOCUMENTED)
async def test_each_documented_error_is_reported_with_all_that_it_says(name: str) -> None:
    response = documented(name)["response"]
    status, body = response["status"], response["body"]
    async with over_a_line() as (client, line):
        line.lose("GET /contact-lists", answering(status, body, **response.get("headers", {})))
        text = error_of(await client.call_tool("list_contact_lists"))
    expected = [json.dumps(one) for one in words_of(body)]
    if status >= 500:
        inner = body["error"] if isinstance(body["error"], dict) else body
        expected = [json.dumps(inner["code"])] if "code" in inner else []
    assert [one for one in expected if one not in text] == []


def words_of(value: object) -> list[str]:
    """Return every text in a body."""
    if isinstance(value, dict):
        value = list(cast("dict[str, object]", value).values())
    if isinstance(value, list):
        return [text for inner in cast("list[object]", value) for text in words_of(inner)]
    return [value] if isinstance(value, str) else []


NOW = 1_790_000_000
DATE = {"date": format_datetime(datetime.fromtimestamp(NOW, UTC), usegmt=True)}


@pytest.mark.parametrize(
    ("asked", "wait"),
    [(7, 7), (0.5, 0.5), (10**9, 30), (NOW + 12, 12), (NOW - 5, 0), (f"{NOW + 3}", 3), ((NOW + 4) * 1000, 4)],
)
@pytest.mark.parametrize("place", ["inside", "beside", "header"])
@pytest.mark.parametrize("dated", [True, False])
def test_a_small_retry_after_is_seconds_and_a_large_one_an_instant(
    asked: Any, wait: float, place: str, dated: bool
) -> None:
    """An instant is compared with the reply's own Date, and only without one with our clock."""
    body: dict[str, Any] = {"inside": {"error": {"retryAfter": asked}}, "beside": {"retryAfter": asked}}.get(place, {})
    headers = (DATE if dated else {}) | ({"retry-after": str(asked)} if place == "header" else {})
    assert requested_wait(headers, body, lambda: NOW + (500 if dated else 0)) == wait
