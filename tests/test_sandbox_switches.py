"""What the documentation leaves open, each reading of it; custom fields, suppression groups, files, the command."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from autosend_mcp.cli.main import main
from autosend_mcp.sandbox.app import PROJECT, Sandbox
from autosend_mcp.sandbox.contacts import writes
from tests.support.records import members_of, snapshot, starts_of
from tests.test_sandbox import by_flags, expect_failure, over

pytestmark = pytest.mark.anyio

JANE = {"email": "jane@x.co", "firstName": "Jane", "userId": "u", "customFields": {"plan": "pro", "n": 1}}


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ("merge", {"firstName": "Jane", "userId": "u", "customFields": {"plan": "free", "n": 1}}),
        ("replace", {"customFields": {"plan": "free"}}),
    ],
)
async def test_an_upsert_merges_or_replaces(rule: Any, left: dict[str, Any]) -> None:
    async with over(upsert_rule=rule) as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        created = (await http.post("/contacts", json=JANE | {"listIds": [news]})).json()["data"]
        given = {"email": "jane@x.co", "customFields": {"plan": "free"}}
        upserted = (await http.post("/contacts/email", json=given)).json()["data"]
        kept = ("id", "email", "createdAt", "projectId", "updatedAt")
        assert {name: value for name, value in upserted.items() if name not in kept} == left
        assert upserted["id"] == created["id"]
        assert members_of(store, news) == [created["id"]]


@pytest.mark.parametrize(
    ("rule", "status", "kept", "defined"),
    [
        ("create", 200, {"a": True, "b": 1.5, "c": "2024-03-01", "d": "x"}, "boolean number date string"),
        ("keep", 200, {"a": True, "b": 1.5, "c": "2024-03-01", "d": "x"}, ""),
        ("ignore", 200, {}, ""),
        ("refuse", 400, None, ""),
    ],
)
async def test_undefined_custom_fields_follow_the_rule(
    rule: Any, status: int, kept: dict[str, Any] | None, defined: str
) -> None:
    async with over(unknown_fields=rule) as (http, store):
        body = {"email": "a@b.co", "customFields": {"a": True, "b": 1.5, "c": "2024-03-01", "d": "x", "e": None}}
        answered = await http.post("/contacts", json=body)
        assert answered.status_code == status
        assert [one["customFields"] for one in store.contacts.find(PROJECT, ["a@b.co"])] == (
            [] if kept is None else [kept]
        )
        assert [field["fieldType"] for field in store.contact_properties.all(PROJECT)] == defined.split()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", 1),
        ("number", "1"),
        ("number", True),
        ("boolean", "true"),
        ("boolean", 1),
        ("date", "soon"),
        ("date", "2024-13-01"),
        ("date", "2024-03-01\n"),
        ("date", "0001-01-01T00:00:00+14:00"),
        ("date", 5),
    ],
)
async def test_a_value_of_a_wrong_type_is_refused_or_kept(kind: str, value: Any) -> None:
    for rule in ("refuse", "keep"):
        async with over(wrong_types=rule) as (http, store):
            store.contact_properties.define(PROJECT, "f", kind)
            answered = await http.post("/contacts", json={"email": "a@b.co", "customFields": {"f": value}})
            if rule == "refuse":
                error = expect_failure(answered, 400, "VALIDATION_FAILED")
                assert error["details"] == [{"field": "customFields.f", "message": f"Value must be a {kind}"}]
            else:
                assert answered.json()["data"]["customFields"] == {"f": value}


async def test_dates_are_days_or_moments_and_any_text_is_a_string() -> None:
    async with over() as (http, store):
        store.contact_properties.define(PROJECT, "day", "date")
        store.contact_properties.define(PROJECT, "text", "string")
        for day in ("2024-03-01", "2024-03-01T10:00:00.000Z", "2024-03-01 10:00"):
            body = {"email": "a@b.co", "customFields": {"day": day, "text": day}}
            assert (await http.post("/contacts/email", json=body)).status_code == 200


async def test_custom_fields_are_created_listed_and_deleted_with_all_values() -> None:
    async with over() as (http, store):
        field = {"fieldName": "a/b c", "fieldType": "number", "description": "D", "defaultValue": "0"}
        made = (await http.post("/custom-fields", json=field)).json()["data"]
        assert made.items() >= field.items()
        assert (await http.get("/custom-fields")).json()["data"]["customFields"] == [
            {name: value for name, value in made.items() if name != "projectId"}
        ]
        expect_failure(await http.post("/custom-fields", json=field), 409, "CUSTOM_FIELD_ALREADY_EXISTS")
        writes.create(store, PROJECT, {"email": "a@b.co", "customFields": {"a/b c": 1}})
        assert (await http.delete("/custom-fields/fieldName/a%2Fb%20c")).json()["success"]
        assert store.contacts.find(PROJECT, ["a@b.co"])[0]["customFields"] == {}
        expect_failure(await http.delete("/custom-fields/fieldName/a%2Fb%20c"), 404, "CUSTOM_FIELD_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fieldType": "string"}, "fieldName"),
        ({"fieldName": " ", "fieldType": "string"}, "fieldName"),
        ({"fieldName": "email", "fieldType": "string"}, "fieldName"),
        ({"fieldName": "a"}, "fieldType"),
        ({"fieldName": "a", "fieldType": "text"}, "fieldType"),
        ({"fieldName": "a", "fieldType": ["string"]}, "fieldType"),
        ({"fieldName": "a", "fieldType": "string", "defaultValue": 1}, "defaultValue"),
    ],
)
async def test_a_wrong_custom_field_is_refused(body: dict[str, Any], field: str) -> None:
    async with over() as (http, _):
        error = expect_failure(await http.post("/custom-fields", json=body), 400, "VALIDATION_FAILED")
        assert [detail["field"] for detail in error["details"]] == [field]


async def test_replies_about_a_contact_can_hold_its_lists() -> None:
    async with over(list_ids_in_replies=True, created_status=201) as (http, _):
        created = await http.post("/contacts", json={"email": "a@b.co", "listIds": ["l1", "l2"]})
        assert created.status_code == 201
        shown = created.json()["data"]
        assert shown["listIds"] == ["l1", "l2"]
        for answered in (
            (await http.get(f"/contacts/{shown['id']}")).json()["data"],
            (await http.post("/contacts/search/emails", json={"emails": ["a@b.co"]})).json()["data"]["contacts"][0],
            (await http.post("/contacts/email", json={"email": "a@b.co"})).json()["data"],
        ):
            assert answered["listIds"] == ["l1", "l2"]


@pytest.mark.parametrize("status", [400, 404])
async def test_a_malformed_id_is_not_found_or_refused(status: Any) -> None:
    async with over(malformed_id_status=status) as (http, _):
        for answered in (await http.get("/contacts/a%2Fb"), await http.delete("/contacts/x")):
            assert answered.status_code == status
        expect_failure(await http.get("/contacts/" + "f" * 24), 404, "CONTACT_NOT_FOUND")


@pytest.mark.parametrize(("rule", "status", "counted"), [("accept", 200, 1), ("refuse", 400, 0)])
async def test_a_suppressed_address_is_accepted_or_refused(rule: Any, status: int, counted: int) -> None:
    async with over(suppressed_on_write=rule) as (http, store):
        store.suppression_groups.suppress(PROJECT, ["a@b.co"], is_global=True)
        for path in ("/contacts", "/contacts/email"):
            assert (await http.post(path, json={"email": "A@b.co"})).status_code == status
        answered = await http.post("/contacts/bulk-update", json={"contacts": [{"email": "a@b.co"}]})
        assert answered.json()["data"]["successCount"] == counted


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
        expect_failure(answered, 404, "GROUP_NOT_FOUND")


async def test_reading_changes_nothing_and_projects_see_nothing_of_each_other() -> None:
    async with over() as (http, store):
        contact = writes.create(store, PROJECT, JANE | {"listIds": ["l"]})
        before = snapshot(store)
        other = {"Authorization": "Bearer ASA_x", "x-project-id": "other"}
        for path in ("/contact-lists", "/contact-lists/l", "/custom-fields", "/suppression-groups?includeGlobal=true"):
            assert (await http.get(path)).status_code == 200
            assert contact["email"] not in (await http.get(path, headers=other)).text
        body = {"contactListId": "GLOBAL_CONTACT_LIST"}
        answered = await http.post("/contact-lists/contacts/search", json=body, headers=other)
        assert answered.json()["data"]["pagination"]["total"] == 0
        assert (await http.delete("/contact-lists/l", headers=other)).status_code == 404
        assert snapshot(store) == before
        assert not any(snapshot(store, "other").values())
        assert [row["email"] for row in before["contacts"]] == ["jane@x.co"]


def test_a_file_of_version_0_1_0_opens(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "old.sqlite3")
    old.executescript("""
        CREATE TABLE contacts (id TEXT PRIMARY KEY, project TEXT NOT NULL, email TEXT NOT NULL, first_name TEXT,
            last_name TEXT, user_id TEXT, custom_fields TEXT NOT NULL, created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL, UNIQUE (project, email));
        CREATE TABLE lists (id TEXT NOT NULL, project TEXT NOT NULL, name TEXT NOT NULL,
            type TEXT NOT NULL CHECK (type IN ('list', 'segment')), PRIMARY KEY (project, id));
        CREATE TABLE members (contact TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE, list TEXT NOT NULL,
            PRIMARY KEY (contact, list));
        INSERT INTO contacts VALUES ('c', 'p', 'a@b.co', 'A', NULL, NULL, '{"n": 1}', 't', 't');
        INSERT INTO lists VALUES ('l', 'p', 'News', 'list');
        INSERT INTO members VALUES ('c', 'l');
    """)
    old.close()
    for _ in range(2):
        sandbox = Sandbox(file=tmp_path / "old.sqlite3")
        store = sandbox.store
        shown = store.contact_lists.get("p", "l")
        assert shown
        assert (shown["name"], shown["contactCount"], shown["createdAt"][-1]) == ("News", 1, "Z")
        assert writes.upsert(store, "p", {"email": "a@b.co", "listIds": ["l"]})["customFields"] == {"n": 1}
        assert starts_of(store, "p") == {}
        sandbox.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--field", "plan"], "'plan' is no field and type"),
        (["--field", "plan:text"], "'plan:text' is no field and type"),
        (["--field", "email:string"], "'email' is a reserved field name"),
        (["--suppress", "jane"], "'jane' is no email address"),
        (["--unsubscribe", "a@b.co"], "'a@b.co' is no address and group"),
        (["--unsubscribe", "jane:Blog"], "'jane' is no email address"),
        (["--automation", "plan:pro"], "'plan:pro' is no PROPERTY"),
        (["--webhook", "http://example.com/"], "the webhook's URL must be http://"),
    ],
)
def test_wrong_flags_are_told_in_words(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "--port", "0", *words]) == 2
    assert said in capsys.readouterr().err


async def test_the_flags_seed_and_switch() -> None:
    flags = ["--field", "plan:string", "--suppress", "No@x.co", "--unsubscribe", "no@x.co:Blog: weekly"]
    flags += ["--automation", "plan:free:pro", "--lists-key", "lists", "--unknown-fields", "refuse"]
    async with by_flags("--list", "News", *flags) as (http, printed):
        assert len((await http.get("/contact-lists")).json()["data"]["lists"]) == 2
        for plan in ("free", "pro"):
            body = {"email": "no@x.co", "customFields": {"plan": plan}, "listIds": [printed[0].split()[-1]]}
            contact = (await http.post("/contacts/email", json=body)).json()["data"]
        refused = await http.post("/contacts/email", json={"email": "no@x.co", "customFields": {"x": 1}})
        expect_failure(refused, 400, "VALIDATION_FAILED")
        groups = await http.get(f"/contacts/{contact['id']}/unsubscribe-groups")
        assert "Blog: weekly" in json.dumps(groups.json())
        log = (await http.get("http://127.0.0.1/sandbox/automations")).json()["automations"]
    assert [start["automation"] for start in log] == ["Welcome to News", "plan changed from free to pro"]
    assert [start["mail"] for start in log] == [None, None]
