"""The sandbox's automations: started by lists, segments and properties, never twice."""

from functools import partial
from typing import Any

import anyio
import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT, PropertyAutomation
from tests.support.http import over
from tests.support.records import starts_of

pytestmark = pytest.mark.anyio

PRO = {
    "logicalOperator": "AND",
    "groups": [{"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}],
}


async def started(http: httpx2.AsyncClient) -> list[dict[str, Any]]:
    """Return the log, which needs no key."""
    response = await http.get("http://127.0.0.1/sandbox/automations", headers={"Authorization": ""})
    return response.json()["automations"]


async def test_joining_a_list_in_any_way_starts_its_automation_once() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        body = {"email": "a@b.co", "listIds": [news, news]}
        contact = (await http.post("/contacts", json=body)).json()["data"]
        await http.post("/contacts/email", json=body)
        await http.post("/contact-lists/contacts/bulk-add", json={"contactListId": news, "emails": ["a@b.co"]})
        (start,) = await started(http)
        assert start.pop("at").endswith("Z")
        assert start == {
            "automation": "Welcome to News",
            "trigger": {"type": "list_joined", "listId": news, "listName": "News"},
            "contact": {"id": contact["id"], "email": "a@b.co"},
            "mail": {"to": "a@b.co", "subject": "Welcome to News"},
        }
        assert starts_of(store) == {(contact["id"], news): 1}


async def test_concurrent_joins_start_each_automation_once() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        emails = [f"p{number}@x.co" for number in range(10)]

        async def post(path: str, **body: Any) -> None:
            assert (await http.post(path, json=body)).status_code == 200

        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(partial(post, "/contact-lists/contacts/bulk-add", contactListId=news, emails=emails))
                for email in emails:
                    tasks.start_soon(partial(post, "/contacts/email", email=email, listIds=[news]))
        assert list(starts_of(store).values()) == [1] * 10


async def test_the_global_list_starts_nothing() -> None:
    async with over() as (http, _):
        await http.post("/contacts", json={"email": "a@b.co", "listIds": ["GLOBAL_CONTACT_LIST"]})
        assert await started(http) == []


async def test_a_suppressed_address_starts_an_automation_without_mail() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        await http.post("/suppression-groups/emails/suppress", json={"emails": ["A@b.co"], "isGlobal": True})
        await http.post("/contacts", json={"email": "a@b.co", "listIds": [news]})
        (start,) = await started(http)
        assert (start["mail"], start["reason"]) == (None, "the address is suppressed")


async def test_a_changed_property_starts_the_segment_it_leads_into_once() -> None:
    async with over() as (http, store):
        segment = store.contact_lists.seed(PROJECT, "Pros", "segment", PRO)
        for plan in ("free", "pro", "pro"):
            await http.post("/contacts/email", json={"email": "a@b.co", "customFields": {"plan": plan}})
        (start,) = await started(http)
        assert start["trigger"] == {"type": "segment_joined", "listId": segment, "listName": "Pros"}
        contact = store.contacts.find(PROJECT, ["a@b.co"])[0]
        assert starts_of(store) == {(contact["id"], segment): 1}


async def test_joining_a_list_also_joins_the_segment_under_it() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        under = {"name": "Under", "type": "segment", "filterCriteria": PRO, "parentId": news}
        await http.post("/contact-lists", json=under)
        await http.post("/contacts", json={"email": "a@b.co", "customFields": {"plan": "pro"}})
        await http.post("/contact-lists/contacts/bulk-add", json={"contactListId": news, "emails": ["a@b.co"]})
        assert [start["trigger"]["type"] for start in await started(http)] == ["list_joined", "segment_joined"]


@pytest.mark.parametrize(
    ("automation", "starts"),
    [
        (PropertyAutomation("plan"), [(None, "free"), ("free", "pro"), ("pro", None)]),
        (PropertyAutomation("plan", "free", "pro"), [("free", "pro")]),
        (PropertyAutomation("plan", to_value="pro"), [("free", "pro")]),
        (PropertyAutomation("firstName"), []),
    ],
)
async def test_a_property_automation_starts_at_its_change(
    automation: PropertyAutomation, starts: list[tuple[str | None, str | None]]
) -> None:
    async with over(automations=(automation,)) as (http, _):
        for plan in ("free", "free", "pro", None):
            await http.post("/contacts/email", json={"email": "a@b.co", "customFields": {"plan": plan}})
        triggers = [start["trigger"] for start in await started(http)]
        assert [(trigger["from"], trigger["to"]) for trigger in triggers] == starts
        assert all((one["type"], one["property"]) == ("property_changed", "plan") for one in triggers)


@pytest.mark.parametrize(("asked", "starts"), [(None, 0), (False, 0), (True, 1)])
async def test_a_bulk_update_starts_automations_only_with_run_workflow(asked: bool | None, starts: int) -> None:
    async with over(automations=(PropertyAutomation("plan"),)) as (http, store):
        store.contact_lists.seed(PROJECT, "Pros", "segment", PRO)
        body: dict[str, Any] = {"contacts": [{"email": "a@b.co", "customFields": {"plan": "pro"}}]}
        await http.post("/contacts/bulk-update", json=body | ({} if asked is None else {"runWorkflow": asked}))
        assert len(await started(http)) == 2 * starts
