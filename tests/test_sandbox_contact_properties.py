"""The sandbox's contact properties: defined, deleted, and what values they take."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from tests.support.http import expect_refusal, over

pytestmark = pytest.mark.anyio

OWN = {path: f"{path}?includeReservedFields=false" for path in ("/contact-properties", "/custom-fields")}


async def test_custom_fields_are_created_listed_and_deleted_with_all_values() -> None:
    async with over() as (http, store):
        field = {"fieldName": "a/b c", "fieldType": "number", "description": "D", "defaultValue": "0"}
        made = (await http.post("/custom-fields", json=field)).json()["data"]
        assert (made["fieldName"], made["fieldType"], made["projectId"]) == ("a/b c", "number", PROJECT)
        assert (await http.get(OWN["/custom-fields"])).json()["data"]["customFields"] == [
            {name: value for name, value in made.items() if name != "projectId"}
        ]
        error = expect_refusal(await http.post("/custom-fields", json=field), 409, "FIELD_ALREADY_EXISTS")
        assert error["message"] == "Custom field with this name already exists in the project"
        writes.create(store, PROJECT, {"email": "a@b.co", "customFields": {"a/b c": 1}})
        assert (await http.delete("/custom-fields/fieldName/a%2Fb%20c")).json()["success"]
        assert store.contacts.find(PROJECT, ["a@b.co"])[0]["customFields"] == {}
        expect_refusal(await http.delete("/custom-fields/fieldName/a%2Fb%20c"), 404, "CUSTOM_FIELD_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"fieldType": "string"}, "VALIDATION_FAILED"),
        ({"fieldName": " ", "fieldType": "string"}, "VALIDATION_FAILED"),
        ({"fieldName": "a", "fieldType": "string", "defaultValue": 1}, "VALIDATION_FAILED"),
        ({"fieldName": "email", "fieldType": "string"}, "RESERVED_FIELD_NAME"),
        ({"name": "city", "type": "string"}, "RESERVED_FIELD_NAME"),
        ({"fieldName": "a"}, "INVALID_FIELD_TYPE"),
        ({"fieldName": "a", "fieldType": "text"}, "INVALID_FIELD_TYPE"),
        ({"name": "a", "type": ["string"]}, "INVALID_FIELD_TYPE"),
    ],
)
async def test_a_wrong_custom_field_is_refused(body: dict[str, Any], code: str) -> None:
    async with over() as (http, store):
        for path in OWN:
            expect_refusal(await http.post(path, json=body), 400, code)
        assert store.contact_properties.all(PROJECT) == []


async def test_both_names_of_the_resource_show_one_table() -> None:
    async with over() as (http, _):
        await http.post("/contact-properties", json={"name": "plan", "type": "string", "description": "D"})
        await http.post("/custom-fields", json={"name": "vip", "type": "boolean"})
        await http.post("/contact-properties", json={"fieldName": "day", "fieldType": "date"})
        newer = (await http.get(OWN["/contact-properties"])).json()["data"]["contactProperties"]
        older = (await http.get(OWN["/custom-fields"])).json()["data"]["customFields"]
        assert (await http.get("/contact-properties/name/vip")).json()["data"] == newer[1]
        assert (await http.get("/custom-fields/fieldName/vip")).json()["data"] == older[1]
        assert [(row["name"], row["type"]) for row in newer] == [
            ("plan", "string"), ("vip", "boolean"), ("day", "date")
        ]  # fmt: skip
        assert [{name: value for name, value in row.items() if name not in ("name", "type")} for row in newer] == older
        expect_refusal(await http.get("/contact-properties/name/no"), 404, "CONTACT_PROPERTY_NOT_FOUND")
        expect_refusal(await http.get("/custom-fields/fieldName/no"), 404, "CUSTOM_FIELD_NOT_FOUND")
        expect_refusal(await http.delete("/contact-properties/name/email"), 404, "CONTACT_PROPERTY_NOT_FOUND")


async def test_the_first_rows_show_what_is_known_of_a_property() -> None:
    async with over(property_rows="first") as (http, _):
        body = {"fieldName": "plan", "fieldType": "string", "description": "D", "defaultValue": "free"}
        made = (await http.post("/custom-fields", json=body)).json()["data"]
        assert made.items() >= (body | {"isReserved": False}).items()
        assert "projectId" not in made
        (row,) = (await http.get("/custom-fields?includeReservedFields=false")).json()["data"]["customFields"]
        assert row == made


async def test_built_in_fields_come_first_unless_they_are_not_wanted() -> None:
    async with over() as (http, store):
        store.contact_properties.define(PROJECT, "plan", "string")
        rows = (await http.get("/contact-properties?includeReservedFields=true")).json()["data"]["contactProperties"]
        assert [row["name"] for row in rows] == ["email", "firstName", "lastName", "createdAt", "userId", "plan"]
        assert rows == (await http.get("/contact-properties")).json()["data"]["contactProperties"]
        assert rows[3] == {
            "id": "RESERVED_CREATED_AT", "name": "createdAt", "type": "date", "fieldName": "createdAt",
            "fieldType": "date", "isReserved": True, "disabled": True,
        }  # fmt: skip


@pytest.mark.parametrize("key", ["customFields", "contactProperties", "both"])
async def test_properties_are_taken_under_either_name_and_shown_under_the_chosen(key: Any) -> None:
    async with over(properties_key=key) as (http, store):
        given = {"customFields": {"a": "old", "b": 1}, "contactProperties": {"a": "new"}}
        made = (await http.post("/contacts", json={"email": "a@b.co", **given})).json()["data"]
        assert store.contacts.find(PROJECT, ["a@b.co"])[0]["customFields"] == {"a": "new", "b": 1}
        shown = {name for name in ("customFields", "contactProperties") if name in made}
        assert shown == ({"customFields", "contactProperties"} if key == "both" else {key})
        assert all(made[name] == {"a": "new", "b": 1} for name in shown)
        row = {"email": "a@b.co", "contactProperties": {"b": 2}}
        await http.post("/contacts/bulk-update", json={"contacts": [row]})
        assert store.contacts.find(PROJECT, ["a@b.co"])[0]["customFields"] == {"a": "new", "b": 2}
        wrongs: tuple[Any, ...] = ({"a": {}}, "text")
        for wrong in wrongs:
            body = {"email": "a@b.co", "contactProperties": wrong}
            error = expect_refusal(await http.post("/contacts/email", json=body), 400, "VALIDATION_FAILED")
            assert error["details"][0]["field"].startswith("contactProperties")


async def test_system_properties_are_shown_and_cannot_be_set() -> None:
    async with over(system_properties=True, unknown_fields="create") as (http, store):
        body = {"email": "a@b.co", "customFields": {"source": "me", "plan": "pro"}}
        made = (await http.post("/contacts", json=body)).json()["data"]
        assert made["customFields"].keys() == {"plan", "source", "emailLastOpenedAt"}
        assert made["customFields"]["source"] == "api"
        assert store.contacts.find(PROJECT, ["a@b.co"])[0]["customFields"] == {"plan": "pro"}


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
                error = expect_refusal(answered, 400, "VALIDATION_FAILED")
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
