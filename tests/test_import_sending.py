"""What an import sends: only what differs, once, and nothing that a row does not name."""

from typing import Any

import httpx2
import pytest

from autosend_mcp.cli.import_file import PHRASES
from autosend_mcp.imports.summary import suggest
from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.contacts import writes
from tests.support.import_losses import PLAN, check_all_there
from tests.support.importing import people, world
from tests.support.line import AUTOMATIONS, PROPERTIES, Forward, forwarded
from tests.support.records import started_by
from tests.support.requests import BULK, FIND

pytestmark = pytest.mark.anyio


async def test_every_row_has_its_outcome_and_only_what_differs_is_sent() -> None:
    rows: list[dict[str, Any]] = [
        {"email": "new@example.com", "firstName": "New", "plan": "pro", "logins": "3"},
        {"email": "OLD@Example.com", "firstName": "Older"},
        {"email": "same@example.com", "firstName": "Same", "logins": "7"},
        {"email": "no address", "firstName": "Nobody"},
        {"email": "typed@example.com", "logins": "many"},
        {"email": "New@example.com", "lastName": "Person"},
        {"email": "two@example.com", "plan": "pro"},
        {"email": "two@example.com", "plan": "free"},
        {"email": "two@example.com", "firstName": "Two"},
        {"email": "Zoë Müller <zoe@müller.example>", "firstName": "Zoë"},
    ]
    with world() as here:
        here.seed(
            {"email": "old@example.com", "firstName": "Old", "customFields": {"plan": "free", "logins": 1}},
            {"email": "same@example.com", "firstName": "Same", "customFields": {"logins": 7}},
        )
        done = await here.run(rows)
        sent = here.line.bodies(BULK)
        assert here.values("old@example.com")["customFields"] == {"plan": "free", "logins": 1}
        assert here.values("xn--mller-kva.example") == {}
        assert here.held("zoe@xn--mller-kva.example")
        assert max(here.written.values()) == 1
    assert done.counts == {"created": 2, "updated": 1, "unchanged": 1, "merged": 1, "invalid": 5}
    assert [row["outcome"] for row in done.rows] == [
        "created", "updated", "unchanged", "invalid", "invalid", "merged", "invalid", "invalid", "invalid", "created",
    ]  # fmt: skip
    assert [row["line"] for row in done.rows] == [str(line) for line in range(2, 12)]
    assert [row["reason"] for row in done.rows][3:9] == [
        'email: must be one mail address; this one has no @. Example: "jane@example.com"',
        'customFields."logins": must be a number.',
        "the same address as line 2; sent as one",
        *["lines 8 and 9 are the same address and contradict each other: customFields.plan"] * 3,
    ]
    assert [(one["runWorkflow"], len(one["contacts"])) for one in sent] == [(False, 3)]
    assert sent[0]["contacts"][0] == {
        "email": "new@example.com",
        "firstName": "New",
        "lastName": "Person",
        "customFields": {"plan": "pro", "logins": 3},
    }


async def test_a_row_merged_with_one_that_a_third_contradicts_is_not_sent() -> None:
    rows = [{"email": "a@example.com", "firstName": name} for name in ("A", "A", "B", "A")]
    with world() as here:
        done = await here.run(rows)
        assert here.held("a@example.com") is None
    assert done.counts == {"invalid": 4}
    why = "lines 2 and 4 are the same address and contradict each other: firstName"
    assert done.reasons("invalid") == [why] * 4


SEVERAL = [
    {"email": "a@example.com", "firstName": "A", "lastName": "First", "plan": "free", "logins": ""},
    {"email": "b@example.com", "firstName": "B", "lastName": "Alone", "plan": "", "logins": ""},
    {"email": "A@Example.com", "firstName": "Am", "lastName": "", "plan": "pro", "logins": "2"},
    {"email": "a@example.com ", "firstName": "A", "lastName": "Last", "plan": "", "logins": "3"},
]


