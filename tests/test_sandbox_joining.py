"""Many contacts at once: into lists, out of them, changed, removed; and who may not be."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from tests.support.records import members_of, snapshot
from tests.test_sandbox import expect_failure, over

pytestmark = pytest.mark.anyio

ADD = "/contact-lists/contacts/bulk-add"


async def test_bulk_add_makes_the_new_and_counts_as_in_the_documentation() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        writes.create(store, PROJECT, {"email": "in@x.co", "listIds": [news]})
        held = writes.create(store, PROJECT, {"email": "held@x.co"})
        store.suppression_groups.suppress(PROJECT, ["no@x.co"], is_global=True)
        emails = ["in@x.co", "Held@x.co", "held@x.co", "new@x.co", "no@x.co", "wrong"]
        data = (await http.post(ADD, json={"contactListId": news, "emails": emails})).json()["data"]
        assert data["validation"] == {
            "valid": [{"email": email, "status": "valid"} for email in ("in@x.co", "held@x.co", "new@x.co")],
            "invalid": [{"email": "wrong", "status": "invalid"}],
            "suppressed": [{"email": "no@x.co", "status": "suppressed"}],
        }
        counts = ("added", "created", "alreadyInList", "errors", "totalContactsInList")
        assert [data[name] for name in counts] == [1, 1, 1, [], 3]
        ids = {"contactListId": news, "contactIds": [held["id"], "f" * 24]}
        again = (await http.post(ADD, json=ids)).json()["data"]
        assert (again["added"], again["alreadyInList"]) == (0, 1)
        assert again["errors"] == [{"contactId": "f" * 24, "message": "Contact not found"}]


async def test_bulk_add_can_add_the_suppressed_count_the_created_and_show_the_contacts() -> None:
    options: dict[str, Any] = {
        "suppressed_on_bulk_add": "add",
        "suppressed_on_write": "refuse",
        "added_counts_created": True,
    }
    async with over(bulk_add_contacts=True, **options) as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        store.suppression_groups.suppress(PROJECT, ["no@x.co"], is_global=True)
        data = (await http.post(ADD, json={"contactListId": news, "emails": ["no@x.co"]})).json()["data"]
        assert (data["added"], data["created"], data["totalContactsInList"]) == (1, 1, 1)
        assert (data["contacts"][0]["listIds"], data["contacts"][0]["segmentIds"]) == ([news], [])


async def test_removal_from_a_list_keeps_the_contact_and_counts_who_was_not_there() -> None:
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
            expect_failure(await http.post(path, json=body), 400, "VALIDATION_FAILED")


async def test_segments_and_the_global_list_are_not_joined_or_left_by_hand() -> None:
    async with over() as (http, store):
        segment = store.contact_lists.seed(PROJECT, "S", "segment")
        body = {"emails": ["a@b.co"]}
        for list_id, code in ((segment, "INVALID_LIST_TYPE"), ("GLOBAL_CONTACT_LIST", "VALIDATION_FAILED")):
            expect_failure(await http.post(f"/contact-lists/{list_id}/contacts/remove", json=body), 400, code)
        expect_failure(await http.post(ADD, json=body | {"contactListId": segment}), 400, "INVALID_LIST_TYPE")
        expect_failure(await http.post(ADD, json=body | {"contactListId": "f" * 24}), 404, "NOT_FOUND")
        made = await http.post(ADD, json=body | {"contactListId": "GLOBAL_CONTACT_LIST"})
        assert made.json()["data"]["created"] == made.json()["data"]["totalContactsInList"] == 1


async def test_each_row_of_a_bulk_update_is_judged_on_its_own() -> None:
    async with over() as (http, store):
        store.contact_properties.define(PROJECT, "n", "number")
        writes.create(store, PROJECT, {"email": "held@x.co", "firstName": "H", "customFields": {"n": 1}})
        rows: list[Any] = [
            {"email": "HELD@x.co", "customFields": {"n": 2}},
            {"email": "new@x.co", "listIds": ["ignored"]},
            {"email": "bad@x.co", "customFields": {"n": "many"}},
            {"email": "wrong"},
            "no row",
        ]
        answered = await http.post("/contacts/bulk-update", json={"contacts": rows})
        assert answered.json()["data"] == {"successCount": 2, "failedCount": 3, "totalCount": 5}
        kept = store.contacts.find(PROJECT, ["held@x.co", "new@x.co", "bad@x.co"])
        assert [(one.get("firstName"), one["customFields"]) for one in kept] == [("H", {"n": 2}), (None, {})]
        assert snapshot(store)["lists"] == []


@pytest.mark.parametrize("rows", [None, [], {}, ["row"] * 101])
async def test_a_wrong_bulk_update_is_refused_as_a_whole(rows: Any) -> None:
    async with over() as (http, _):
        for body in ({"contacts": rows}, {"contacts": [{"email": "a@b.co"}], "runWorkflow": 1}):
            expect_failure(await http.post("/contacts/bulk-update", json=body), 400, "VALIDATION_FAILED")


@pytest.mark.parametrize(("rule", "name", "applied"), [("last", "Z", 2), ("first", "A", 1), ("refuse", None, None)])
async def test_the_same_address_twice_in_a_bulk_update_follows_the_rule(
    rule: Any, name: str | None, applied: int | None
) -> None:
    async with over(repeated_rows=rule) as (http, store):
        rows = [{"email": "a@b.co", "firstName": "A"}, {"email": "A@b.co", "firstName": "Z"}]
        answered = await http.post("/contacts/bulk-update", json={"contacts": rows})
        assert [one["firstName"] for one in store.contacts.find(PROJECT, ["a@b.co"])] == ([name] if name else [])
        assert answered.json().get("data", {}).get("successCount") == applied


@pytest.mark.parametrize(("rule", "status", "left"), [("ignore", 200, 0), ("refuse", 404, 1)])
async def test_removing_an_unknown_address_is_ignored_or_refuses_everything(rule: Any, status: int, left: int) -> None:
    async with over(remove_unknown=rule) as (http, store):
        writes.create(store, PROJECT, {"email": "a@b.co"})
        answered = await http.post("/contacts/remove", json={"emails": ["A@b.co", "nobody@b.co"]})
        assert answered.status_code == status
        assert len(snapshot(store)["contacts"]) == left


@pytest.mark.parametrize(("rule", "left"), [("all", 0), ("first", 1)])
async def test_contacts_with_one_user_id_are_deleted_by_the_rule(rule: Any, left: int) -> None:
    async with over(same_user_id=rule) as (http, store):
        for email in ("a@b.co", "c@d.co"):
            writes.create(store, PROJECT, {"email": email, "userId": "u"})
        assert (await http.delete("/contacts/email/userId/u")).json()["message"] == "Contact deleted successfully"
        assert len(store.contacts.find(PROJECT, ["a@b.co"])) == 0
        assert len(store.contacts.find(PROJECT, ["c@d.co"])) == left


@pytest.mark.parametrize("user", ["a/b", "a b", "100%", "a%2Fb", "\u738b", "../x", "?q=1#f", "+", "a/"])
async def test_a_user_id_is_whatever_its_percent_encoding_says(user: str) -> None:
    async with over() as (http, store):
        writes.create(store, PROJECT, {"email": "a@b.co", "userId": user})
        writes.create(store, PROJECT, {"email": "other@b.co", "userId": "other"})
        encoded = "".join(f"%{byte:02X}" for byte in user.encode())
        assert (await http.delete(f"/contacts/email/userId/{encoded}")).status_code == 200
        assert [contact["userId"] for contact in store.contacts.find(PROJECT, ["a@b.co", "other@b.co"])] == ["other"]


async def test_requests_may_have_a_greatest_number_of_addresses() -> None:
    async with over(max_search=1, max_bulk_add=1) as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        for path in ("/contacts/search/emails", ADD):
            for emails, status in ((["a@b.co"], 200), (["a@b.co", "c@d.co"], 400)):
                answered = await http.post(path, json={"emails": emails, "contactListId": news})
                assert answered.status_code == status
