"""GET /openapi.json: valid, of every route and no other, and true to the documented exchanges."""

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

from autosend_mcp.sandbox.app import Sandbox
from autosend_mcp.sandbox.options import Options
from manifests.exchanges import NAMES, documented, is_error
from tests.support.http import over
from tests.support.openapi import DOCUMENT, faults_of, operation_of, response_of

pytestmark = pytest.mark.anyio

ANSWERED = [name for name in NAMES if "no_sandbox" not in documented(name) and documented(name)["request"]]
SENT = [name for name in ANSWERED if not is_error(documented(name))]

# By path a body that is not as the document says: of each kind of rule one.
WRONG: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/contacts", {"firstName": "no address"}),
    ("POST", "/v1/contacts", {"email": "a@example.com", "customFields": {"a": {"b": 1}}}),
    ("POST", "/v1/contacts/bulk-update", {"contacts": [{"email": f"p{n}@example.com"} for n in range(101)]}),
    ("POST", "/v1/contacts/remove", {"emails": []}),
    ("POST", "/v1/contact-lists", {"name": "x", "type": "group"}),
    ("POST", "/v1/contact-lists/contacts/search", {"contactListId": "x", "limit": 101}),
    ("POST", "/v1/suppression-groups/emails/suppress", {"emails": ["a@example.com"], "reason": "bored"}),
    ("POST", "/v1/webhooks", {"url": "https://example.com"}),
    ("POST", "/v1/mails/send", {"to": {"email": "a@example.com"}, "subject": "x", "text": "x"}),
    ("POST", "/v1/mails/bulk", {"from": {"email": "a@example.com"}, "recipients": []}),
    ("POST", "/sandbox/faults", {"status": "503"}),
    ("POST", "/sandbox/clock", {"advance": -1}),
]


@pytest.mark.slow
def test_the_document_is_valid() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


async def test_the_document_is_served_without_a_key() -> None:
    async with over() as (http, _):
        response = await http.get("http://127.0.0.1/openapi.json", headers={"Authorization": ""})
        assert response.headers["content-type"] == "application/json"
        assert response.json() == DOCUMENT


def test_every_route_is_in_the_document_and_no_other() -> None:
    sandbox = Sandbox(Options())
    routes = [route for route in sandbox.app.routes if isinstance(route, Route)]
    sandbox.close()
    there = {(method, route.path) for route in routes for method in (route.methods or set()) - {"HEAD"}}
    described = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert described == there
    for method, path in described:
        operation = operation_of(method, path)
        assert operation["summary"]
        assert path.startswith("/v1/") == ("security" not in operation), path
        assert any(status.startswith("2") for status in operation["responses"]), path
        assert ("requestBody" in operation) == (method in {"POST", "PUT", "PATCH"} and path != "/sandbox/reset"), (
            f"{method} {path}"
        )


@pytest.mark.parametrize("name", ANSWERED)
def test_a_documented_exchange_is_one_of_the_document(name: str) -> None:
    exchange = documented(name)
    request, response = exchange["request"], exchange["response"]
    if request["path"] == "/v1/nothing":
        return
    operation = operation_of(request["method"], request["path"].partition("?")[0])
    if name in SENT:
        assert faults_of(operation.get("requestBody", {}), request["body"]) == []
        known = {parameter.get("name") for parameter in operation.get("parameters", []) if "name" in parameter}
        assert set(request.get("query") or ()) <= known
    assert name.replace("/", ".") in json.dumps(operation) or response["body"] is None
    assert str(response["status"]) in operation["responses"]
    described = response_of(operation, response["status"])
    assert response["body"] is None or faults_of(described, response["body"]) == []


@pytest.mark.parametrize(("method", "path", "body"), WRONG)
async def test_what_the_document_forbids_is_refused(method: str, path: str, body: dict[str, Any]) -> None:
    assert faults_of(operation_of(method, path)["requestBody"], body)
    async with over() as (http, _):
        refused = await http.request(method, f"http://127.0.0.1{path}", json=body)
    assert refused.status_code == 400
    assert faults_of(response_of(operation_of(method, path), 400), refused.json()) == []


async def test_the_sandbox_s_own_paths_answer_as_in_the_document() -> None:
    async with over() as (http, _):
        sent = {"to": {"email": "a@example.com"}, "from": {"email": "b@example.com"}, "subject": "x", "text": "x"}
        assert (await http.post("/mails/send", json=sent | {"odd": 1})).status_code == 200
        await http.post("/contacts", json={"email": "new@example.com"})
        asked: list[tuple[str, str, Any]] = [
            ("POST", "/sandbox/faults", {"status": 503, "times": 0, "path": "/never"}),
            ("POST", "/sandbox/clock", {"advance": 5}),
            ("POST", "/sandbox/seed", {"contacts": [{"email": "more@example.com"}]}),
            *(("GET", path, None) for path, one in DOCUMENT["paths"].items() if "/sandbox/" in path and "get" in one),
            ("DELETE", "/sandbox/faults", None),
            ("POST", "/sandbox/reset", None),
        ]
        for method, path, body in asked:
            if "{" in path:
                continue
            operation = operation_of(method, path)
            assert body is None or faults_of(operation["requestBody"], body) == []
            answer = await http.request(method, f"http://127.0.0.1{path}", json=body)
            assert str(answer.status_code) in operation["responses"]
            assert faults_of(response_of(operation, answer.status_code), answer.json()) == [], path
