"""Each reading of what AutoSend's documentation leaves open: a client's answer agrees with what was applied."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args

import anyio
import httpx2
import pytest

from autosend_mcp.models.text import compact_json
from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.automations.definitions import added_to_list
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.sandbox.error_shapes import ErrorShape
from autosend_mcp.tools.contact_lists.members import LEAVE_OUT, PUT_IN
from autosend_mcp.tools.contacts.delete import CAN_COME_BACK, SEVERAL
from tests.support.line import Forward, Line, answering, reset
from tests.support.records import members_of, started_by
from tests.support.seeded import JANE, JOHN, fact, held, seeded
from tests.support.undo import undone
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio

TESTS = Path(__file__).parent
SHAPES: tuple[ErrorShape, ...] = get_args(ErrorShape)
# What no client sees: it decides what a sandbox sends to webhooks, not how it answers.
FEATURES = {"webhook_url", "webhook_secret", "webhook_properties", "webhook_bulk_update"}
# What decides about mails, which no tool sends: tests/test_sandbox_mails.py has each value.
OF_MAILS = {
    *("mail_pace", "to_array", "verified_domains", "suppressed_mails", "bulk_invalid", "known_templates_only"),
    *("unfilled", "old_file_name"),
}


PRO_IN_CAPITALS = {"field": "plan", "fieldType": "string", "operator": "equals", "value": "PRO"}


def found(line: Line, *emails: str) -> list[dict[str, Any]]:
    return line.sandbox.store.contacts.find(PROJECT, emails)


def test_a_client_is_tested_under_every_switch() -> None:
    files = [file for file in TESTS.rglob("*.py") if not file.name.startswith("test_sandbox")]
    given = set(re.findall(r"(\w+)=", "\n".join(file.read_text() for file in files)))
    assert {field.name for field in fields(Options)} - given == FEATURES | OF_MAILS


@pytest.mark.parametrize("status", [409, 400])
@pytest.mark.parametrize("shape", SHAPES)
async def test_a_contact_that_exists_is_reported_under_any_status(status: Literal[409, 400], shape: ErrorShape) -> None:
    options = Options(rate_limit=0, error_shape=shape, contact_exists_status=status)
    async with seeded(options=options) as (client, line):
        before = held(line)
        refused = await client.call_tool("create_contact", {"email": JANE, "firstName": "Janet"})
        assert held(line) == before
    assert error_of(refused).startswith("Not created: a contact with this address already exists. Nothing changed.")
    assert fact(refused, "differences") == {"firstName": {"asked": "Janet", "now": "Jane"}}
    assert "AutoSend said" not in error_of(refused)


@pytest.mark.parametrize("status", [409, 400])
async def test_a_list_or_property_that_exists_is_reported_under_any_status(status: Literal[409, 400]) -> None:
    """The client looks first, so that only what somebody made meanwhile is refused by AutoSend."""
    options = Options(rate_limit=0, list_exists_status=status, property_exists_status=status)
    async with seeded(options=options) as (client, line):

        async def made_meanwhile(forward: Forward) -> httpx2.Response:
            line.sandbox.store.contact_lists.seed(PROJECT, "Race", "list")
            line.sandbox.store.contact_properties.define(PROJECT, "race", "string")
            return await forward()

        for request, tool, arguments, said in (
            ("POST /contact-lists", "create_contact_list", {"name": "Race"}, "Contact list already exists"),
            (
                "POST /contact-properties",
                "create_custom_field",
                {"fieldName": "race", "fieldType": "string"},
                "this name",
            ),
        ):
            line.lose(request, made_meanwhile)
            refused = await client.call_tool(tool, arguments)
            assert f"(status {status}). Nothing changed." in error_of(refused)
            assert said in error_of(refused)
            line.sandbox.store.contact_lists.delete(PROJECT, "Race")
            line.sandbox.store.contact_properties.delete(PROJECT, "race")


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_refusal_is_reported_in_any_shape(shape: ErrorShape) -> None:
    async with seeded(options=Options(rate_limit=0, error_shape=shape, unknown_fields="refuse")) as (client, line):
        line.lose("GET /contact-properties", reset)
        refused = await client.call_tool("upsert_contact", {"email": JANE, "customFields": {"logins": "many"}})
    assert error_of(refused).startswith("AutoSend refused the request (status 400). Nothing changed.")
    assert "Value must be a number" in error_of(refused)
    assert ("- customFields: AutoSend refused it." in error_of(refused)) is (shape != "title")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("unit", ["seconds", "epoch"])
async def test_a_rate_limit_is_waited_out_in_any_unit(unit: Literal["seconds", "epoch"], shape: ErrorShape) -> None:
    async with seeded(options=Options(rate_limit=1, error_shape=shape, retry_after=unit)) as (client, line):
        started = anyio.current_time()
        answer_of(await client.call_tool("find_contacts", {"emails": [JANE]}))
        answer_of(await client.call_tool("find_contacts", {"emails": [JOHN]}))
        assert 2 <= line.count("POST /contacts/search/emails") <= 4
        assert anyio.current_time() - started < 5


@pytest.mark.parametrize("status", [404, 200])
async def test_a_deletion_by_somebody_else_is_reported_the_same(status: Literal[404, 200]) -> None:
    async with seeded(options=Options(rate_limit=0, delete_unknown_status=status)) as (client, line):

        async def gone_before(forward: Forward) -> httpx2.Response:
            line.sandbox.store.contacts.delete_by_emails(PROJECT, [JANE], all_or_none=False)
            return await forward()

        line.lose("DELETE /contacts/", gone_before)
        deleted = await client.call_tool("delete_contacts", {"emails": [JANE], "confirm": JANE})
    assert answer_of(deleted) == {"outcome": "deleted", "deleted": [JANE], "notes": [CAN_COME_BACK]}


@pytest.mark.parametrize("status", [200, 201])
async def test_a_created_contact_is_reported_under_either_status(status: Literal[200, 201]) -> None:
    async with seeded(options=Options(rate_limit=0, created_status=status)) as (client, line):
        answer = answer_of(await client.call_tool("create_contact", {"email": "new@example.com"}))
        (contact,) = found(line, "new@example.com")
        made = answer_of(await client.call_tool("create_contact_list", {"name": "Fresh"}))
        assert made["id"] in line.sandbox.store.contact_lists.known(PROJECT)
    assert (answer["outcome"], answer["email"]) == ("created", contact["email"])


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_list_that_an_automation_uses_stays_and_its_error_says_why(shape: ErrorShape) -> None:
    options = Options(rate_limit=0, error_shape=shape, automations=(added_to_list("Hello", "Newsletter"),))
    async with seeded(options=options) as (client, line):
        before = held(line)
        refused = await client.call_tool("delete_contact_list", {"list": "Newsletter", "confirm": "Newsletter"})
        assert held(line) == before
    assert error_of(refused).startswith("Not deleted: a live automation uses it. Nothing changed.")
    assert "dashboard" in error_of(refused)
    assert fact(refused, "in use")["name"] == "Newsletter"
    assert fact(refused, "used by") == ["Hello"]


async def test_another_refusal_of_a_deletion_is_reported_as_it_is() -> None:
    async with seeded() as (client, line):
        line.lose("DELETE /contact-lists/", answering(400, {"success": False, "error": {"message": "No", "code": "X"}}))
        refused = await client.call_tool("delete_contact_list", {"list": "Newsletter", "confirm": "Newsletter"})
    assert error_of(refused).startswith("AutoSend refused the request (status 400). Nothing changed.")


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("reentry", [True, False])
async def test_an_undo_of_a_removal_starts_again_by_the_automation_s_rule(made: bool, reentry: bool) -> None:
    """Each call says beforehand that automations may start, also where none does."""
    async with seeded(options=Options(rate_limit=0, default_automations=made, allow_reentry=reentry)) as (client, line):
        joined = await client.call_tool("add_to_list", {"list": "Offers", "emails": [JANE]})
        removed = answer_of(await client.call_tool("remove_from_list", {"list": "Offers", "emails": [JANE]}))
        back = await undone(client, removed)
        starts = started_by(line.sandbox.store)
    assert starts.count((JANE, "Welcome to Offers")) == made * (1 + reentry)
    for answer in (answer_of(joined), removed, back):
        assert any("automation" in note for note in answer["notes"])


@pytest.mark.parametrize("rule", ["skip", "add"])
async def test_who_opted_out_is_in_a_list_or_reported_to_be_left_out(rule: Literal["skip", "add"]) -> None:
    async with seeded(options=Options(rate_limit=0, suppressed_on_bulk_add=rule)) as (client, line):
        line.sandbox.store.suppression_groups.suppress(PROJECT, [JANE], is_global=True)
        answer = answer_of(await client.call_tool("add_to_list", {"list": "Offers", "emails": [JANE, JOHN]}))
        (offers,) = (row["id"] for row in held(line)["lists"] if row["name"] == "Offers")
        members = members_of(line.sandbox.store, offers)
    assert answer["added"] == len(members) == (2 if rule == "add" else 1)
    assert (answer["outcome"], answer["optedOut"]) == ("done" if rule == "add" else "partly_done", [JANE])
    assert (PUT_IN if rule == "add" else LEAVE_OUT) in answer["notes"]


@pytest.mark.parametrize("status", [404, 400])
async def test_a_malformed_id_is_no_contact(status: Literal[404, 400]) -> None:
    async with seeded(options=Options(rate_limit=0, malformed_id_status=status)) as (client, line):
        (jane,) = found(line, JANE)
        unknown = error_of(await client.call_tool("get_contact", {"id": "jane"}))
        both = await client.call_tool("delete_contacts", {"ids": ["jane", jane["id"]], "confirm": JANE})
        assert [contact["email"] for contact in found(line, JANE, JOHN)] == [JOHN]
    assert unknown.startswith("No contact has this id. find_contacts")
    assert answer_of(both) == {"outcome": "deleted", "deleted": [JANE], "notFound": ["jane"], "notes": [CAN_COME_BACK]}


@pytest.mark.parametrize("rule", ["refuse", "keep"])
async def test_a_value_of_a_wrong_type_is_reported_as_refused_or_as_stored(rule: Literal["refuse", "keep"]) -> None:
    """The client refuses such a value itself, unless it could not read the types."""
    change = {"email": JANE, "customFields": {"logins": "many"}}
    async with seeded(options=Options(rate_limit=0, wrong_types=rule)) as (client, line):
        line.lose("GET /contact-properties", reset)
        one = await client.call_tool("upsert_contact", change)
        many = answer_of(await client.call_tool("upsert_contacts", {"contacts": [change, {"email": "new@x.co"}]}))
        (jane,) = found(line, JANE)
    if rule == "refuse":
        assert error_of(one).startswith("AutoSend refused the request (status 400). Nothing changed.")
        assert "Value must be a number" in error_of(one)
        assert many["counts"] == {"failed": 1, "created": 1}
        assert jane["customFields"]["logins"] == 42
    else:
        assert answer_of(one)["changes"] == {"customFields.logins": {"was": 42, "now": "many"}}
        assert many["counts"] == {"unchanged": 1, "created": 1}
        assert jane["customFields"]["logins"] == "many"


@pytest.mark.parametrize(("rule", "left"), [("all", []), ("first", ["b@x.co"])])
async def test_a_deletion_by_user_id_claims_no_number(rule: Literal["all", "first"], left: list[str]) -> None:
    async with seeded(options=Options(rate_limit=0, same_user_id=rule)) as (client, line):
        for email in ("a@x.co", "b@x.co"):
            writes.create(line.sandbox.store, PROJECT, {"email": email, "userId": "shared"})
        answer = answer_of(await client.call_tool("delete_contacts", {"userId": "shared", "confirm": "shared"}))
        assert [contact["email"] for contact in found(line, "a@x.co", "b@x.co")] == left
    assert answer == {"outcome": "deleted", "deleted": ["shared"], "notes": [SEVERAL]}


@pytest.mark.parametrize("rule", ["ignore", "refuse"])
async def test_a_deletion_that_overlaps_another_is_reported_by_the_rule(
    rule: Literal["ignore", "refuse"],
) -> None:
    async with seeded(options=Options(rate_limit=0, remove_unknown=rule)) as (client, line):

        async def john_gone(forward: Forward) -> httpx2.Response:
            line.sandbox.store.contacts.delete_by_emails(PROJECT, [JOHN], all_or_none=False)
            return await forward()

        line.lose("POST /contacts/remove", john_gone)
        first = await client.call_tool("delete_contacts", {"emails": [JANE, JOHN], "confirm": "2"})
        left = [contact["email"] for contact in found(line, JANE, JOHN)]
        again = await client.call_tool("delete_contacts", {"emails": [JANE, JOHN], "confirm": JANE})
        assert found(line, JANE, JOHN) == []
    if rule == "ignore":
        assert (answer_of(first)["deleted"], left) == ([JANE, JOHN], [])
        assert fact(again, "not found") == [JANE, JOHN]
    else:
        assert "(status 404). Nothing changed." in error_of(first)
        assert left == [JANE]
        assert answer_of(again) == {
            "outcome": "deleted",
            "deleted": [JANE],
            "notFound": [JOHN],
            "notes": [CAN_COME_BACK],
        }


@pytest.mark.parametrize("rule", ["last", "first", "refuse"])
async def test_an_address_given_twice_is_sent_once_under_any_rule(rule: Literal["last", "first", "refuse"]) -> None:
    rows = [{"email": JANE, "firstName": "Janet"}, {"email": JANE.upper(), "lastName": "Doe"}]
    async with seeded(options=Options(rate_limit=0, repeated_rows=rule)) as (client, line):
        answer = answer_of(await client.call_tool("upsert_contacts", {"contacts": rows}))
        (jane,) = found(line, JANE)
    assert answer["counts"] == {"updated": 1, "merged": 1}
    assert (jane["firstName"], jane["lastName"]) == ("Janet", "Doe")
    assert [len(body["contacts"]) for body in line.bodies("POST /contacts/bulk-update")] == [1]


@pytest.mark.parametrize("rule", ["empty", "refuse"])
async def test_a_page_that_is_gone_meanwhile_is_empty_or_refused(rule: Literal["empty", "refuse"]) -> None:
    asked = {"list": "Newsletter", "limit": 1}
    async with seeded(options=Options(rate_limit=0, beyond_last_page=rule)) as (client, line):
        first = answer_of(await client.call_tool("find_contacts", asked))
        line.sandbox.store.contacts.delete_by_emails(PROJECT, [JOHN], all_or_none=False)
        second = await client.call_tool("find_contacts", asked | {"cursor": first["nextCursor"]})
    assert [contact["email"] for contact in first["contacts"]] == [JANE]
    if rule == "empty":
        assert answer_of(second) == {"total": 1, "contacts": []}
    else:
        assert "page is beyond the last one" in error_of(second)


@pytest.mark.parametrize("shown", [False, True])
async def test_the_contacts_in_a_bulk_add_s_answer_change_nothing(shown: bool) -> None:
    async with seeded(options=Options(rate_limit=0, bulk_add_contacts=shown)) as (client, line):
        answer = answer_of(await client.call_tool("add_to_list", {"list": "Offers", "emails": [JANE, "new@x.co"]}))
        contacts = found(line, JANE, "new@x.co")
        assert members_of(line.sandbox.store, answer["list"]["id"]) == sorted(contact["id"] for contact in contacts)
    assert (answer["added"], answer["created"], answer["newContacts"]) == (2, 1, ["new@x.co"])


@pytest.mark.parametrize("rule", ["accept", "refuse"])
async def test_a_suppressed_address_is_created_or_refused(rule: Literal["accept", "refuse"]) -> None:
    async with seeded(options=Options(rate_limit=0, suppressed_on_write=rule)) as (client, line):
        line.sandbox.store.suppression_groups.suppress(PROJECT, ["no@x.co"], is_global=True)
        created = await client.call_tool("create_contact", {"email": "no@x.co"})
        ids = [contact["id"] for contact in found(line, "no@x.co")]
    if rule == "accept":
        assert answer_of(created)["outcome"] == "created"
        assert ids
    else:
        assert "Email is suppressed" in error_of(created)
        assert ids == []


@pytest.mark.parametrize("limit", [5_000_000, 100_000, 0])
async def test_a_call_that_is_too_large_is_reported_as_refused(limit: int) -> None:
    """Sixty contacts of 2 kB each are beyond what Express takes by default."""
    rows = [{"email": f"p{number}@x.co", "firstName": "x" * 1_000, "lastName": "y" * 1_000} for number in range(60)]
    async with seeded(options=Options(rate_limit=0, max_body=limit)) as (client, line):
        called = await client.call_tool("upsert_contacts", {"contacts": rows})
        created = len(found(line, *(row["email"] for row in rows)))
    if limit == 100_000:
        assert "(status 413). Nothing changed." in error_of(called)
        assert created == 0
    else:
        assert answer_of(called)["counts"] == {"created": created} == {"created": 60}


@pytest.mark.parametrize("rule", ["required", "any"])
@pytest.mark.parametrize(("keys", "header"), [("one", "refuse"), ("own", "accept")])
async def test_a_key_reads_back_what_it_wrote(
    rule: Literal["required", "any"], keys: Literal["one", "own"], header: Literal["accept", "refuse"]
) -> None:
    """The client says that its bodies are JSON, sends its key as a bearer, and sees its key's project."""
    options = Options(rate_limit=0, content_type=rule, project_keys=keys, x_api_key=header)
    async with seeded(options=options) as (client, _):
        assert answer_of(await client.call_tool("create_contact", {"email": "new@x.co"}))["outcome"] == "created"
        seen = answer_of(await client.call_tool("find_contacts", {"emails": ["new@x.co", JANE]}))
    assert [contact["email"] for contact in seen["contacts"]] == ["new@x.co", *([JANE] if keys == "one" else [])]


