"""Arguments that nobody thought of: generated, 10,000 and more over both eras."""

import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autosend_mcp.errors import NotSent
from autosend_mcp.models.arguments import read_arguments
from autosend_mcp.models.contacts.create import CreateContact
from autosend_mcp.models.given import is_word_for_nothing
from tests.support.examples import TIMES
from tests.support.faulty import Faulty
from tests.support.json_values import json_values
from tests.support.worlds import connected, error_of

CANARY = "cAnArY"
NAMES = [*(field.alias or "" for field in CreateContact.model_fields.values()), "first_name", "emial", "tags", "e", ""]
# No value that is right for any argument: each is of a wrong type, or a string that is neither address nor JSON.
WRONG: list[Any] = [
    5, 1.5, True, [CANARY], {"a": [CANARY]}, [[CANARY]], {"a": {"b": CANARY}}, [{}], [5], {CANARY: {}}, "\0" + CANARY,
]  # fmt: skip


def malformed(chance: random.Random) -> dict[str, Any]:
    """Return arguments in which at least one thing is wrong."""
    names = chance.sample(NAMES, chance.randint(0, 4))
    arguments: dict[str, Any] = {name: chance.choice(WRONG) for name in names if name != "email"}
    wrong_addresses = [
        CANARY,
        f"{CANARY}@",
        7,
        None,
        "",
        [CANARY],
        f"{CANARY}@x..y",
        f"a@b.co {CANARY}",
        "@",
        "a" * 300,
    ]
    return arguments | ({"email": chance.choice(wrong_addresses)} if chance.random() < 0.9 else {})


@pytest.mark.anyio
@pytest.mark.parametrize("calls", [250, pytest.param(5_000, marks=pytest.mark.evidence)])
async def test_malformed_calls_are_refused_by_field_without_the_value(calls: int, faulty: Faulty, era: str) -> None:
    chance = random.Random(11)
    async with connected(faulty.transport(), era) as client:
        for _ in range(calls):
            arguments = malformed(chance)
            text = error_of(await client.call_tool("create_contact", arguments))
            assert "Nothing was sent and nothing changed. Fix this and call create_contact again:\n- " in text
            assert "\n- email: " in text
            assert CANARY not in text.replace(f"customFields.{CANARY}", "")
    assert faulty.seen == []


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(), json_values, max_size=8), st.none() | st.emails())
@settings(max_examples=20 * TIMES, suppress_health_check=[HealthCheck.too_slow])
def test_any_arguments_are_read_or_refused_and_nothing_else(arguments: dict[str, Any], email: str | None) -> None:
    if email is not None:
        arguments["email"] = email
    try:
        body, notes = read_arguments(CreateContact, arguments, "create_contact")
    except NotSent as error:
        assert "Fix this and call create_contact again:\n- " in str(error)
    else:
        payload = body.payload()
        assert json.loads(json.dumps(payload, allow_nan=False)) == payload
        assert None not in payload.values()
        assert payload["email"] == payload["email"].strip().lower()
        assert all(notes)


@given(
    st.fixed_dictionaries(
        {"email": st.emails()},
        optional={
            "firstName": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50),
            "listIds": st.lists(st.text("0123456789abcdef", min_size=24, max_size=24), max_size=5),
            "customFields": st.dictionaries(
                st.text("abcXYZ_", min_size=1, max_size=9),
                st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False),
                max_size=5,
            ),
        },
    )
)
@settings(max_examples=25 * TIMES)
def test_good_arguments_are_sent_unchanged_but_for_reported_repairs(arguments: dict[str, Any]) -> None:
    try:
        body, notes = read_arguments(CreateContact, arguments, "create_contact")
    except NotSent as error:
        assert str(error).count("\n- ") == str(error).count("\n- email: must be one mail address")  # a.test, x.local
        return
    payload = body.payload()
    for name in ("listIds", "customFields"):
        assert repr(payload.get(name)) == repr(arguments.get(name) or None)
    if (name := arguments.get("firstName", "").strip()) and not is_word_for_nothing(name):
        assert payload["firstName"] == arguments["firstName"]
    assert (payload["email"] == arguments["email"].lower()) is not any("was read as" in note for note in notes)
