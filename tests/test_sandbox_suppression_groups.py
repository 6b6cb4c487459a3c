"""The sandbox's suppression groups."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from tests.support.http import expect_refusal, over

pytestmark = pytest.mark.anyio


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
            names = [group["name"] for group in answered.json()["data"]["groups"]]
            assert [group["name"] for group in own.json()["data"]["groups"]] == names
            return names

        assert [await change("suppress", groupId=blog), await change("suppress", groupId=blog)] == [1, 0]
        assert [await change("suppress"), await change("suppress", isGlobal=True)] == [1, 1]
        assert await groups() == ["Blog", "Default", "Global suppressions"]
        assert store.suppression_groups.suppressed(PROJECT, ["a@b.co"]) == {"a@b.co"}
        assert [await change("unsuppress", groupId=blog), await groups()] == [1, ["Default", "Global suppressions"]]
        assert [await change("unsuppress"), await change("unsuppress"), await groups()] == [1, 0, []]
        listed = (await http.get("/suppression-groups")).json()["data"]["groups"]
        assert [(group["name"], group["isGlobal"]) for group in listed] == [("Blog", False), ("Default", False)]
        unknown = {"emails": ["a@b.co"], "groupId": "NOPE00"}
        answered = await http.post("/suppression-groups/emails/suppress", json=unknown)
        expect_refusal(answered, 404, "GROUP_NOT_FOUND")
