"""The sandbox's contacts: one by one, in bulk updates, and deleted."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.contacts import writes
from tests.support.http import expect_refusal, http_of, over
from tests.support.records import members_of, snapshot

pytestmark = pytest.mark.anyio

JANE = {"email": "Jane@Example.com", "firstName": "Jane", "userId": "u", "customFields": {"plan": "pro", "n": 1}}
ADD = "/contact-lists/contacts/bulk-add"


async def test_a_contact_is_created_found_changed_and_deleted() -> None:
    async with over(list_ids_in_replies=False) as (http, _):
        created = (await http.post("/contacts", json=JANE)).json()["data"]
        assert created["email"] == "jane@example.com"
        assert (await http.get(f"/contacts/{created['id']}")).json() == {"success": True, "data": created}
        found = await http.post("/contacts/search/emails", json={"emails": ["JANE@example.com", "nobody@example.com"]})
        assert found.json()["data"] == {"contacts": [created]}
        upserted = await http.post(
            "/contacts/email",
            json={"email": "jane@example.com", "lastName": "Doe", "customFields": {"n": None, "x": 2}},
        )
        assert upserted.json()["data"] | {"updatedAt": ""} == created | {
            "lastName": "Doe",
            "customFields": {"plan": "pro", "x": 2},
            "updatedAt": "",
        }
        deleted = await http.delete(f"/contacts/{created['id']}")
        assert deleted.json() == {"success": True, "message": "Contact deleted successfully"}
        expect_refusal(await http.get(f"/contacts/{created['id']}"), 404, "CONTACT_NOT_FOUND")
        expect_refusal(await http.delete(f"/contacts/{created['id']}"), 404, "CONTACT_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": ""}, "email"),
        ({"email": "jane"}, "email"),
        ({"email": 5}, "email"),
        ({"email": "a@b.co", "firstName": 5}, "firstName"),
        ({"email": "a@b.co", "listIds": "l"}, "listIds"),
        ({"email": "a@b.co", "listIds": [5]}, "listIds"),
        ({"email": "a@b.co", "listIds": {}}, "listIds"),
        ({"email": "a@b.co", "customFields": ""}, "customFields"),
        ({"email": "a@b.co", "customFields": [1]}, "customFields"),
        ({"email": "a@b.co", "customFields": {"a": {"b": 1}}}, "customFields.a"),
    ],
)
async def test_a_wrong_contact_is_refused_by_field(body: dict[str, Any], field: str) -> None:
    async with over() as (http, _):
        for path in ("/contacts", "/contacts/email"):
            error = expect_refusal(await http.post(path, json=body), 400, "VALIDATION_FAILED")
            assert [detail["field"] for detail in error["details"]] == [field]


@pytest.mark.parametrize("emails", [None, [], "a@b.co", [5], ["jane"]])
async def test_a_wrong_search_is_refused(emails: Any) -> None:
    async with over() as (http, _):
        expect_refusal(await http.post("/contacts/search/emails", json={"emails": emails}), 400, "VALIDATION_FAILED")


@pytest.mark.parametrize("status", [400, 409])
async def test_an_address_is_unique_in_its_project_whatever_the_case(status: Any) -> None:
    sandbox = Sandbox(Options(rate_limit=0, contact_exists_status=status))
    async with http_of(sandbox, Authorization="Bearer ASA_account") as http:
        for project in ("p1", "p2"):
            headers = {"x-project-id": project}
            created = await http.post("/contacts", json=JANE, headers=headers)
            assert created.json()["data"]["projectId"] == project
            again = await http.post("/contacts", json=JANE, headers=headers)
            said = {"message": "A contact with this email already exists in the project"}
            assert (again.status_code, again.json()) == (status, {"success": False, "error": said})
        expect_refusal(await http.post("/contacts", json=JANE), 403, "INSUFFICIENT_PERMISSIONS")
    sandbox.close()


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ("merge", {"firstName": "Jane", "userId": "u", "customFields": {"plan": "free", "n": 1}}),
        ("replace", {"firstName": "Jane", "userId": "u", "customFields": {"plan": "free"}}),
    ],
)
async def test_an_upsert_merges_or_replaces(rule: Any, left: dict[str, Any]) -> None:
    async with over(upsert_rule=rule, list_ids_in_replies=False) as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        created = (await http.post("/contacts", json=JANE | {"listIds": [news]})).json()["data"]
        given = {"email": "jane@example.com", "customFields": {"plan": "free"}}
        upserted = (await http.post("/contacts/email", json=given)).json()["data"]
        kept = ("id", "email", "createdAt", "projectId", "updatedAt")
        assert {name: value for name, value in upserted.items() if name not in kept} == left
        assert upserted["id"] == created["id"]
        assert members_of(store, news) == [created["id"]]


async def test_an_empty_name_is_cleared_and_null_leaves_it() -> None:
    async with over(no_value="null") as (http, _):
        shown = (await http.post("/contacts", json=JANE | {"lastName": None, "userId": ""})).json()["data"]
        assert (shown["firstName"], shown["lastName"], shown["userId"]) == ("Jane", None, None)
        change = {"email": JANE["email"], "firstName": None, "lastName": "Doe", "userId": "u"}
        shown = (await http.post("/contacts/email", json=change)).json()["data"]
        assert (shown["firstName"], shown["lastName"], shown["userId"]) == ("Jane", "Doe", "u")
        shown = (await http.post("/contacts/email", json=change | {"firstName": "", "lastName": None})).json()["data"]
        assert (shown["firstName"], shown["lastName"], shown["userId"]) == (None, "Doe", "u")


async def test_replies_about_a_contact_hold_its_lists_and_segments() -> None:
    async with over(created_status=201) as (http, store):
        condition = {"field": "email", "fieldType": "string", "operator": "contains", "value": "@b.co"}
        criteria = {"logicalOperator": "AND", "groups": [condition]}
        segment = store.contact_lists.seed(PROJECT, "At b.co", "segment", criteria)
        created = await http.post("/contacts", json={"email": "a@b.co", "listIds": ["l1", "l2"]})
        assert created.status_code == 201
        shown = created.json()["data"]
        assert shown["listIds"] == ["l1", "l2"]
        assert "segmentIds" not in shown
        for answered in (
            (await http.get(f"/contacts/{shown['id']}")).json()["data"],
            (await http.post("/contacts/search/emails", json={"emails": ["a@b.co"]})).json()["data"]["contacts"][0],
            (await http.post("/contacts/email", json={"email": "a@b.co"})).json()["data"],
        ):
            assert (answered["listIds"], answered["segmentIds"]) == (["l1", "l2"], [segment])


@pytest.mark.parametrize("status", [200, 404])
async def test_a_deletion_of_nobody_is_not_found_or_a_success(status: Any) -> None:
    async with over(delete_unknown_status=status) as (http, _):
        assert (await http.delete("/contacts/" + "f" * 24)).status_code == status


@pytest.mark.parametrize("status", [400, 404])
async def test_a_malformed_id_is_not_found_or_refused(status: Any) -> None:
    async with over(malformed_id_status=status) as (http, _):
        for answered in (await http.get("/contacts/a%2Fb"), await http.delete("/contacts/x")):
            assert answered.status_code == status
        expect_refusal(await http.get("/contacts/" + "f" * 24), 404, "CONTACT_NOT_FOUND")


@pytest.mark.parametrize(("rule", "status", "counted"), [("accept", 200, 1), ("refuse", 400, 0)])
async def test_a_suppressed_address_is_accepted_or_refused(rule: Any, status: int, counted: int) -> None:
    async with over(suppressed_on_write=rule) as (http, store):
        store.suppression_groups.suppress(PROJECT, ["a@b.co"], is_global=True)
        for path in ("/contacts", "/contacts/email"):
            assert (await http.post(path, json={"email": "A@b.co"})).status_code == status
        answered = await http.post("/contacts/bulk-update", json={"contacts": [{"email": "a@b.co"}]})
        assert answered.json()["data"]["successCount"] == counted


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
            expect_refusal(await http.post("/contacts/bulk-update", json=body), 400, "VALIDATION_FAILED")


@pytest.mark.parametrize(("rule", "name", "applied"), [("last", "Z", 2), ("first", "A", 1), ("refuse", None, None)])
async def test_a_repeated_row_of_a_bulk_update_follows_the_rule(
    rule: Any, name: str | None, applied: int | None
) -> None:
    async with over(repeated_rows=rule) as (http, store):
        rows = [{"email": "a@b.co", "firstName": "A"}, {"email": "A@b.co", "firstName": "Z"}]
        answered = await http.post("/contacts/bulk-update", json={"contacts": rows})
        assert [one["firstName"] for one in store.contacts.find(PROJECT, ["a@b.co"])] == ([name] if name else [])
        assert answered.json().get("data", {}).get("successCount") == applied


@pytest.mark.parametrize(("rule", "status", "left"), [("ignore", 200, 0), ("refuse", 404, 1)])
async def test_a_removal_ignores_an_unknown_address_or_is_refused(rule: Any, status: int, left: int) -> None:
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
async def test_a_user_id_may_hold_any_character(user: str) -> None:
    async with over() as (http, store):
        writes.create(store, PROJECT, {"email": "a@b.co", "userId": user})
        writes.create(store, PROJECT, {"email": "other@b.co", "userId": "other"})
        encoded = "".join(f"%{byte:02X}" for byte in user.encode())
        assert (await http.delete(f"/contacts/email/userId/{encoded}")).status_code == 200
        assert [contact["userId"] for contact in store.contacts.find(PROJECT, ["a@b.co", "other@b.co"])] == ["other"]


async def test_the_number_of_addresses_in_a_request_can_be_limited() -> None:
    async with over(max_search=1, max_bulk_add=1) as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        for path in ("/contacts/search/emails", ADD):
            for emails, status in ((["a@b.co"], 200), (["a@b.co", "c@d.co"], 400)):
                answered = await http.post(path, json={"emails": emails, "contactListId": news})
                assert answered.status_code == status


async def test_a_contact_is_duplicated_and_its_properties_are_merged() -> None:
    async with over(upsert_rule="replace") as (http, _):
        await http.post(
            "/contacts", json={"email": "a@b.co", "firstName": "A", "customFields": {"plan": "pro", "n": 1}}
        )
        path, both = "/contacts/email/duplicate", {"sourceEmail": "A@b.co", "newEmail": "new@b.co"}
        data = (await http.post(path, json=both)).json()["data"]
        assert [data[one]["email"] for one in ("sourceContact", "newContact")] == ["a@b.co", "new@b.co"]
        assert (data["newContact"]["firstName"], data["newContact"]["customFields"]) == ("A", {"plan": "pro", "n": 1})
        assert (await http.post(path, json=both)).status_code == 409
        expect_refusal(await http.post(path, json=both | {"sourceEmail": "x@b.co"}), 404, "CONTACT_NOT_FOUND")
        merged = await http.patch("/contacts/email/a%40b.co/custom-fields", json={"n": 2})
        assert merged.json()["data"]["customFields"] == {"plan": "pro", "n": 2}
        expect_refusal(
            await http.patch("/contacts/email/x@b.co/custom-fields", json={"n": 2}), 404, "CONTACT_NOT_FOUND"
        )


async def test_an_encrypted_body_is_not_read() -> None:
    async with over() as (http, _):
        for body, headers in (({"encryptedData": "x"}, {}), ({"email": "a@b.co"}, {"X-Payload-Encryption": "jwe"})):
            expect_refusal(await http.post("/contacts", json=body, headers=headers), 501, "SANDBOX_NOT_IMPLEMENTED")
        expect_refusal(await http.get("/jwks.json"), 501, "SANDBOX_NOT_IMPLEMENTED")
