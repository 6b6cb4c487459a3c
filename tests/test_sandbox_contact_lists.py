"""The sandbox's contact lists and segments."""

from typing import Any

import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.automations.definitions import added_to_list
from autosend_mcp.sandbox.contacts import writes
from tests.support.http import expect_refusal, http_of, over
from tests.support.records import members_of, snapshot

pytestmark = pytest.mark.anyio

PEOPLE: list[dict[str, Any]] = [
    {"email": "ann@x.co", "firstName": "Ann", "customFields": {"n": 1, "vip": True, "since": "2024-03-01"}},
    {"email": "bob@y.co", "firstName": "Bob", "customFields": {"n": 5, "vip": False, "since": "2024-03-02T10:00:00Z"}},
    {"email": "cy@x.co", "customFields": {"n": 9.5}},
]


async def made(http: httpx2.AsyncClient, name: str, **body: Any) -> str:
    """Return the id of a new list or segment."""
    response = await http.post("/contact-lists", json={"name": name, **body})
    assert response.status_code == 200, response.text
    return response.json()["data"]["id"]


def criteria(operator: str, *groups: tuple[str, str, str, Any]) -> dict[str, Any]:
    names = ("field", "fieldType", "operator", "value")
    return {"logicalOperator": operator, "groups": [dict(zip(names, group, strict=True)) for group in groups]}


async def found(http: httpx2.AsyncClient, list_id: str, **body: Any) -> list[str]:
    """Return the addresses on one page of a list."""
    response = await http.post("/contact-lists/contacts/search", json={"contactListId": list_id, **body})
    return [contact["email"] for contact in response.json()["data"]["contacts"]]


async def test_a_list_is_created_counted_and_deleted_but_its_contacts_stay() -> None:
    async with over(list_ids_in_replies=False) as (http, store):
        list_id = await made(http, "News", description="Weekly")
        contact = (await http.post("/contacts", json={"email": "a@b.co", "listIds": [list_id]})).json()["data"]
        shown = (await http.get(f"/contact-lists/{list_id}")).json()["data"]
        assert (shown["name"], shown["description"], shown["type"], shown["contactCount"]) == (
            "News",
            "Weekly",
            "list",
            1,
        )
        deleted = (await http.delete(f"/contact-lists/{list_id}")).json()
        assert deleted["data"] == shown | {"filterCriteria": None, "parentId": None}
        for response in (
            await http.get(f"/contact-lists/{list_id}"),
            await http.delete(f"/contact-lists/{list_id}"),
            await http.post("/contact-lists/contacts/search", json={"contactListId": list_id}),
        ):
            expect_refusal(response, 404, "CONTACT_LIST_NOT_FOUND")
        assert store.contacts.find(PROJECT, ["a@b.co"]) == [contact]
        assert snapshot(store)["members"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "LIST_NAME_REQUIRED"),
        ({"name": " "}, "LIST_NAME_REQUIRED"),
        ({"name": "x", "type": "group"}, "INVALID_LIST_TYPE"),
        ({"name": "x", "type": ["list"]}, "INVALID_LIST_TYPE"),
        ({"name": "x" * 201}, "VALIDATION_FAILED"),
        ({"name": 5}, "VALIDATION_FAILED"),
        ({"name": "x", "description": "d" * 501}, "VALIDATION_FAILED"),
        ({"name": "x", "type": "segment"}, "VALIDATION_FAILED"),
        ({"name": "x", "type": "segment", "filterCriteria": {}}, "VALIDATION_FAILED"),
        ({"name": "x", "type": "segment", "filterCriteria": criteria("XOR")}, "VALIDATION_FAILED"),
        *(
            ({"name": "x", "type": "segment", "filterCriteria": criteria("AND", group)}, "VALIDATION_FAILED")
            for group in (
                ("", "string", "equals", "a"),
                ("a", "text", "equals", "a"),
                ("a", "string", "before", "a"),
                ("a", "number", "equals", "many"),
                ("a", "number", "between", [1]),
                ("a", "date", "after", "soon"),
                ("a", "boolean", "equals", "perhaps"),
                ("a", "string", "equals", None),
            )
        ),
    ],
)
async def test_a_wrong_list_is_refused(body: dict[str, Any], code: str) -> None:
    async with over() as (http, store):
        expect_refusal(await http.post("/contact-lists", json=body), 400, code)
        assert snapshot(store)["lists"] == []


