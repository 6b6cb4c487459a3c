"""The sandbox as any HTTP client sees it: documented answers, its switches, the rate limit, a kill."""

import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from autosend_mcp.cli.flags import parser
from autosend_mcp.cli.sandbox import opened, seed
from autosend_mcp.sandbox.app import KEY, Options, Sandbox
from autosend_mcp.sandbox.database import Clock
from autosend_mcp.sandbox.store import Store

pytestmark = pytest.mark.anyio

JANE = {"email": "Jane@Example.com", "firstName": "Jane", "customFields": {"plan": "pro", "n": 1}}


def client_of(sandbox: Sandbox, **headers: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(sandbox.app),
        base_url="http://127.0.0.1/v1",
        headers={"Authorization": f"Bearer {KEY}"} | headers,
    )


@asynccontextmanager
async def over(*, now: Clock = time.time, **options: Any) -> AsyncGenerator[tuple[httpx2.AsyncClient, Store]]:
    """Return a client of a fresh sandbox with these options and no rate limit, and the sandbox's store."""
    sandbox = Sandbox(Options(rate_limit=0, **options), now=now)
    async with client_of(sandbox) as client:
        yield client, sandbox.store
    sandbox.close()


@pytest.fixture
async def http() -> AsyncGenerator[httpx2.AsyncClient]:
    sandbox = Sandbox(Options(rate_limit=0))
    async with client_of(sandbox) as client:
        yield client
    sandbox.close()


def expect_failure(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    body = response.json()
    assert (response.status_code, body["success"], body["error"]["code"]) == (status, False, code)
    return body["error"]


async def test_create_get_search_upsert_delete(http: httpx2.AsyncClient) -> None:
    created = (await http.post("/contacts", json=JANE)).json()["data"]
    assert created["email"] == "jane@example.com"
    assert (await http.get(f"/contacts/{created['id']}")).json() == {"success": True, "data": created}
    found = await http.post("/contacts/search/emails", json={"emails": ["JANE@example.com", "nobody@example.com"]})
    assert found.json()["data"] == {"contacts": [created]}
    upserted = await http.post(
        "/contacts/email", json={"email": "jane@example.com", "lastName": "Doe", "customFields": {"n": None, "x": 2}}
    )
    assert upserted.json()["data"] | {"updatedAt": ""} == created | {
        "lastName": "Doe",
        "customFields": {"plan": "pro", "x": 2},
        "updatedAt": "",
    }
    deleted = await http.delete(f"/contacts/{created['id']}")
    assert deleted.json() == {"success": True, "message": "Contact deleted successfully"}
    expect_failure(await http.get(f"/contacts/{created['id']}"), 404, "CONTACT_NOT_FOUND")
    expect_failure(await http.delete(f"/contacts/{created['id']}"), 404, "CONTACT_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": ""}, "email"),
        ({"email": "jane"}, "email"),
        ({"email": 5}, "email"),
        ({"email": "a@b.co", "firstName": 5}, "firstName"),
        ({"email": "a@b.co", "listIds": "l"}, "listIds"),
        ({"email": "a@b.co", "listIds": [5]}, "listIds"),
        ({"email": "a@b.co", "listIds": {}}, "listIds"),
        ({"email": "a@b.co", "customFields": ""}, "customFields"),
        ({"email": "a@b.co", "customFields": [1]}, "customFields"),
        ({"email": "a@b.co", "customFields": {"a": {"b": 1}}}, "customFields.a"),
    ],
)
async def test_a_wrong_body_is_refused_by_field(body: dict[str, Any], field: str, http: httpx2.AsyncClient) -> None:
    for path in ("/contacts", "/contacts/email"):
        error = expect_failure(await http.post(path, json=body), 400, "VALIDATION_FAILED")
        assert [detail["field"] for detail in error["details"]] == [field]


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"[" * 100_000, b"\xff", b'{"a": NaN}', b'{"a": 1e999}', b'{"a": "\\ud83d"}']
)
async def test_a_body_that_is_no_json_object_is_refused(content: bytes, http: httpx2.AsyncClient) -> None:
    expect_failure(await http.post("/contacts", content=content), 400, "VALIDATION_FAILED")


@pytest.mark.parametrize("emails", [None, [], "a@b.co", [5], ["jane"]])
async def test_a_wrong_search_is_refused(emails: Any, http: httpx2.AsyncClient) -> None:
    expect_failure(await http.post("/contacts/search/emails", json={"emails": emails}), 400, "VALIDATION_FAILED")


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_an_address_is_unique_in_its_project_whatever_the_case(status: int) -> None:
    sandbox = Sandbox(Options(rate_limit=0, exists_status=status))
    async with client_of(sandbox, Authorization="Bearer ASA_account") as http:
        for project in ("p1", "p2"):
            headers = {"x-project-id": project}
            created = await http.post("/contacts", json=JANE, headers=headers)
            assert created.json()["data"]["projectId"] == project
            expect_failure(await http.post("/contacts", json=JANE, headers=headers), status, "CONTACT_ALREADY_EXISTS")
        expect_failure(await http.post("/contacts", json=JANE), 403, "FORBIDDEN")
    sandbox.close()


