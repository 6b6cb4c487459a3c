"""The sandbox's suppression groups."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from tests.support.http import expect_refusal, over

pytestmark = pytest.mark.anyio

GLOBAL = "Global suppressions"
GROUPS, ENTRIES = "/suppression-groups", "/suppression-groups/entries"
SUPPRESS, UNSUPPRESS = "/suppression-groups/emails/suppress", "/suppression-groups/emails/unsuppress"


def names_of(answered: Any) -> list[str]:
    return [group["name"] for group in answered.json()["data"]["groups"]]


async def test_addresses_go_into_groups_and_out_of_one_or_all() -> None:
    async with over() as (http, store):
        blog = store.suppression_groups.seed(PROJECT, "Blog")
        contact = writes.create(store, PROJECT, {"email": "a@b.co"})

        async def change(how: str, **body: Any) -> int:
            answered = await http.post(f"/suppression-groups/emails/{how}", json={"emails": ["A@b.co"]} | body)
            return answered.json()["data"][f"{how}ed"]

        async def groups() -> list[str]:
            answered = await http.post("/suppression-groups/email/entries", json={"email": "a@B.co"})
            own = await http.get(f"/contacts/{contact['id']}/unsubscribe-groups")
            names = [group["name"] for group in answered.json()["data"]]
            assert [group["name"] for group in own.json()["data"]["groups"]] == names
            return names

        assert [await change("suppress", groupId=blog), await change("suppress", groupId=blog)] == [1, 0]
        assert [await change("suppress"), await change("suppress", isGlobal=True)] == [1, 1]
        assert await groups() == ["Default", "Global suppressions", "Blog"]
        assert store.suppression_groups.suppressed(PROJECT, ["a@b.co"]) == {"a@b.co"}
        assert [await change("unsuppress", groupId=blog), await groups()] == [1, ["Default", "Global suppressions"]]
        assert [await change("unsuppress"), await change("unsuppress"), await groups()] == [1, 0, [GLOBAL]]
        assert [await change("unsuppress", isGlobal=True), await groups()] == [1, []]
        listed = (await http.get("/suppression-groups")).json()["data"]["groups"]
        assert [(group["name"], group["isGlobal"]) for group in listed] == [("Default", False), ("Blog", False)]
        unknown = {"emails": ["a@b.co"], "groupId": "NOPE00"}
        answered = await http.post("/suppression-groups/emails/suppress", json=unknown)
        expect_refusal(answered, 404, "GROUP_NOT_FOUND")


async def test_a_group_is_made_shown_changed_and_deleted() -> None:
    async with over() as (http, _store):
        made = (await http.post(GROUPS, json={"name": "Blog"})).json()["data"]
        assert (made["isActive"], made["isGlobal"], made["suppressionCount"], len(made["groupId"])) == (
            True,
            False,
            0,
            5,
        )
        path = f"{GROUPS}/{made['groupId']}"
        off = (await http.put(path, json={"isActive": False, "description": "d"})).json()["data"]
        assert (off["name"], off["isActive"], off["description"]) == ("Blog", False, "d")
        renamed = (await http.put(path, json={"name": "Our blog"})).json()["data"]
        assert (renamed["name"], renamed["isActive"]) == ("Our blog", True)
        assert (await http.get(path)).json()["data"] == renamed
        await http.post(SUPPRESS, json={"emails": ["a@b.co"], "groupId": made["groupId"]})
        assert (await http.get(path)).json()["data"]["suppressionCount"] == 1
        assert (await http.delete(path)).json()["message"] == "Suppression group deleted successfully"
        assert (await http.post(ENTRIES, json={})).json()["data"]["entries"] == []
        for answered in (await http.get(path), await http.put(path, json={}), await http.delete(path)):
            expect_refusal(answered, 404, "GROUP_NOT_FOUND")


async def test_the_list_shows_global_groups_where_it_is_asked_to() -> None:
    async with over() as (http, _store):
        assert names_of(await http.get(GROUPS)) == ["Default"]
        assert names_of(await http.get(f"{GROUPS}?includeGlobal=true")) == ["Default", GLOBAL]
        only = await http.get(f"{GROUPS}?onlyGlobal=true")
        assert names_of(only) == [GLOBAL]
        path = f"{GROUPS}/{only.json()['data']['groups'][0]['groupId']}"
        expect_refusal(await http.delete(path), 400, "CANNOT_DELETE_GLOBAL_GROUP")


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "name"), ({"name": " "}, "name"), ({"name": "x" * 201}, "name"), ({"name": "x", "isActive": 1}, "isActive")],
)
async def test_a_group_that_cannot_be_is_refused_by_field(body: dict[str, Any], field: str) -> None:
    async with over() as (http, _store):
        answered = await http.post(GROUPS, json=body)
    expect_refusal(answered, 400, "VALIDATION_FAILED")
    assert answered.json()["error"]["details"][0]["field"] == field


@pytest.mark.parametrize(("rule", "status"), [("accept", 200), ("refuse", 409)])
async def test_a_second_group_of_a_name_is_accepted_or_refused(rule: Any, status: int) -> None:
    async with over(same_group_name=rule) as (http, _store):
        assert [(await http.post(GROUPS, json={"name": "Blog"})).status_code for _ in range(2)] == [200, status]


async def test_entries_are_found_by_each_filter_and_page_by_page() -> None:
    async with over() as (http, store):
        blog = store.suppression_groups.seed(PROJECT, "Blog")
        store.suppression_groups.suppress(PROJECT, ["ann@b.co", "bob@b.co"], blog, "UNSUBSCRIBE")
        store.suppression_groups.suppress(PROJECT, ["ann@b.co"], reason="BOUNCE", is_global=True)

        async def found(**asked: Any) -> list[tuple[str, str]]:
            entries = (await http.post(ENTRIES, json=asked)).json()["data"]["entries"]
            return [(entry["email"], entry["reason"]) for entry in entries]

        ann, bob, globally = ("ann@b.co", "UNSUBSCRIBE"), ("bob@b.co", "UNSUBSCRIBE"), ("ann@b.co", "BOUNCE")
        assert await found() == [ann, bob, globally]
        assert await found(groupId=blog) == [ann, bob]
        assert await found(reason="BOUNCE") == await found(isGlobal=True) == [globally]
        assert await found(search="ANN@") == await found(email="Ann@b.co") == [ann, globally]
        assert await found(startDate="2020-01-01", endDate="2099-01-01T00:00:00+02:00") == [ann, bob, globally]
        assert await found(startDate="2099-01-01") == await found(endDate="2020-01-01T00:00:00Z") == []
        assert await found(page=2, limit=2) == [globally]
        everything = (await http.post(f"{ENTRIES}/all", json={"reason": "UNSUBSCRIBE"})).json()["data"]
        assert [entry["email"] for entry in everything] == ["ann@b.co", "bob@b.co"]
        for wrong in ({"reason": "asked"}, {"startDate": "soon"}, {"isGlobal": "yes"}, {"limit": 0}, {"email": 1}):
            expect_refusal(await http.post(ENTRIES, json=wrong), 400, "VALIDATION_FAILED")


@pytest.mark.parametrize(("rule", "status"), [("listed", 400), ("any", 200)])
async def test_a_reason_that_is_not_listed_is_refused_or_kept(rule: Any, status: int) -> None:
    async with over(suppression_reasons=rule) as (http, _store):
        asked = {"emails": ["a@b.co"], "reason": "asked by phone"}
        assert (await http.post(SUPPRESS, json=asked)).status_code == status
        assert (await http.post(SUPPRESS, json=asked | {"reason": "MANUAL"})).status_code == 200


@pytest.mark.parametrize(("rule", "left"), [("groups", {"a@b.co"}), ("with_global", set[str]())])
async def test_all_groups_include_the_global_one_or_not(rule: Any, left: set[str]) -> None:
    async with over(unsuppress_all=rule) as (http, store):
        await http.post(SUPPRESS, json={"emails": ["a@b.co"], "isGlobal": True})
        await http.post(UNSUPPRESS, json={"emails": ["a@b.co"]})
        assert store.suppression_groups.suppressed(PROJECT, ["a@b.co"]) == left


@pytest.mark.parametrize(("rule", "counts"), [("new", [2, 0]), ("all", [2, 2])])
async def test_who_is_suppressed_already_is_counted_or_not(rule: Any, counts: list[int]) -> None:
    async with over(suppressed_counts=rule) as (http, _store):
        asked = {"emails": ["a@b.co", "b@b.co"]}
        assert [(await http.post(SUPPRESS, json=asked)).json()["data"]["suppressed"] for _ in range(2)] == counts


@pytest.mark.parametrize(("rule", "shared"), [("account", True), ("project", False)])
async def test_a_global_group_is_shared_by_projects_or_not(rule: Any, shared: bool) -> None:
    async with over(global_groups=rule) as (http, _store):
        headers = [{"Authorization": "Bearer ASA_x", "x-project-id": f"p{number}"} for number in range(2)]
        asked = {"emails": ["a@b.co"], "isGlobal": True}
        assert (await http.post(SUPPRESS, json=asked, headers=headers[0])).json()["data"]["suppressed"] == 1
        entries = (await http.post(ENTRIES, json={}, headers=headers[1])).json()["data"]["entries"]
        own = (await http.post(ENTRIES, json={}, headers=headers[0])).json()["data"]["entries"]
    assert ([entry["email"] for entry in entries], len(own)) == (["a@b.co"] * shared, 1)


@pytest.mark.parametrize(("shown", "count"), [(True, 1), (False, 0)])
async def test_a_search_shows_global_entries_or_only_where_asked(shown: bool, count: int) -> None:
    async with over(entries_show_global=shown) as (http, store):
        store.suppression_groups.suppress(PROJECT, ["a@b.co"], is_global=True)
        assert len((await http.post(ENTRIES, json={"email": "a@b.co"})).json()["data"]["entries"]) == count
        assert len((await http.post(ENTRIES, json={"isGlobal": True})).json()["data"]["entries"]) == 1
