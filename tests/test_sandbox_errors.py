"""The sandbox's errors are those that AutoSend documents, word for word."""

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.sandbox.documented import ENDPOINTS
from manifests.exchanges import contract
from tests.support.http import http_of

pytestmark = pytest.mark.anyio

JOHN = {"email": "john@example.com"}

# A request that provokes the error (with headers of its own), and the switches under which it is the documented one.
PROVOKED: dict[str, tuple[str, str, Any, dict[str, str], dict[str, Any]]] = {
    "errors/unauthorized": ("GET", "/contact-lists", None, {"Authorization": ""}, {}),
    "errors/unauthorized_flat_with_code": (
        "GET",
        "/custom-fields",
        None,
        {"Authorization": ""},
        {"error_shape": "flat"},
    ),
    "errors/insufficient_permissions": ("GET", "/contact-lists", None, {"Authorization": "Bearer ASA_x"}, {}),
    "errors/not_found": ("GET", "/nothing", None, {}, {}),
    "validation_failed": ("POST", "/contacts", {"email": "john"}, {}, {}),
    "errors/contact_list_not_found": ("DELETE", f"/contact-lists/{'f' * 24}", None, {}, {}),
    "contact_not_found": ("DELETE", "/contacts/email/userId/nobody", None, {}, {}),
    "delete_custom_field_not_found": ("DELETE", "/custom-fields/fieldName/nothing", None, {}, {}),
    "errors/contact_exists_409": ("POST", "/contacts", JOHN, {}, {"error_shape": "title"}),
    "errors/malformed_contact_id": ("GET", "/contacts/x", None, {}, {"error_shape": "title"}),
    "errors/field_already_exists": (
        "POST",
        "/custom-fields",
        {"fieldName": "plan", "fieldType": "string"},
        {},
        {"error_shape": "flat"},
    ),
}


@pytest.mark.parametrize("name", PROVOKED)
async def test_an_error_is_the_documented_one_word_for_word(name: str) -> None:
    method, path, body, headers, options = PROVOKED[name]
    sandbox = Sandbox(Options(rate_limit=0, **options))
    writes.create(sandbox.store, PROJECT, JOHN)
    sandbox.store.contact_properties.define(PROJECT, "plan", "string")
    async with http_of(sandbox) as http:
        answered = await http.request(method, path, json=body, headers=headers)
    sandbox.close()
    assert {"status": answered.status_code, "body": answered.json()} == contract(name)[1]


@pytest.mark.parametrize(
    ("shape", "name"), [("object", "errors/rate_limit_exceeded"), ("errors", "errors/rate_limit_flat")]
)
async def test_a_rate_limit_is_the_documented_one_but_for_the_wait(shape: Any, name: str) -> None:
    sandbox = Sandbox(Options(rate_limit=1, error_shape=shape))
    async with http_of(sandbox) as http:
        answered = [await http.get("/contact-lists") for _ in range(2)][1]
    sandbox.close()
    expected = contract(name)[1]["body"]
    expected.get("error", expected)["retryAfter"] = 1
    assert (answered.status_code, answered.json()) == (429, expected)


async def test_a_bug_is_the_documented_error_of_the_server() -> None:
    sandbox = Sandbox(Options(rate_limit=0))
    sandbox.close()
    transport = httpx2.ASGITransport(sandbox.app, raise_app_exceptions=False)
    headers = {"Authorization": "Bearer AS_x"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1/v1", headers=headers) as http:
        answered = await http.get("/contact-lists")
    assert {"status": answered.status_code, "body": answered.json()} == contract("errors/internal_server_error")[1]
    assert int(answered.headers["X-RateLimit-Remaining"]) > 0


async def test_the_page_lists_what_is_documented_and_not_implemented() -> None:
    page = (Path(__file__).parents[1] / "docs/sandbox.md").read_text()
    rows = page.partition("## What AutoSend has")[2].partition("\n## ")[0].split("\n| ")[2:]
    spans = [span for row in rows for span in re.findall(r"`([A-Z ]+) (/[^`]+)`", row.split(" | ")[1])]
    listed = {f"{method} {path}" for methods, path in spans for method in methods.split()}
    missing = set[str]()
    async with http_of(Sandbox(Options(rate_limit=0))) as http:
        for line in ENDPOINTS.strip().split("\n"):
            *methods, path = line.split()
            for method in methods:
                if (await http.request(method, re.sub("[{}]", "", path), json={})).status_code == 501:
                    missing.add(f"{method} {path}")
    assert listed == missing