@pytest.mark.parametrize("key", ["", "Bearer ", "Bearer wrong", "Basic AS_x"])
async def test_a_request_without_a_good_key_is_refused(key: str, http: httpx2.AsyncClient) -> None:
    expect_failure(await http.get("/contacts/x", headers={"Authorization": key}), 401, "UNAUTHORIZED")


async def test_the_other_key_header_is_good_too(http: httpx2.AsyncClient) -> None:
    response = await http.get("/contacts/x", headers={"Authorization": "", "x-api-key": "as_x"})
    expect_failure(response, 404, "CONTACT_NOT_FOUND")


async def test_an_unknown_path_is_answered_in_the_documented_envelope(http: httpx2.AsyncClient) -> None:
    for response, status, code in (
        (await http.get("/nothing"), 404, "NOT_FOUND"),
        (await http.put("/contacts", json={}), 405, "METHOD_NOT_ALLOWED"),
    ):
        expect_failure(response, status, code)
        assert response.headers["Date"]


async def test_a_bug_of_the_sandbox_is_answered_in_the_documented_envelope() -> None:
    sandbox = Sandbox(Options(rate_limit=0))
    sandbox.close()
    transport = httpx2.ASGITransport(sandbox.app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, headers={"Authorization": f"Bearer {KEY}"}) as http:
        expect_failure(await http.get("http://127.0.0.1/v1/contacts/x"), 500, "SERVER_ERROR")


async def test_the_third_request_of_a_key_in_a_second_is_refused_with_the_wait() -> None:
    now = 1_700_000_000.0
    sandbox = Sandbox(now=lambda: now)
    async with client_of(sandbox) as http:
        responses = [await http.get("/contacts/x") for _ in range(3)]
        other = await http.get("/contacts/x", headers={"Authorization": "Bearer AS_other"})
        now += 1
        later = await http.get("/contacts/x")
    assert [response.status_code for response in responses] == [404, 404, 429]
    assert [responses[0].headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining")] == ["2", "1"]
    assert responses[0].headers["X-RateLimit-Reset"] == "1700000001"
    assert expect_failure(responses[2], 429, "RATE_LIMIT_EXCEEDED")["retryAfter"] == 1
    assert responses[2].headers["X-RateLimit-Remaining"] == "0"
    assert (other.status_code, later.status_code) == (404, 404)
    sandbox.close()


async def test_all_times_come_from_the_clock_of_the_sandbox() -> None:
    now = 1_700_000_000.0
    sandbox = Sandbox(Options(rate_limit=0), now=lambda: now)
    async with client_of(sandbox) as http:
        created = (await http.post("/contacts", json=JANE)).json()["data"]
        now += 60.25
        upserted = await http.post("/contacts/email", json=JANE | {"lastName": "Doe"})
        unknown = await http.get("/nothing")
    contact = upserted.json()["data"]
    assert contact["id"] == created["id"]
    assert contact["id"].startswith("6553f100")
    assert (contact["createdAt"], contact["updatedAt"]) == ("2023-11-14T22:13:20.000Z", "2023-11-14T22:14:20.250Z")
    assert upserted.headers["Date"] == unknown.headers["Date"] == "Tue, 14 Nov 2023 22:14:20 GMT"
    sandbox.close()


@asynccontextmanager
async def by_flags(*flags: str) -> AsyncGenerator[tuple[httpx2.AsyncClient, list[str]]]:
    """Return a client of the sandbox that these flags describe, and the lines that name what was seeded."""
    words = parser().parse_args(["sandbox", "--no-rate-limit", *flags])
    with closing(opened(words)) as sandbox:
        printed = [*seed(sandbox.store, words)]
        async with client_of(sandbox) as http:
            yield http, printed


async def test_seeded_lists_and_segments_are_printed_and_told_apart() -> None:
    async with by_flags("--list", "News letter", "--segment", "Active") as (http, (seeded, segment)):
        assert seeded.startswith("list News letter: ")
        assert segment.startswith("segment Active: ")
        for line, status in ((seeded, 200), (segment, 400)):
            list_id = line.split()[-1]
            response = await http.post("/contacts", json={"email": "a@b.co", "listIds": [list_id]})
            assert response.status_code == status
        assert response.headers["Date"]
        assert json.loads(response.text)["error"]["details"][0]["field"] == "listIds"


def test_seeding_twice_gives_the_same_list(tmp_path: Path) -> None:
    ids: list[str] = []
    for _ in range(2):
        sandbox = Sandbox(file=tmp_path / "contacts.sqlite3")
        ids.append(sandbox.store.contact_lists.seed("p", "Newsletter", "list"))
        sandbox.close()
    assert ids[0] == ids[1]
