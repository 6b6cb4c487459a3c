"""Our client judged by the documentation: it sends each documented request as it stands, and reads its response."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from tests.support.answering import Answering, Row
from tests.support.line import saying
from tests.support.seeded import client_of
from tests.support.worlds import answer_of
from tests.test_contract import NAMES, contract

pytestmark = pytest.mark.anyio

CONTACT, LIST, GROUP = "507f1f77bcf86cd799439011", "60d5ec49f1b2c72d9c8b4567", "20XWO"
JOHN: Row = contract("create_contact")[0]["body"]
IN_LIST: Row = {"list": LIST, "emails": ["jane@example.com", "john@example.com", "alice@example.com"]}
SEGMENT: Row = contract("create_segment")[0]["body"]

# The call that makes our client send the documented request; errors, and what it never asks for, are not here.
CALLS: dict[str, tuple[str, Row]] = {
    "bulk_add_contacts": ("add_to_list", IN_LIST),
    "bulk_add_contacts_with_contacts": ("add_to_list", IN_LIST),
    "bulk_update_contacts": ("upsert_contacts", contract("bulk_update_contacts")[0]["body"]),
    "create_contact": ("create_contact", JOHN),
    "create_contact_list": ("create_contact_list", contract("create_contact_list")[0]["body"]),
    "create_custom_field": ("create_custom_field", contract("create_custom_field")[0]["body"]),
    "create_segment": ("create_contact_list", SEGMENT),
    "delete_contact": ("delete_contacts", {"ids": [CONTACT], "confirm": CONTACT}),
    "delete_contact_by_user_id": ("delete_contacts", {"userId": "user_12345", "confirm": "user_12345"}),
    "delete_contact_list": ("delete_contact_list", {"list": LIST, "confirm": "Newsletter Subscribers"}),
    "delete_custom_field": ("delete_custom_field", {"fieldName": "planTier", "confirm": "planTier"}),
    "get_contact": ("get_contact", {"id": CONTACT}),
    "get_contact_list": ("create_contact", {"email": "a@example.com", "listIds": [LIST]}),
    "get_unsubscribe_groups": ("get_contact", {"id": CONTACT, "unsubscribeGroups": True}),
    "list_contact_lists": ("list_contact_lists", {}),
    "list_contact_lists_under_lists": ("list_contact_lists", {}),
    "list_custom_fields": ("list_custom_fields", {}),
    "list_suppression_groups": ("list_suppression_groups", {}),
    "remove_list_contacts": ("remove_from_list", IN_LIST | {"emails": ["jane@example.com", "john@example.com"]}),
    "search_contacts": ("find_contacts", {"emails": ["john@example.com"]}),
    "search_list_contacts": ("find_contacts", {"list": LIST, "emailContains": "jane"}),
    "suppress_emails": (
        "suppress_emails",
        {"emails": ["user@example.com", "another@example.com"], "group": GROUP, "reason": "unsubscribed"},
    ),
    "unsuppress_emails": ("unsuppress_emails", {"emails": ["user@example.com"], "group": GROUP}),
    "upsert_contact": ("upsert_contact", JOHN),
}
ELSEWHERE = {
    "contact_not_found": "test_contract.py",
    "validation_failed": "test_contract.py",
    "delete_contact_by_user_id_not_found": "test_deletions.py",
    "delete_custom_field_not_found": "test_definitions.py: the field is looked for first",
    "get_global_contact_list": "never asked for: the list of all lists shows it",
    "remove_contacts": "below, with two addresses: one contact goes by its id",
}


def placed(value: Any) -> Any:
    """The documented request with the ids of this test."""
    text = json.dumps(value)
    for name, one in (("{id}", CONTACT), ("{listId}", LIST), ("{groupId}", GROUP)):
        text = text.replace(name, one)
    return json.loads(text)


@dataclass
class Documented(Answering):
    """AutoSend as one page of its documentation has it; around that, a project that fits."""

    request: Row = field(default_factory=dict[str, Any])
    response: Row = field(default_factory=dict[str, Any])
    seen: list[Row] = field(default_factory=list[Row])

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        content = await request.aread()
        query = dict(request.url.params) or None
        asked = {"method": request.method, "path": request.url.path, "body": json.loads(content) if content else None}
        self.seen.append(asked | ({"query": query} if query else {}))
        if (request.method, request.url.path) == (self.request["method"], self.request["path"]):
            return saying(self.response["status"], self.response["body"])
        return await super().handle_async_request(request)


def project(name: str) -> Documented:
    """What each call finds around the documented exchange."""
    request, response = contract(name)
    known = name not in {"get_contact_list", "create_contact_list", "create_segment", "list_contact_lists"}
    autosend = Documented(
        lists=[{"id": LIST, "name": "Newsletter Subscribers", "type": "list"}] * known,
        fields=[{"fieldName": one, "fieldType": "string"} for one in ("planTier", "role", "plan")],
        request=placed(request),
        response=placed(response),
    )

    def contact(email: str) -> Row | None:
        """Who is there before the write is new after it, and gone after a deletion."""
        written = any(one["method"] + one["path"] == request_line for one in autosend.seen)
        if name in {"create_contact", "upsert_contact", "bulk_update_contacts"}:
            rows: list[Row] = autosend.request["body"].get("contacts", [])
            return {"id": CONTACT} | next(one for one in rows if one["email"] == email) if written else None
        deleting = autosend.request["method"] == "DELETE" or name == "remove_contacts"
        if deleting and written:
            return None
        by_id = email == CONTACT
        return {"id": CONTACT if by_id else f"id-{email}", "email": "john@example.com" if by_id else email}

    request_line = autosend.request["method"] + autosend.request["path"]
    autosend.contact = contact
    return autosend


@pytest.mark.parametrize("name", CALLS)
async def test_the_documented_request_is_sent_as_it_stands_and_its_response_read(name: str) -> None:
    tool, arguments = CALLS[name]
    autosend = project(name)
    if name == "search_contacts":
        autosend.contact = lambda _email: autosend.response["body"]["data"]["contacts"][0]
    if tool in {"suppress_emails", "unsuppress_emails"}:
        groups = contract("list_suppression_groups")[1]["body"]
        autosend.refuses = lambda asked: (200, groups) if asked.startswith("GET /suppression-groups") else None
    toolsets = "contacts,lists,fields,suppressions"
    async with client_of(autosend, timeout=1, toolsets=toolsets) as client:
        answer = answer_of(await client.call_tool(tool, arguments))
    assert autosend.request in autosend.seen
    assert answer.get("outcome", "") not in {"partly_done", "dry_run"}


async def test_several_contacts_are_removed_by_the_documented_request() -> None:
    emails = ["email1@gmail.com", "email2@gmail.com"]
    autosend = project("remove_contacts")
    async with client_of(autosend) as client:
        answer = answer_of(await client.call_tool("delete_contacts", {"emails": emails, "confirm": "2"}))
    assert answer["deleted"] == emails
    assert autosend.request | {"body": {"emails": emails}} in autosend.seen


def test_every_contract_has_its_call() -> None:
    assert set(CALLS) | set(ELSEWHERE) == set(NAMES)
