"""The sandbox's bulk membership: many contacts into a list or out of it."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from tests.support.http import expect_refusal, over
from tests.support.records import members_of

pytestmark = pytest.mark.anyio

ADD = "/contact-lists/contacts/bulk-add"


async def test_bulk_add_creates_new_contacts_and_counts_as_documented() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        writes.create(store, PROJECT, {"email": "in@x.co", "listIds": [news]})
        held = writes.create(store, PROJECT, {"email": "held@x.co"})
        store.suppression_groups.suppress(PROJECT, ["no@x.co"], is_global=True)
        emails = ["in@x.co", "Held@x.co", "held@x.co", "new@x.co", "no@x.co", "wrong"]
        data = (await http.post(ADD, json={"contactListId": news, "emails": emails})).json()["data"]
        assert data["validation"] == {
            "valid": [{"email": email, "status": "valid"} for email in ("in@x.co", "held@x.co", "new@x.co")],
            "invalid": [{"email": "wrong", "status": "invalid", "reason": "Invalid email format"}],
            "suppressed": [{"email": "no@x.co", "status": "suppressed"}],
        }
        counts = ("added", "created", "alreadyInList", "errors", "totalContactsInList")
        assert [data[name] for name in counts] == [1, 1, 1, [], 3]
        ids = {"contactListId": news, "contactIds": [held["id"], "f" * 24]}
        again = (await http.post(ADD, json=ids)).json()["data"]
        assert (again["added"], again["alreadyInList"]) == (0, 1)
        assert again["errors"] == [{"contactId": "f" * 24, "error": "Contact not found"}]


async def test_bulk_add_follows_its_switches() -> None:
    options: dict[str, Any] = {
        "suppressed_on_bulk_add": "add",
        "suppressed_on_write": "refuse",
    }
    async with over(bulk_add_contacts=True, **options) as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        store.suppression_groups.suppress(PROJECT, ["no@x.co"], is_global=True)
        data = (await http.post(ADD, json={"contactListId": news, "emails": ["no@x.co"]})).json()["data"]
        assert (data["added"], data["created"], data["totalContactsInList"]) == (0, 1, 1)
        assert (data["contacts"][0]["listIds"], data["contacts"][0]["segmentIds"]) == ([news], [])


async def test_removal_from_a_list_keeps_the_contact() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        contact = writes.create(store, PROJECT, {"email": "in@x.co", "listIds": [news]})
        path, emails = f"/contact-lists/{news}/contacts/remove", ["in@x.co", "nobody@x.co"]
        answered = await http.post(path, json={"emails": emails})
        assert answered.json()["data"] == {"removed": 1, "notInList": 1, "errors": []}
        assert (members_of(store, news), store.contacts.find(PROJECT, ["in@x.co"])) == ([], [contact])
        answered = await http.post(path, json={"contactIds": [contact["id"], "f" * 24]})
        assert answered.json()["data"] == {"removed": 0, "notInList": 2, "errors": []}


@pytest.mark.parametrize("who", [{}, {"emails": ["a@b.co"], "contactIds": ["x"]}, {"emails": []}, {"contactIds": [5]}])
async def test_contacts_are_named_either_by_address_or_by_id(who: dict[str, Any]) -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        for path, body in ((ADD, who | {"contactListId": news}), (f"/contact-lists/{news}/contacts/remove", who)):
            expect_refusal(await http.post(path, json=body), 400, "VALIDATION_FAILED")


async def test_a_segment_and_the_global_list_refuse_bulk_membership() -> None:
    async with over() as (http, store):
        segment = store.contact_lists.seed(PROJECT, "S", "segment")
        body = {"emails": ["a@b.co"]}
        for list_id, code in ((segment, "INVALID_LIST_TYPE"), ("GLOBAL_CONTACT_LIST", "VALIDATION_FAILED")):
            expect_refusal(await http.post(f"/contact-lists/{list_id}/contacts/remove", json=body), 400, code)
        expect_refusal(await http.post(ADD, json=body | {"contactListId": segment}), 400, "INVALID_LIST_TYPE")
        expect_refusal(await http.post(ADD, json=body | {"contactListId": "f" * 24}), 404, "CONTACT_LIST_NOT_FOUND")
        made = await http.post(ADD, json=body | {"contactListId": "GLOBAL_CONTACT_LIST"})
        assert made.json()["data"]["created"] == made.json()["data"]["totalContactsInList"] == 1