@pytest.mark.parametrize(
    ("repeated", "names", "custom"),
    [
        ("last", ("A", "Last"), {"plan": "pro", "logins": 3}),
        ("first", ("A", "First"), {"plan": "free", "logins": 2}),
    ],
)
async def test_rows_that_contradict_are_one_where_it_is_said_whose_count(
    repeated: str, names: tuple[str, str], custom: dict[str, Any]
) -> None:
    with world() as here:
        refused = await here.run(SEVERAL, dry_run=True)
        done = await here.run(SEVERAL, repeated=repeated)
        held = here.values("a@example.com")
        assert (held["firstName"], held["lastName"], held["customFields"]) == (*names, custom)
        assert here.values("b@example.com")["lastName"] == "Alone"
    assert refused.counts == {"would create": 1, "invalid": 3}
    suggest(refused.imported, PHRASES)
    assert refused.imported.notes[-1].startswith("3 rows contradict another of the same address. --repeated last ")
    assert done.counts == {"created": 2, "merged": 2}
    assert done.reasons("merged")[0] == (
        f'the same address as line 2; sent as one, with the {repeated} line\'s value of firstName, customFields."plan"'
    )


async def test_a_file_of_hundreds_is_sent_by_the_hundred() -> None:
    with world() as here:
        done = await here.run(people(250))
        assert sorted(len(body["contacts"]) for body in here.line.bodies(BULK)) == [50, 100, 100]
        assert here.line.count(FIND) == 1
        check_all_there(here, 250)
        again = await here.run(people(250))
        assert here.line.count(BULK) == 3
    assert done.counts == {"created": 250}
    assert again.counts == {"unchanged": 250}


@pytest.mark.parametrize("rule", ["merge", "replace"])
@pytest.mark.parametrize("asked", [{"firstName": "Jo"}, {"plan": "pro"}, {"logins": "2", "userId": "u2"}], ids=str)
async def test_what_a_row_does_not_name_survives(rule: Any, asked: dict[str, str]) -> None:
    before = {"firstName": "Jane", "lastName": "Doe", "userId": "u1"}
    with world(Options(rate_limit=0, upsert_rule=rule)) as here:
        here.seed({"email": "jane@example.com", **before, "customFields": {"logins": 1, "vip": True}})
        done = await here.run([{"email": "jane@example.com", **asked}])
        values = here.values("jane@example.com")
    assert done.counts == {"updated": 1}
    custom = {"logins": int(asked.get("logins", 1)), "vip": True} | ({"plan": "pro"} if "plan" in asked else {})
    assert values == before | {name: asked[name] for name in asked if name in before} | {"customFields": custom}


async def test_what_changed_between_looking_ahead_and_sending_survives_too() -> None:
    with world(Options(rate_limit=0, upsert_rule="replace")) as here:
        here.seed({"email": "jane@example.com", "customFields": {"logins": 1}})

        async def meanwhile(forward: Forward) -> httpx2.Response:
            writes.upsert(here.store, PROJECT, {"email": "jane@example.com", "customFields": {"logins": 2}})
            return await forward()

        here.line.lose(FIND, forwarded, meanwhile, forwarded)
        await here.run([{"email": "jane@example.com", "plan": "pro"}])
        assert here.values("jane@example.com")["customFields"] == {"logins": 2, "plan": "pro"}


@pytest.mark.parametrize("asked", [True, False])
async def test_automations_that_watch_values_start_only_if_asked(asked: bool) -> None:
    with world(PLAN) as here:
        await here.run([{"email": "a@example.com", "plan": "trial"}], run_workflow=asked)
        started = started_by(here.store)
        assert [body["runWorkflow"] for body in here.line.bodies(BULK)] == [asked]
    assert started == [("a@example.com", "Welcome"), ("a@example.com", "plan became trial")] * asked


async def test_a_dry_run_reports_what_would_be_and_sends_nothing() -> None:
    with world() as here:
        here.made_list()
        here.seed(people(1)[0], {"email": "p1@example.com", "firstName": "Other"})
        done = await here.run([*people(3), {"email": "x"}], dry_run=True, lists=("Newsletter",), report_dry_run=True)
        assert {asked for asked, _ in here.line.seen} == {
            FIND, "GET /contact-lists", f"GET {PROPERTIES}", AUTOMATIONS, "POST /suppression-groups/entries"
        }  # fmt: skip
        assert not here.written
        assert sorted(file.name for file in here.folder.iterdir()) == ["people.csv", "people.dry-run.csv"]
        await here.run(people(3), dry_run=True, report_dry_run=True)
        await here.run(people(3), "other.csv", dry_run=True)  # an assistant's
        assert sorted(file.name for file in here.folder.iterdir()) == ["other.csv", "people.csv", "people.dry-run.csv"]
    assert done.counts == {"unchanged": 1, "would update": 1, "would create": 1, "invalid": 1}
    assert [row["outcome"] for row in done.rows] == ["unchanged", "would update", "would create", "invalid"]