@pytest.mark.parametrize("status", [400, 409])
async def test_a_name_is_unique_among_lists_and_segments(status: int) -> None:
    async with over(list_exists_status=status) as (http, _):
        await made(http, "News")
        expect_refusal(await http.post("/contact-lists", json={"name": "News"}), status, "LIST_ALREADY_EXISTS")


@pytest.mark.parametrize("key", ["contacts", "lists"])
async def test_lists_are_shown_by_type_with_the_global_list_first(key: Any) -> None:
    async with over(lists_key=key) as (http, store):
        writes.create(store, PROJECT, {"email": "a@b.co"})
        await made(http, "News")
        await made(
            http, "Bs", type="segment", filterCriteria=criteria("AND", ("email", "string", "ends_with", "@b.co"))
        )
        for query, names in (
            ({}, ["All Contacts", "News", "Bs"]),
            ({"type": "list"}, ["All Contacts", "News"]),
            ({"type": "segment"}, ["All Contacts", "Bs"]),
        ):
            shown = (await http.get("/contact-lists", params=query)).json()["data"][key]
            assert [one["name"] for one in shown] == names
            assert [one["contactCount"] for one in shown if one["name"] != "News"] == [1] * len(set(names) - {"News"})
        expect_refusal(await http.get("/contact-lists", params={"type": "x"}), 400, "INVALID_LIST_TYPE")


@pytest.mark.parametrize(
    ("group", "members"),
    [
        (("firstName", "string", "equals", "ANN"), "ann"),
        (("firstName", "string", "not_equals", "Ann"), "bob cy"),
        (("email", "string", "contains", "@X"), "ann cy"),
        (("email", "string", "not_contains", "@x"), "bob"),
        (("email", "string", "starts_with", "b"), "bob"),
        (("email", "string", "ends_with", "x.co"), "ann cy"),
        (("firstName", "string", "is_empty", None), "cy"),
        (("firstName", "string", "is_not_empty", None), "ann bob"),
        (("n", "number", "equals", "5"), "bob"),
        (("n", "number", "not_equals", 5), "ann cy"),
        (("n", "number", "greater_than", 1), "bob cy"),
        (("n", "number", "less_than", 9.5), "ann bob"),
        (("n", "number", "between", [1, 5]), "ann bob"),
        (("vip", "boolean", "equals", True), "ann"),
        (("vip", "boolean", "not_equals", "true"), "bob cy"),
        (("since", "date", "equals", "2024-03-02"), "bob"),
        (("since", "date", "not_equals", "2024-03-02"), "ann cy"),
        (("since", "date", "before", "2024-03-02T00:00:00Z"), "ann"),
        (("since", "date", "after", "2024-03-01"), "bob"),
        (("since", "date", "between", ["2024-03-01", "2024-03-02"]), "ann bob"),
        (("since", "date", "is_empty", None), "cy"),
        (("since", "date", "is_not_empty", None), "ann bob"),
        (("createdAt", "date", "after", "2024-01-01"), "ann bob cy"),
    ],
)
async def test_a_segment_holds_who_meets_its_condition(group: tuple[str, str, str, Any], members: str) -> None:
    async with over(segment_case="folded") as (http, store):
        ids = {person["email"].partition("@")[0]: writes.create(store, PROJECT, person)["id"] for person in PEOPLE}
        segment = await made(http, "S", type="segment", filterCriteria=criteria("AND", group))
        assert [email.partition("@")[0] for email in await found(http, segment)] == members.split()
        assert (await http.get(f"/contact-lists/{segment}")).json()["data"]["contactCount"] == len(members.split())
        assert members_of(store, segment) == sorted(ids[name] for name in members.split())


@pytest.mark.parametrize(("operator", "members"), [("AND", []), ("OR", ["ann@x.co", "bob@y.co"])])
async def test_conditions_are_joined_by_and_or_or(operator: str, members: list[str]) -> None:
    async with over() as (http, store):
        for person in PEOPLE:
            writes.create(store, PROJECT, person)
        both = criteria(operator, ("n", "number", "equals", 1), ("firstName", "string", "equals", "Bob"))
        assert await found(http, await made(http, "S", type="segment", filterCriteria=both)) == members


