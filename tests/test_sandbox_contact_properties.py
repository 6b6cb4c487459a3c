"""The sandbox's contact properties: defined, deleted, and what values they take."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from tests.support.http import expect_refusal, over

pytestmark = pytest.mark.anyio


async def test_custom_fields_are_created_listed_and_deleted_with_all_values() -> None:
    async with over() as (http, store):
        field = {"fieldName": "a/b c", "fieldType": "number", "description": "D", "defaultValue": "0"}
        made = (await http.post("/custom-fields", json=field)).json()["data"]
        assert made.items() >= field.items()
        assert (await http.get("/custom-fields")).json()["data"]["customFields"] == [
            {name: value for name, value in made.items() if name != "projectId"}
        ]
        expect_refusal(await http.post("/custom-fields", json=field), 409, "FIELD_ALREADY_EXISTS")
        writes.create(store, PROJECT, {"email": "a@b.co", "customFields": {"a/b c": 1}})
        assert (await http.delete("/custom-fields/fieldName/a%2Fb%20c")).json()["success"]
        assert store.contacts.find(PROJECT, ["a@b.co"])[0]["customFields"] == {}
        expect_refusal(await http.delete("/custom-fields/fieldName/a%2Fb%20c"), 404, "CUSTOM_FIELD_NOT_FOUND")


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
        error = expect_refusal(await http.post("/custom-fields", json=body), 400, "VALIDATION_FAILED")
        assert [detail["field"] for detail in error["details"]] == [field]


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