@pytest.mark.parametrize("minute", [0, 3])
async def test_a_limit_a_minute_is_reported_and_ends(minute: int) -> None:
    async with seeded(options=Options(rate_limit=0, rate_limit_minute=minute), rate_limit=1_000) as (client, line):
        called = [await client.call_tool("find_contacts", {"emails": [JANE]}) for _ in range(5)]
        assert [one.is_error for one in called[:3]] == [False] * 3
        if minute:
            assert all("othing changed." in error_of(one) for one in called[3:])
        else:
            assert line.count("POST /contacts/search/emails") == 5
        await anyio.sleep(61)
        assert answer_of(await client.call_tool("find_contacts", {"emails": [JANE]}))["contacts"]


@pytest.mark.parametrize("status", [402, 403])
async def test_what_the_plan_does_not_allow_is_reported(status: Literal[402, 403]) -> None:
    options = Options(rate_limit=0, max_lists=1, max_contacts=3, plan_limit_status=status)
    async with seeded(options=options) as (client, line):
        before = held(line)
        for tool, arguments in (
            ("create_contact", {"email": "new@x.co"}),
            ("upsert_contact", {"email": "new@x.co"}),
            ("create_contact_list", {"name": "One more"}),
        ):
            refused = error_of(await client.call_tool(tool, arguments))
            assert str(status) in refused
            assert "Nothing changed." in refused
        many = await client.call_tool("upsert_contacts", {"contacts": [{"email": "new@x.co"}]})
        added = await client.call_tool("add_to_list", {"list": "Offers", "emails": ["new@x.co"]})
        assert all("Nothing changed." in error_of(called) for called in (many, added))
        assert held(line) == before