async def test_a_nested_segment_takes_its_members_from_its_parent() -> None:
    async with over() as (http, store):
        news = await made(http, "News")
        for person in PEOPLE:
            writes.create(store, PROJECT, person | ({"listIds": [news]} if person["email"] != "cy@x.co" else {}))
        at_x = criteria("AND", ("email", "string", "ends_with", "@x.co"))
        ones = criteria("AND", ("n", "number", "equals", 1))
        under = await made(http, "At x", type="segment", filterCriteria=at_x, parentId=news)
        below = await made(http, "Ones", type="segment", filterCriteria=ones, parentId=under)
        assert (await http.get(f"/contact-lists/{under}")).json()["data"]["parentId"] == news
        everybody = await made(http, "All at x", type="segment", filterCriteria=at_x, parentId="GLOBAL_CONTACT_LIST")
        assert await found(http, under) == await found(http, below) == ["ann@x.co"]
        assert await found(http, everybody) == ["ann@x.co", "cy@x.co"]
        unknown = {"name": "U", "type": "segment", "filterCriteria": at_x, "parentId": "f" * 24}
        expect_refusal(await http.post("/contact-lists", json=unknown), 404, "CONTACT_LIST_NOT_FOUND")


async def test_a_list_that_an_automation_uses_is_not_deleted() -> None:
    async with over(automations=(added_to_list("Hello", "News"),)) as (http, store):
        used, other = await made(http, "News"), await made(http, "Other")
        code = "CANNOT_DELETE_CONTACT_LIST_IN_USE"
        expect_refusal(await http.delete(f"/contact-lists/{used}"), 400, code)
        assert (await http.delete(f"/contact-lists/{other}")).status_code == 200
        assert [one["id"] for one in snapshot(store)["lists"]] == [used]


async def test_a_segment_is_empty_once_its_parent_is_deleted() -> None:
    async with over() as (http, store):
        news = await made(http, "News")
        writes.create(store, PROJECT, {"email": "a@b.co", "listIds": [news]})
        every = criteria("AND", ("email", "string", "is_not_empty", None))
        under = await made(http, "Under", type="segment", filterCriteria=every, parentId=news)
        assert await found(http, under) == ["a@b.co"]
        assert (await http.delete(f"/contact-lists/{news}")).status_code == 200
        assert [row["id"] for row in snapshot(store)["lists"]] == [under]
        assert await found(http, under) == []


async def test_the_global_list_can_be_searched_and_not_deleted() -> None:
    async with over() as (http, store):
        for number in range(5):
            writes.create(store, PROJECT, {"email": f"p{number}@{'x' if number % 2 else 'y'}.co", "userId": "u"})
        assert await found(http, "GLOBAL_CONTACT_LIST", limit=2, page=2) == ["p2@y.co", "p3@x.co"]
        assert await found(http, "GLOBAL_CONTACT_LIST", email="@X.") == ["p1@x.co", "p3@x.co"]
        body = {"contactListId": "GLOBAL_CONTACT_LIST", "limit": 2, "page": 3}
        data = (await http.post("/contact-lists/contacts/search", json=body)).json()["data"]
        assert data["pagination"] == {"page": 3, "limit": 2, "total": 5, "pages": 3}
        assert data["contacts"][0].keys() == {"id", "email", "createdAt", "updatedAt"}
        expect_refusal(await http.delete("/contact-lists/GLOBAL_CONTACT_LIST"), 400, "VALIDATION_FAILED")


@pytest.mark.parametrize("page", [4, 10**30])
async def test_a_page_beyond_the_last_one_is_empty_or_refused(page: int) -> None:
    body = {"contactListId": "GLOBAL_CONTACT_LIST", "page": page}
    for rule, status in (("empty", 200), ("refuse", 400)):
        sandbox = Sandbox(Options(rate_limit=0, beyond_last_page="refuse" if rule == "refuse" else "empty"))
        async with http_of(sandbox) as http:
            response = await http.post("/contact-lists/contacts/search", json=body)
        assert response.status_code == status
        sandbox.close()


@pytest.mark.parametrize(
    "wrong", [{"limit": 0}, {"limit": 101}, {"limit": True}, {"page": 0}, {"page": "1"}, {"email": 5}]
)
async def test_a_wrong_page_is_refused(wrong: dict[str, Any]) -> None:
    async with over() as (http, _):
        body = {"contactListId": "GLOBAL_CONTACT_LIST"} | wrong
        error = expect_refusal(await http.post("/contact-lists/contacts/search", json=body), 400, "VALIDATION_FAILED")
        assert [detail["field"] for detail in error["details"]] == list(wrong)
