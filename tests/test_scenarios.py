"""Six jobs, played by what tools/list and the answers say; then AutoSend holds what was asked for, and no more."""

import json
import re
from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT
from tests.support.assistant import Assistant, Played
from tests.support.records import members_of, snapshot, starts_of
from tests.support.scenarios import BAD, NEW, OLD, ROWS, SCENARIOS, played

pytestmark = pytest.mark.anyio

Json = dict[str, Any]


def held(user: Assistant) -> dict[str, Json]:
    """Return the contacts AutoSend holds now, by address."""
    found = user.store.contacts.find(PROJECT, [row["email"] for row in snapshot(user.store)["contacts"]])
    return {contact["email"]: contact for contact in found}


def list_id(user: Assistant, name: str) -> str:
    return next(row["id"] for row in snapshot(user.store)["lists"] if row["name"] == name)


NOWHERE = BAD[:1]  # no address to name it by


def named(group: list[Any]) -> list[str]:
    """Return the addresses of a group of a batch's answer."""
    return [one if isinstance(one, str) else one["email"] for one in group if isinstance(one, str) or "email" in one]


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_job_takes_what_it_names_from_answers_and_starts_nothing_twice(name: str) -> None:
    async with played(name) as user:
        started = starts_of(user.store)
    quiet = [one for one in user.played if only_looks(one)]
    assert quiet
    assert all(one.before == one.after for one in quiet)
    assert set(started.values()) <= {1}
    earlier = ""
    for one in user.played:
        ids = re.findall(r"\b[0-9a-f]{24}\b", json.dumps(one.arguments))
        for value in [*ids, *(one.arguments[key] for key in ("cursor", "confirm") if key in one.arguments)]:
            assert f'"{value}"' in earlier
        earlier += one.text


def only_looks(one: Played) -> bool:
    """Return whether the call was refused, or a dry run, or of a tool that reads."""
    reads = one.tool.annotations and one.tool.annotations.read_only_hint
    return bool(one.answer is None or one.arguments.get("dryRun") or reads)


async def test_a_customer_is_signed_up_to_a_list_by_its_name(era: str) -> None:
    async with played("sign_up", era) as user:
        (jane,) = held(user).values()
        newsletter = list_id(user, "Newsletter")
        assert members_of(user.store, newsletter) == [jane["id"]]
        assert starts_of(user.store) == {(jane["id"], newsletter): 1}
        assert user.store.contact_properties.types(PROJECT) == {"plan": "string", "trialEnds": "date"}
        (shown,) = user.answers("find_contacts")[0]["contacts"]
    assert jane["customFields"] == shown["customFields"] == {"plan": "pro", "trialEnds": "2027-03-01"}
    assert shown["email"] == jane["email"]


async def test_a_dry_run_of_a_batch_reports_what_the_batch_then_does(era: str) -> None:
    async with played("batch", era) as user:
        plan, done, _ = user.answers("upsert_contacts")
    found = plan["plan"]
    groups = {"created": found["wouldCreate"], "updated": [*found["wouldUpdate"]], "unchanged": found["unchanged"]}
    assert {"unchanged": groups["unchanged"]} | found["notSent"] == done["contacts"]
    assert groups["updated"] == [*done["changes"]]
    assert len(groups["created"]) == 42
    assert done["counts"] == {"created": 42, "updated": 6, "unchanged": 4, "merged": 3, "invalid": 5}


async def test_every_row_of_a_batch_is_accounted_for(era: str) -> None:
    async with played("batch", era) as user:
        answer = user.answers("upsert_contacts")[1]
        groups = answer["contacts"] | {"updated": [*answer["changes"]], "created": NEW}
    accounted = sorted(email for group in groups.values() for email in named(group))
    assert accounted == sorted(row["email"].strip().lower() for row in ROWS if row not in NOWHERE)
    assert named(groups["updated"]) == OLD[4:]
    assert named(groups["unchanged"]) == OLD[:4]
    assert [one["row"] for one in groups["merged"]] == [53, 54, 55]
    assert [one["row"] for one in groups["invalid"]] == [56, 57, 58, 59, 60]
    assert named(groups["invalid"]) == [row["email"] for row in BAD if row not in NOWHERE]
    assert all(one["why"] for one in groups["merged"] + groups["invalid"])


