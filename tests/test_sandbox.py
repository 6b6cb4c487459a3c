"""The sandbox over HTTP: its envelope, keys, rate limit and clock; its files and projects."""

import sqlite3
import sys
from pathlib import Path

import pytest
from starlette.routing import Route

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.sandbox.documented import is_documented
from tests.support.http import expect_refusal, http_of, over
from tests.support.records import snapshot, starts_of

pytestmark = pytest.mark.anyio

NOBODY = "f" * 24
JANE = {"email": "jane@example.com", "firstName": "Jane", "customFields": {"plan": "pro", "n": 1}}


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"[" * 100_000, b"\xff", b'{"a": NaN}', b'{"a": 1e999}', b'{"a": "\\ud83d"}']
)
async def test_a_body_that_is_no_json_object_is_refused(content: bytes) -> None:
    async with over() as (http, _):
        expect_refusal(await http.post("/contacts", content=content), 400, "VALIDATION_FAILED")


@pytest.mark.parametrize("key", ["", "Bearer ", "Bearer wrong", "Basic AS_x"])
async def test_a_request_without_a_valid_key_is_refused(key: str) -> None:
    async with over() as (http, _):
        expect_refusal(await http.get(f"/contacts/{NOBODY}", headers={"Authorization": key}), 401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("rule", "status", "code"), [("accept", 404, "CONTACT_NOT_FOUND"), ("refuse", 401, "UNAUTHORIZED")]
)
async def test_a_key_may_be_in_the_x_api_key_header(rule: str, status: int, code: str) -> None:
    async with over(x_api_key=rule) as (http, _):
        response = await http.get(f"/contacts/{NOBODY}", headers={"Authorization": "", "x-api-key": "as_x"})
        expect_refusal(response, status, code)


async def test_an_unknown_path_is_answered_once_the_key_is_valid() -> None:
    async with over() as (http, _):
        for response in (await http.get("/nothing"), await http.get("/contacts"), await http.put("/contacts", json={})):
            expect_refusal(response, 404, "NOT_FOUND")
            assert response.headers["Date"]
        expect_refusal(await http.get("/nothing", headers={"Authorization": ""}), 401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/campaigns"),
        ("POST", "/campaigns"),
        ("PATCH", "/events/eventName/a%2Fb"),
        ("POST", "/automations/1/pause"),
    ],
)
async def test_a_documented_path_that_is_missing_is_named(method: str, path: str) -> None:
    async with over() as (http, _):
        error = expect_refusal(await http.request(method, path), 501, "SANDBOX_NOT_IMPLEMENTED")
        assert f"{method} {path}" in error["message"]
        expect_refusal(await http.request("PUT", "/campaigns"), 404, "NOT_FOUND")


def test_every_route_of_the_sandbox_is_documented() -> None:
    sandbox = Sandbox()
    routes = [route for route in sandbox.app.routes if isinstance(route, Route) and route.path.startswith("/v1/")]
    sandbox.close()
    assert len(routes) > 20
    for route in routes:
        (method,) = (route.methods or set()) - {"HEAD"}
        assert is_documented(method, route.path.removeprefix("/v1")), route.path


@pytest.mark.parametrize("limit", [2, 0])
async def test_each_reply_shows_the_rate_limit(limit: int) -> None:
    sandbox = Sandbox(Options(rate_limit=limit))
    async with http_of(sandbox) as http:
        replies = [
            await http.get("/contact-lists"),
            await http.get("/nothing"),
            await http.get("/nothing"),
            await http.get("/contact-lists", headers={"Authorization": "Bearer wrong"}),
        ]
    sandbox.close()
    for name in ("Limit", "Remaining", "Reset"):
        assert all(int(reply.headers[f"X-RateLimit-{name}"]) >= 0 for reply in replies)