@pytest.mark.parametrize("shown", [True, False])
async def test_the_global_list_is_no_segment_wherever_it_is_shown(shown: bool) -> None:
    async with seeded(options=Options(rate_limit=0, segments_with_global=shown)) as (client, _):
        answer = answer_of(await client.call_tool("list_contact_lists", {"type": "segment"}))
    assert answer["lists"]
    assert {one["type"] for one in answer["lists"]} == {"segment"}


@pytest.mark.parametrize("delay", [0, 30])
async def test_who_is_in_a_segment_and_how_many_may_show_later(delay: float) -> None:
    """AutoSend computes both in a queue: what is answered before is true, and afterwards everything is as at once."""
    async with seeded(options=Options(rate_limit=0, queue_delay=delay)) as (client, line):
        await anyio.sleep(delay + 1)
        made = answer_of(await client.call_tool("create_contact_list", {"name": "Fresh"}))
        added = answer_of(await client.call_tool("add_to_list", {"list": "Fresh", "emails": [JANE, JOHN]}))
        await client.call_tool("upsert_contact", {"email": "new@example.com", "customFields": {"plan": "pro"}})
        left = await undone(client, made)
        seen = answer_of(await client.call_tool("find_contacts", {"list": "Fresh"}))
        await anyio.sleep(delay + 1)
        pro = answer_of(await client.call_tool("find_contacts", {"list": "Pro"}))
        lists = answer_of(await client.call_tool("list_contact_lists", {}))["lists"]
        starts = started_by(line.sandbox.store)
    assert added["added"] == seen["total"] == 2
    assert left["outcome"] == "unchanged"
    assert "new@example.com" in compact_json(pro["contacts"])
    assert {one["name"]: one["contactCount"] for one in lists} == {
        "All Contacts": 4,
        "Newsletter": 2,
        "Offers": 0,
        "Fresh": 2,
        "Pro": 4,
    }
    assert starts.count(("new@example.com", "Welcome to Pro")) == 1


