"""find_contacts by a name, by addresses in a list, and past addresses that are none."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.tools.contacts.by_name import MAX_PAGES
from tests.support.answering import Answering, Row
from tests.support.line import over_a_line
from tests.support.seeded import ANN, JANE, JOHN, seeded
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio

PEOPLE = [
    ("harvey.k@example.com", "", ""), ("a@example.com", "José", "Müller"), ("b@example.com", "Zoë", "O'Brien"),
    ("c@example.com", "ÅSA", "Öberg"), ("d@example.com", "田中", "健二"), ("e@example.com", "Anna Maria", "Straße"),
    ("f@example.com", "Иван", "Петров"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "place"),
    [("Harvey", 0), ("jose muller", 1), ("Müller, José".replace(",", ""), 1), ("o'brien", 2), ("asa oberg", 3),
     ("健二", 4), ("maria STRASSE", 5), ("петров", 6)],
)  # fmt: skip
async def test_a_person_is_found_by_name_however_it_is_typed(name: str, place: int) -> None:
    async with over_a_line() as (client, line):
        for email, first, last in PEOPLE:
            writes.create(line.sandbox.store, PROJECT, {"email": email, "firstName": first, "lastName": last})
        answer = answer_of(await client.call_tool("find_contacts", {"name": name}))
    assert [one["email"] for one in answer["contacts"]] == [PEOPLE[place][0]]
    assert answer["contacts"][0].get("lastName", "") == PEOPLE[place][2]


async def test_a_walk_by_name_stops_in_time_says_how_far_it_is_and_goes_on() -> None:
    members: list[Row] = [{"id": str(n), "email": f"p{n}@example.com", "firstName": f"P{n}"} for n in range(3_650)]
    for number in (5, 2_900, 3_210, 3_649):
        members[number]["lastName"] = "Rare"
    requests: list[str] = []
    async with connected(Answering(members=members, refuses=requests.append)) as client:
        asked: dict[str, Any] = {"name": "rare", "limit": 2}
        answers = [answer_of(await client.call_tool("find_contacts", asked))]
        while "nextCursor" in answers[-1]:
            again = asked | {"cursor": answers[-1]["nextCursor"]}
            answers.append(answer_of(await client.call_tool("find_contacts", again)))
        nobody = answer_of(await client.call_tool("find_contacts", {"name": "nobody"}))
    found = [[one["email"] for one in answer["contacts"]] for answer in answers]
    assert found == [["p5@example.com", "p2900@example.com"], ["p3210@example.com", "p3649@example.com"]]
    assert "2901 of 3650 so far" in answers[0]["notes"][0]
    assert "3000 of 3650 so far" in nobody["notes"][0]
    assert len(requests) == 30 + 8 + MAX_PAGES


@pytest.mark.parametrize("shown", [True, False])
async def test_which_of_these_are_in_the_list_is_one_question(shown: bool) -> None:
    people = ["jane@example.com", "JOHN@example.com", ANN, "nobody@example.com"]
    async with seeded(options=Options(rate_limit=0, list_ids_in_replies=shown)) as (client, _):
        asked = {"emails": people, "list": "newsletter", "fields": ["firstName"]}
        answer = answer_of(await client.call_tool("find_contacts", asked))
        pro = answer_of(await client.call_tool("find_contacts", {"emails": people, "list": "Pro"}))
        everybody = answer_of(await client.call_tool("find_contacts", {"emails": people, "list": "All Contacts"}))
    assert [one["email"] for one in answer["contacts"]] == [JANE, JOHN]
    assert answer["contacts"][0]["firstName"] == "Jane"
    assert (answer["total"], answer["notInList"], answer["notFound"]) == (2, [ANN], ["nobody@example.com"])
    assert JANE in [one["email"] for one in pro["contacts"]]
    assert everybody["total"] == 3


async def test_a_bad_address_stops_no_look_up_and_is_named() -> None:
    emails = [JANE, "nope", "a@b@c", JOHN, "two@example.com, three@example.com"]
    async with seeded() as (client, line):
        answer = answer_of(await client.call_tool("find_contacts", {"emails": emails}))
        sent = len(line.seen)
        text = error_of(await client.call_tool("find_contacts", {"emails": ["<script>"]}))
        assert len(line.seen) == sent
    assert [one["email"] for one in answer["contacts"]] == [JANE, JOHN]
    assert [(one["row"], one["email"]) for one in answer["invalid"]] == [(2, "nope"), (3, "a@b@c"), (5, emails[4])]
    assert '"row":1,"why":"must be' in text
    assert "script" not in text