async def test_after_a_batch_autosend_holds_what_was_asked_and_what_was_there(era: str) -> None:
    async with played("batch", era) as user:
        contacts, newsletter = held(user), list_id(user, "Newsletter")
        members = members_of(user.store, newsletter)
        started = starts_of(user.store)
        joined = user.answers("upsert_contacts")[1]["lists"][0]
    assert sorted(contacts) == sorted(OLD + NEW)
    assert {email: contacts[email]["customFields"] for email in OLD} == {
        email: {"plan": "free" if email in OLD[:4] else "pro", "logins": 7} for email in OLD
    }
    assert contacts[NEW[1]]["lastName"] == "Doe"
    assert all(contacts[email]["customFields"] == {"plan": "pro"} for email in NEW)
    assert (joined["added"], joined["alreadyInList"]) == (49, 3)
    assert members == sorted(contact["id"] for contact in contacts.values())
    assert started == {(contact["id"], newsletter): 1 for contact in contacts.values()}


async def test_the_same_batch_a_second_time_changes_nothing(era: str) -> None:
    async with played("batch", era) as user:
        again = user.played[-1]
    assert again.before == again.after
    assert again.answer
    assert again.answer["counts"] == {"unchanged": 52, "merged": 3, "invalid": 5}
    assert (again.answer["lists"][0]["added"], again.answer["lists"][0]["alreadyInList"]) == (0, 52)
    assert "undo" not in again.answer


async def test_everybody_of_a_domain_in_a_list_is_found_page_by_page(era: str) -> None:
    async with played("one_domain", era) as user:
        pages = user.answers("find_contacts")
    assert [len(page["contacts"]) for page in pages] == [20, 20, 5]
    assert {page["total"] for page in pages} == {45}
    assert [one["email"] for page in pages for one in page["contacts"]] == [f"a{n}@acme.example" for n in range(45)]


async def test_a_wrong_plan_is_found_and_fixed_and_the_undo_puts_it_back(era: str) -> None:
    async with played("wrong_plan", era) as user:
        answers = user.answers("upsert_contact") + [one["did"][0] for one in user.answers("undo")]
        first, fixed, last = user.played[0].before, user.played[-3].after, user.played[-1].after
    planned, done, undone = answers[:2], answers[2:4], answers[4:]
    assert [one["plan"]["request"]["body"]["email"] for one in planned] == ["p3@example.com", "p24@example.com"]
    assert all(
        one["plan"]["changes"] == {"customFields.plan": {"was": "premuim", "wouldBe": "premium"}} for one in planned
    )
    assert all(one["changes"] == {"customFields.plan": {"was": "premuim", "now": "premium"}} for one in done)
    assert all(one["changes"] == {"customFields.plan": {"was": "premium", "now": "premuim"}} for one in undone)
    assert [json.loads(row["custom_fields"]) for row in fixed["contacts"]] == [{"plan": "premium"}] * len(
        fixed["contacts"]
    )
    assert [row | {"updated_at": ""} for row in last["contacts"]] == [
        row | {"updated_at": ""} for row in first["contacts"]
    ]


async def test_who_asks_to_be_forgotten_is_shown_then_deleted_then_not_found(era: str) -> None:
    async with played("forgotten", era) as user:
        first, refusal, _, gone, _ = user.played
        john = held(user)
        members = members_of(user.store, list_id(user, "Newsletter"))
        (deleted,) = user.answers("delete_contacts")
        (looked,) = user.answers("find_contacts")
    assert first.answer
    assert json.dumps(first.answer["email"]) in refusal.text
    assert "john@example.com" not in refusal.text
    assert deleted["deleted"] == looked["notFound"] == ["jane@example.com"]
    assert looked["contacts"] == []
    assert "No contact has this address." in gone.text
    assert [*john] == ["john@example.com"]
    assert members == [john["john@example.com"]["id"]]


async def test_everybody_in_a_list_is_moved_into_a_new_one(era: str) -> None:
    async with played("moved", era) as user:
        letter = list_id(user, "Monthly letter")
        members, contacts = members_of(user.store, letter), held(user).values()
        started = starts_of(user.store)
        added = [(one["added"], one.get("alreadyInList", 0)) for one in user.answers("add_to_list") if "added" in one]
        left = user.answers("list_contact_lists")[-1]["lists"]
    ids = sorted(contact["id"] for contact in contacts)
    assert len(ids) == 130
    assert members == ids
    assert {contact: n for (contact, of), n in started.items() if of == letter} == dict.fromkeys(ids, 1)
    assert added == [(100, 0), (0, 100), (30, 0), (0, 30)]
    assert {one["name"]: one["contactCount"] for one in left} == {"All Contacts": 130, "Monthly letter": 130}