async def test_the_third_request_of_a_key_in_a_second_is_refused() -> None:
    now = 1_700_000_000.0
    sandbox = Sandbox(now=lambda: now)
    async with http_of(sandbox) as http:
        responses = [await http.get(f"/contacts/{NOBODY}") for _ in range(3)]
        other = await http.get(f"/contacts/{NOBODY}", headers={"Authorization": "Bearer AS_other"})
        now += 1
        later = await http.get(f"/contacts/{NOBODY}")
    assert [response.status_code for response in responses] == [404, 404, 429]
    assert [responses[0].headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining")] == ["2", "1"]
    assert responses[0].headers["X-RateLimit-Reset"] == "1700000001"
    assert expect_refusal(responses[2], 429, "RATE_LIMIT_EXCEEDED")["retryAfter"] == 1
    assert responses[2].headers["X-RateLimit-Remaining"] == "0"
    assert (other.status_code, later.status_code) == (404, 404)
    sandbox.close()


async def test_retry_after_can_be_the_second_to_wait_for() -> None:
    sandbox = Sandbox(Options(rate_limit=1, retry_after="epoch"), now=lambda: 1_700_000_000.5)
    async with http_of(sandbox) as http:
        refused = [await http.get("/contact-lists") for _ in range(2)][1]
    sandbox.close()
    assert expect_refusal(refused, 429, "RATE_LIMIT_EXCEEDED")["retryAfter"] == 1_700_000_002


async def test_a_key_has_its_minute_too() -> None:
    now = 1_700_000_000.0
    sandbox = Sandbox(Options(rate_limit=2, rate_limit_minute=3), now=lambda: now)
    async with http_of(sandbox) as http:
        replies = [await http.get("/contact-lists") for _ in range(2)]
        now += 1
        replies += [await http.get("/contact-lists") for _ in range(2)]
        now += 59
        replies.append(await http.get("/contact-lists"))
    sandbox.close()
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429, 200]
    shown = [
        tuple(reply.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")) for reply in replies
    ]
    assert shown[0] == ("3", "2", "1700000060")
    assert shown[3] == ("3", "0", "1700000060")
    assert expect_refusal(replies[3], 429, "RATE_LIMIT_EXCEEDED")["retryAfter"] == 59


async def test_all_times_come_from_the_clock_of_the_sandbox() -> None:
    now = 1_700_000_000.0
    sandbox = Sandbox(Options(rate_limit=0), now=lambda: now)
    async with http_of(sandbox) as http:
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


async def test_reading_changes_nothing_and_projects_are_apart() -> None:
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
        assert [table for table, rows in snapshot(store, "other").items() if rows] == ["suppression_groups"]
        assert [row["email"] for row in before["contacts"]] == ["jane@example.com"]


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
        CREATE TABLE suppression_groups (id TEXT PRIMARY KEY, project TEXT NOT NULL, group_id TEXT NOT NULL,
            name TEXT NOT NULL, description TEXT NOT NULL, is_global INTEGER NOT NULL, created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL, UNIQUE (project, group_id));
        INSERT INTO suppression_groups VALUES ('s', 'p', 'ABC123', 'Blog', '', 0, 't', 't');
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
        assert store.suppression_groups.get("p", "ABC123")["isActive"] is True
        sandbox.close()


@pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")
def test_a_sandbox_file_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    sandbox = Sandbox(file=tmp_path / "contacts.sqlite3")
    sandbox.store.contact_lists.seed("p", "Newsletter", "list")
    modes = [file.stat().st_mode & 0o777 for file in tmp_path.iterdir()]
    assert len(modes) > 1  # the log beside it too
    assert set(modes) == {0o600}
    sandbox.close()


def test_seeding_twice_gives_the_same_list(tmp_path: Path) -> None:
    ids: list[str] = []
    for _ in range(2):
        sandbox = Sandbox(file=tmp_path / "contacts.sqlite3")
        ids.append(sandbox.store.contact_lists.seed("p", "Newsletter", "list"))
        sandbox.close()
    assert ids[0] == ids[1]
