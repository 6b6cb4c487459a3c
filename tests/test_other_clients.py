"""The sandbox as other clients of AutoSend use it, by the requests that they send. autosendjs runs in .ci/node."""

from typing import Any

import pytest

from tests.support.http import expect_refusal, over

pytestmark = pytest.mark.anyio

JOHN = {
    "email": "john@example.com",
    "firstName": "John",
    "customFields": {"plan": "pro", "since": "2026-01-02T00:00:00Z"},
}


async def test_the_convex_component_gets_what_it_reads_of_each_reply() -> None:
    """It defines missing custom fields before each write, and takes the lists from `lists`."""
    async with over(unknown_fields="refuse", known_lists_only=True) as (http, _):
        fields = (await http.get("/custom-fields?includeReservedFields=false")).json()["data"]["customFields"]
        assert fields == []
        for name, kind in (("plan", "string"), ("since", "date")):
            body = {"fieldName": name, "fieldType": kind}
            assert (await http.post("/custom-fields", json=body)).json()["data"]["fieldName"] == name
            assert (await http.post("/custom-fields", json=body)).status_code == 409  # as it expects of a race
        contact = (await http.post("/contacts/email", json=JOHN)).json()["data"]
        assert contact.items() >= JOHN.items()
        created = (await http.post("/contact-lists", json={"name": "News", "description": "Weekly"})).json()["data"]
        named = {"contactListId": created["id"], "contactIds": [contact["id"]]}
        added = (await http.post("/contact-lists/contacts/bulk-add", json=named)).json()["data"]
        counts: dict[str, Any] = {"added": 1, "created": 0, "alreadyInList": 0, "totalContactsInList": 1, "errors": []}
        assert added.items() >= counts.items()
        lists = (await http.get("/contact-lists?type=list")).json()["data"]["lists"]
        assert [(one["name"], one["contactCount"]) for one in lists if one["id"] == created["id"]] == [("News", 1)]
        found = (await http.post("/contact-lists/contacts/search", json={"contactListId": created["id"]})).json()[
            "data"
        ]
        assert [one["email"] for one in found["contacts"]] == [JOHN["email"]]
        assert found["pagination"] == {"page": 1, "limit": 20, "total": 1, "pages": 1}
        path = f"/contact-lists/{created['id']}"
        removed = (await http.post(f"{path}/contacts/remove", json={"emails": [JOHN["email"]]})).json()["data"]
        assert removed == {"removed": 1, "notInList": 0, "errors": []}
        assert (await http.delete(path)).json()["message"] == "Contact list deleted successfully"


async def test_the_client_for_python_is_answered_where_its_bodies_are_objects() -> None:
    """It sends the addresses of a search and of a removal as a bare array, which no page of AutoSend has."""
    async with over() as (http, _):
        contact = (await http.post("/contacts", json=JOHN | {"lastName": "Doe", "userId": "u1"})).json()["data"]
        assert (await http.get(f"/contacts/{contact['id']}")).json()["data"].items() >= contact.items()
        groups = await http.get(f"/contacts/{contact['id']}/unsubscribe-groups")
        assert groups.json()["data"] == {"groups": []}
        rows = {"contacts": [{"email": "jane@example.com", "phone": "+14155552671"}], "runWorkflow": False}
        counts = (await http.post("/contacts/bulk-update", json=rows)).json()["data"]
        assert counts == {"successCount": 1, "failedCount": 0, "totalCount": 1}
        for path in ("/contacts/search/emails", "/contacts/remove"):
            expect_refusal(await http.post(path, json=[JOHN["email"]]), 400, "VALIDATION_FAILED")
        assert (await http.delete("/contacts/email/userId/u1")).json()["success"] is True
        expect_refusal(await http.get(f"/contacts/{contact['id']}"), 404, "CONTACT_NOT_FOUND")
