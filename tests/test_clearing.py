"""Values that are cleared: asked for by name, settled however AutoSend shows no value, and taken back exactly."""

from typing import Any, Literal

import pytest

from autosend_mcp.models.comparison import CLEARS_FIELDS
from autosend_mcp.sandbox.app import Options
from autosend_mcp.tools.automations import CHANGES_MAY_HAVE
from autosend_mcp.tools.contacts.batch import CLEARS
from autosend_mcp.tools.contacts.rows import FOR_ONE
from autosend_mcp.tools.contacts.upsert import CANNOT_CLEAR, NOTHING_GIVEN, NOTHING_TO_DO
from tests.support.line import applied_then_reset, reset
from tests.support.requests import BULK, UPSERT
from tests.support.seeded import JANE, seeded, stored
from tests.support.undo import steps_of, undone
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio

NOTHING: tuple[Literal["absent", "null", "empty"], ...] = ("absent", "null", "empty")
TOOLS = {"upsert_contact": UPSERT, "upsert_contacts": BULK}


def asked(tool: str, **values: Any) -> dict[str, Any]:
    person = {"email": JANE, **values}
    return person if tool == "upsert_contact" else {"contacts": [person]}


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("no_value", NOTHING)
@pytest.mark.parametrize("tool", TOOLS)
async def test_values_are_cleared_once_and_the_undo_brings_them_back(tool: str, no_value: Any, lost: bool) -> None:
    async with seeded(options=Options(rate_limit=0, no_value=no_value)) as (client, line):
        before = stored(line)
        if lost:
            line.lose(TOOLS[tool], applied_then_reset)
        arguments = asked(tool, clear=["first_name", "customFields.plan"], lastName="Doe")
        cleared = answer_of(await client.call_tool(tool, arguments))
        line.faults.clear()
        now = stored(line)
        again = answer_of(await client.call_tool(tool, arguments))
        assert line.count(TOOLS[tool]) == 1
        await undone(client, cleared)
        after = stored(line)
    kept = {name: value for name, value in before.items() if name != "firstName"}
    assert now == kept | {"lastName": "Doe", "customFields": {"logins": 42}, "updatedAt": now["updatedAt"]}
    assert cleared.get("outcome", "") == "updated" or cleared["counts"] == {"updated": 1}
    assert again.get("outcome", "") == "unchanged" or again["counts"] == {"unchanged": 1}
    assert after == before | {"updatedAt": after["updatedAt"]}


@pytest.mark.parametrize("tool", TOOLS)
async def test_the_undo_of_a_first_value_clears_it(tool: str) -> None:
    async with seeded() as (client, line):
        answer_of(await client.call_tool(tool, asked(tool, clear=["userId", "plan"])))
        before = stored(line)
        answer = answer_of(await client.call_tool(tool, asked(tool, userId="u", customFields={"plan": "free"})))
        (step,) = await steps_of(client, answer)
        await undone(client, answer)
        assert stored(line) == before | {"updatedAt": stored(line)["updatedAt"]}
    assert step["arguments"] == asked(tool, clear=["userId", "customFields.plan"])
    assert answer["notes"] == ([CHANGES_MAY_HAVE, CLEARS_FIELDS] if tool == "upsert_contact" else [CLEARS])


async def test_what_the_contact_has_not_is_not_sent_to_be_cleared() -> None:
    async with seeded() as (client, line):
        new = {"email": "new@example.com", "lastName": "New", "clear": ["firstName", "plan"]}
        answer_of(await client.call_tool("upsert_contact", new))
        answer_of(await client.call_tool("upsert_contact", {"email": JANE, "clear": ["plan", "nick"]}))
    first, second = line.bodies(UPSERT)
    assert first == {"email": "new@example.com", "lastName": "New"}
    assert second["customFields"] == {"plan": None, "logins": 42}


@pytest.mark.parametrize("reading", ["keep", "refuse"])
@pytest.mark.parametrize("tool", TOOLS)
async def test_a_field_that_autosend_does_not_clear_is_reported(tool: str, reading: Any) -> None:
    async with seeded(options=Options(rate_limit=0, null_properties=reading)) as (client, line):
        result = await client.call_tool(tool, asked(tool, clear=["plan"]))
        assert stored(line)["customFields"]["plan"] == "pro"
    if tool == "upsert_contact" and reading == "keep":
        answer = answer_of(result)
        assert (answer["outcome"], answer["notes"]) == ("unchanged", ['AutoSend did not clear: customFields."plan".'])
        assert "undo" not in answer
    else:
        said = "Value must not be null" if tool == "upsert_contact" else 'customFields."plan"'
        assert said in error_of(result).replace('\\"', '"')
        assert (CANNOT_CLEAR in error_of(result)) is (tool == "upsert_contact")
    assert line.count(TOOLS[tool]) == 1


async def test_a_bulk_update_that_clears_no_names_leads_to_the_upsert() -> None:
    async with seeded(options=Options(rate_limit=0, empty_in_bulk="keep")) as (client, line):
        text = error_of(await client.call_tool("upsert_contacts", asked("many", clear=["firstName"])))
        assert FOR_ONE in text
        answer_of(await client.call_tool("upsert_contact", {"email": JANE, "clear": ["firstName"]}))
        assert "firstName" not in stored(line)


async def test_a_lost_request_to_clear_that_was_not_applied_is_reported_as_that() -> None:
    async with seeded() as (client, line):
        line.lose(UPSERT, reset)
        text = error_of(await client.call_tool("upsert_contact", {"email": JANE, "clear": ["firstName"]}))
    assert "the contact did not have the values asked for, so it was probably not applied" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"clear": ["email"]}, "clear.0: must be firstName, lastName, userId, mobile or a custom field"),
        ({"clear": ["createdAt"]}, "clear.0: must be firstName"),
        ({"clear": ["plann"]}, 'customFields."plann": not defined; did you mean "plan"?'),
        ({"clear": ["firstName"], "firstName": "J"}, 'clear: "firstName" is given a value, too'),
        ({"clear": ["plan"], "customFields": {"plan": "x"}}, 'clear: "customFields.plan" is given a value, too'),
    ],
)
async def test_what_cannot_be_cleared_is_refused_before_anything_is_sent(arguments: Any, said: str) -> None:
    async with seeded() as (client, line):
        for tool in TOOLS:
            assert said in error_of(await client.call_tool(tool, asked(tool, **arguments))).replace('\\"', '"')
        assert line.count("POST /contacts/email") == line.count(BULK) == 0


@pytest.mark.parametrize(
    ("given", "name", "said"),
    [
        ({"firstName": ""}, "firstName", NOTHING_GIVEN),
        ({"customFields": {"plan": None}}, 'customFields."plan"', NOTHING_GIVEN),
        ({"customFields": {"plan": "", "logins": 42}}, 'customFields."plan"', NOTHING_TO_DO),
    ],
)
async def test_an_empty_value_leads_to_clear_and_is_not_said_to_be_gone(given: Any, name: str, said: str) -> None:
    async with seeded() as (client, line):
        before = stored(line)
        answer = answer_of(await client.call_tool("upsert_contact", {"email": JANE, **given}))
        assert stored(line) == before
    assert answer["outcome"] == "unchanged"
    assert answer["notes"] == [f"Empty, so not sent: {name}. To remove a value, name it in clear.", said]
