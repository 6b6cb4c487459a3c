"""The sandbox's automations: started by lists, segments and properties, never twice."""

from functools import partial
from typing import Any

import anyio
import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.automations.definitions import added_to_list, changes_from_to, matches_with
from tests.support.http import expect_refusal, over
from tests.support.records import started_by, starts_of

pytestmark = pytest.mark.anyio

PRO = {
    "logicalOperator": "AND",
    "groups": [{"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}],
}


LOG = "http://127.0.0.1/sandbox/automations"


async def started(http: httpx2.AsyncClient, kind: str = "") -> list[dict[str, Any]]:
    """Return the starts of this type of trigger, or all, from the log, which needs no key."""
    starts = (await http.get(LOG, headers={"Authorization": ""})).json()["automations"]
    return [start for start in starts if kind in ("", start["trigger"]["type"])]


async def test_joining_a_list_in_any_way_starts_its_automation_once() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        body = {"email": "a@b.co", "listIds": [news, news]}
        contact = (await http.post("/contacts", json=body)).json()["data"]
        await http.post("/contacts/email", json=body)
        await http.post("/contact-lists/contacts/bulk-add", json={"contactListId": news, "emails": ["a@b.co"]})
        new, start = await started(http)
        assert (new["automation"], new["trigger"]) == ("Welcome", {"type": "contact_created"})
        assert start.pop("at").endswith("Z")
        assert len(start.pop("automationId")) == 24
        assert start == {
            "automation": "Welcome to News",
            "trigger": {"type": "contact_added_to_list", "contactListId": news, "listName": "News"},
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


async def test_a_suppressed_address_starts_an_automation_without_mail() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        await http.post("/suppression-groups/emails/suppress", json={"emails": ["A@b.co"], "isGlobal": True})
        await http.post("/contacts", json={"email": "a@b.co", "listIds": [news]})
        (start,) = await started(http, "contact_added_to_list")
        assert (start["mail"], start["reason"]) == (None, "the address is suppressed")


async def test_a_changed_property_starts_the_segment_it_leads_into_once() -> None:
    async with over() as (http, store):
        segment = store.contact_lists.seed(PROJECT, "Pros", "segment", PRO)
        for plan in ("free", "pro", "pro"):
            await http.post("/contacts/email", json={"email": "a@b.co", "customFields": {"plan": plan}})
        (start,) = await started(http, "contact_added_to_list")
        assert start["trigger"] == {"type": "contact_added_to_list", "contactListId": segment, "listName": "Pros"}
        contact = store.contacts.find(PROJECT, ["a@b.co"])[0]
        assert starts_of(store) == {(contact["id"], segment): 1}


async def test_joining_a_list_also_joins_the_segment_under_it() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        under = {"name": "Under", "type": "segment", "filterCriteria": PRO, "parentId": news}
        await http.post("/contact-lists", json=under)
        await http.post("/contacts", json={"email": "a@b.co", "customFields": {"plan": "pro"}})
        await http.post("/contact-lists/contacts/bulk-add", json={"contactListId": news, "emails": ["a@b.co"]})
        starts = await started(http, "contact_added_to_list")
    assert [start["automation"] for start in starts] == ["Welcome to News", "Welcome to Under"]


TRANSITIONS = [
    {"field": "customFields.plan", "from": "free", "to": "pro"},
    {"field": "contactProperties.seats", "to": 9},
]
UPGRADE: dict[str, Any] = {
    "name": "Upgraded",
    "entryCriteria": {
        "type": "contact_property_changes_from_to",
        "filterCriteria": {"logicalOperator": "OR", "groups": TRANSITIONS},
    },
}


@pytest.mark.parametrize(
    ("automation", "starts"),
    [
        (changes_from_to("plan"), [("free", "pro"), ("pro", "Pro"), ("Pro", "free"), ("free", "pro"), ("pro", None)]),
        (changes_from_to("plan", "free", "pro"), [("free", "pro"), ("free", "pro")]),
        (changes_from_to("plan", "pro"), [("pro", "Pro"), ("pro", None)]),
        (UPGRADE, [("free", "pro"), ("free", "pro")]),
        (matches_with("plan", "pro"), ["pro", "pro"]),
        (matches_with("plan", "free"), ["free", "free"]),
        (changes_from_to("firstName"), []),
        (changes_from_to("plan") | {"status": "paused"}, []),
        (matches_with("plan", "pro", "News"), []),
        (matches_with("plan", "pro", "GLOBAL_CONTACT_LIST"), ["pro", "pro"]),
        (changes_from_to("plan", "free", "pro", "Members"), [("free", "pro"), ("free", "pro")]),
        ({"name": "On event", "entryCriteria": {"type": "event_trigger", "eventName": "bought"}}, []),
    ],
)
@pytest.mark.parametrize("reentry", [False, True])
async def test_an_automation_of_a_property_starts_by_its_rule(
    automation: dict[str, Any], starts: list[Any], reentry: bool
) -> None:
    """The first value is no change, but a match; who had the value before starts nothing; values have their case."""
    async with over(automations=(automation,), allow_reentry=reentry, default_automations=False) as (http, store):
        store.contact_lists.seed(PROJECT, "News", "list")
        members = store.contact_lists.seed(PROJECT, "Members", "list")
        for plan in ("free", "free", "pro", "Pro", "free", "pro", None):
            body = {"email": "a@b.co", "customFields": {"plan": plan}, "listIds": [members]}
            await http.post("/contacts/email", json=body)
        triggers = [start["trigger"] for start in await started(http)]
    assert all(trigger["type"] == automation["entryCriteria"]["type"] for trigger in triggers)
    changes = [one for trigger in triggers for one in trigger["changes"]]
    assert [one["value"] if "value" in one else (one["from"], one["to"]) for one in changes] == (
        starts if reentry else starts[:1]
    )


@pytest.mark.parametrize("own", [None, False, True])
@pytest.mark.parametrize("reentry", [False, True])
async def test_who_joins_again_starts_again_only_with_reentry(reentry: bool, own: bool | None) -> None:
    settings = {} if own is None else {"settings": {"allowReentry": own}}
    automations = (added_to_list("Hello", "News") | settings,)
    async with over(automations=automations, allow_reentry=reentry) as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        for _ in range(2):
            await http.post("/contacts/email", json={"email": "a@b.co", "listIds": [news]})
            await http.post(f"/contact-lists/{news}/contacts/remove", json={"emails": ["a@b.co"]})
        again = reentry if own is None else own
        assert started_by(store)[1:] == [("a@b.co", "Hello")] * (1 + again)


async def test_each_way_to_a_new_contact_starts_what_new_contacts_start() -> None:
    """All but a bulk update that is not to run workflows."""
    declared = ({"name": "Hi"}, added_to_list("Everybody", "GLOBAL_CONTACT_LIST"), added_to_list("To News", "News"))
    async with over(automations=declared) as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        await http.post("/contacts", json={"email": "a@b.co", "listIds": ["GLOBAL_CONTACT_LIST"]})
        await http.post("/contacts/email", json={"email": "b@b.co"})
        await http.post("/contact-lists/contacts/bulk-add", json={"contactListId": news, "emails": ["c@b.co"]})
        for runs, email in ((False, "d@b.co"), (True, "e@b.co")):
            await http.post("/contacts/bulk-update", json={"contacts": [{"email": email}], "runWorkflow": runs})
        both = [(email, name) for email in ("a@b.co", "b@b.co", "c@b.co") for name in ("Hi", "Everybody")]
        assert started_by(store) == [*both, ("c@b.co", "To News"), ("e@b.co", "Hi"), ("e@b.co", "Everybody")]


@pytest.mark.parametrize(("asked", "starts"), [(None, 0), (False, 0), (True, 1)])
async def test_a_bulk_update_starts_automations_only_with_run_workflow(asked: bool | None, starts: int) -> None:
    async with over(automations=(matches_with("plan", "pro"),)) as (http, store):
        store.contact_lists.seed(PROJECT, "Pros", "segment", PRO)
        body: dict[str, Any] = {"contacts": [{"email": "a@b.co", "customFields": {"plan": "pro"}}]}
        await http.post("/contacts/bulk-update", json=body | ({} if asked is None else {"runWorkflow": asked}))
        names = ["Welcome", "Welcome to Pros", "plan became pro"]
        assert started_by(store) == [("a@b.co", name) for name in names] * starts


async def test_active_automations_are_listed_with_what_starts_them() -> None:
    """Also those that nobody declared: whatever the log may show can be known before."""
    declared = (
        added_to_list("Hello", "News") | {"tags": ["a", "b"]},
        changes_from_to("plan", "free", "pro") | {"status": "paused", "tags": ["b"]},
    )
    async with over(automations=declared) as (http, store):
        news, offers = (store.contact_lists.seed(PROJECT, name, "list") for name in ("News", "Offers"))
        await http.post("/contacts", json={"email": "a@b.co", "listIds": [news, offers]})

        async def listed(**query: Any) -> tuple[list[dict[str, Any]], dict[str, int]]:
            data = (await http.get("/automations", params=query)).json()["data"]
            return data["workflowAutomations"], data["pagination"]

        active, pages = await listed(status="active")
        entries = [(one["name"], one["entryCriteria"]) for one in active]
        assert entries == [
            ("Hello", {"type": "contact_added_to_list", "contactListId": news}),
            ("Welcome", {"type": "contact_created"}),
            ("Welcome to Offers", {"type": "contact_added_to_list", "contactListId": offers}),
        ]
        assert pages == {"page": 1, "limit": 50, "total": 3, "pages": 1}
        assert [start["automationId"] for start in await started(http)] == [active[place]["id"] for place in (1, 0, 2)]
        assert all(one["analytics"]["totalEntered"] == 1 for one in active)
        (second,), pages = await listed(limit=1, page=2)
        assert (second["name"], second["status"], second["activeAt"]) == (
            "plan changed from free to pro",
            "paused",
            None,
        )
        assert pages == {"page": 2, "limit": 1, "total": 4, "pages": 4}
        assert [len((await listed(tags=tags))[0]) for tags in ("a", "b", "a,b", "c")] == [1, 2, 2, 0]
        one = (await http.get(f"/automations/{second['id']}")).json()["data"]
        assert one["settings"]["allowReentry"] is False
        assert [step["type"] for step in one["steps"]] == ["wait", "email"]
        expect_refusal(await http.get("/automations/x"), 404, "WORKFLOW_NOT_FOUND")
        for query in ({"status": "live"}, {"limit": 101}, {"page": 0}, {"page": "9" * 20}):
            expect_refusal(await http.get("/automations", params=query), 400, "VALIDATION_FAILED")
        expect_refusal(await http.post("/automations", json={}), 501, "SANDBOX_NOT_IMPLEMENTED")


async def test_the_log_has_pages() -> None:
    async with over() as (http, _):
        for number in range(3):
            await http.post("/contacts", json={"email": f"p{number}@x.co"})
        page = (await http.get(LOG, params={"limit": 2, "page": 2})).json()
        assert [start["contact"]["email"] for start in page["automations"]] == ["p2@x.co"]
        assert page["pagination"] == {"page": 2, "limit": 2, "total": 3, "pages": 2}
        expect_refusal(await http.get(LOG, params={"limit": "many"}), 400, "VALIDATION_FAILED")


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({}, "an automation needs a name"),
        ({"name": "A", "status": "live"}, "status is one of draft"),
        ({"name": "A", "entryCriteria": []}, "no entryCriteria"),
        ({"name": "A", "entryCriteria": {"type": "joined"}}, "type is one of contact_created"),
        ({"name": "A", "entryCriteria": {"type": "contact_added_to_list"}}, "needs contactListId"),
        ({"name": "A", "entryCriteria": {"type": "event_trigger"}}, "needs eventName"),
        ({"name": "A", "entryCriteria": {"type": "contact_property_matches_with"}}, "filterCriteria is required"),
        ({"name": "A", "entryCriteria": {"type": "contact_property_changes_from_to"}}, "the field, from and to"),
    ],
)
def test_a_wrong_definition_of_an_automation_is_explained(definition: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Sandbox(Options(automations=(definition,)))