@pytest.mark.parametrize("case", ["exact", "folded"])
async def test_who_is_in_a_segment_is_reported_under_either_reading_of_case(case: Any) -> None:
    criteria = {"logicalOperator": "AND", "groups": [PRO_IN_CAPITALS]}
    async with seeded(options=Options(rate_limit=0, segment_case=case)) as (client, line):
        pros = {one["email"] for one in held(line)["contacts"] if '"pro"' in one["custom_fields"]}
        inside = pros if case == "folded" else set[str]()
        asked = {"name": "Pros", "type": "segment", "filterCriteria": criteria}
        made = answer_of(await client.call_tool("create_contact_list", asked))
        found = answer_of(await client.call_tool("find_contacts", {"list": "Pros"}))
        listed = answer_of(await client.call_tool("list_contact_lists", {}))
        await client.call_tool("upsert_contact", {"email": JOHN, "customFields": {"plan": "PRO"}})
        after = answer_of(await client.call_tool("find_contacts", {"list": "Pros"}))
        shown = answer_of(await client.call_tool("get_contact", {"email": JOHN}))
    assert {one["email"] for one in found["contacts"]} == inside
    assert made.get("contactCount", len(inside)) == len(inside)
    assert next(one["contactCount"] for one in listed["lists"] if one["name"] == "Pros") == len(inside)
    assert {one["email"] for one in after["contacts"]} == {*inside, JOHN}
    assert JANE in pros
    assert "Pros" in compact_json(shown)
