"""The paths under /sandbox: what a test of somebody else's program looks at, breaks, and resets."""

import json
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.serve import listening, server_of
from manifests.exchanges import NAMES, documented
from tests.support.http import expect_refusal, http_of, over
from tests.support.mails import MAIL, mailbox, sent
from tests.support.webhooks import made, receiving

pytestmark = pytest.mark.anyio

CONTROL = "http://127.0.0.1/sandbox"
PRO = {
    "logicalOperator": "AND",
    "groups": [{"field": "plan", "operator": "equals", "value": "pro", "fieldType": "string"}],
}
SEED: dict[str, Any] = {
    "contactProperties": [{"name": "plan", "type": "string"}],
    "contactLists": [{"name": "News"}, {"name": "Pro", "type": "segment", "filterCriteria": PRO}],
    "suppressionGroups": [{"name": "Blog", "entries": ["jane@x.co", {"email": "john@x.co", "reason": "BOUNCE"}]}],
    "contacts": [{"email": "Jane@x.co", "firstName": "Jane", "customFields": {"plan": "pro"}, "lists": ["News"]}],
    "templates": [{"id": "A-1", "subject": "Hello"}],
    "webhooks": [{"url": "http://127.0.0.1:9/", "events": ["email.sent"]}],
    "automations": [{"name": "Onboarding"}],
}


async def control(http: httpx2.AsyncClient, path: str, body: object = None) -> dict[str, Any]:
    response = await (http.get(CONTROL + path) if body is None else http.post(CONTROL + path, json=body))
    assert response.is_success, response.text
    return response.json()


async def test_a_state_is_a_seed_and_a_reset_goes_back_to_it() -> None:
    async with over(default_automations=False) as (http, store):
        assert await control(http, "/health") == {"status": "ok", "key": "AS_sandbox"}
        empty = await control(http, "/state")
        await control(http, "/seed", SEED)
        state = await control(http, "/state")
        assert [one["email"] for one in state["contacts"]] == ["jane@x.co"]
        assert state["contacts"][0]["lists"] == ["News"]
        assert store.contact_lists.count(PROJECT, state["contactLists"][1]["id"]) == 1
        assert (await control(http, "/automations"))["automations"] == []
        await control(http, "/reset", {})
        assert await control(http, "/state") == empty
        await control(http, "/seed", state)
        without_id = [{name: value for name, value in one.items() if name != "id"} for one in state["contacts"]]
        again = await control(http, "/state")
        again["contacts"] = [{name: value for name, value in one.items() if name != "id"} for one in again["contacts"]]
        assert again == state | {"contacts": without_id}


async def test_a_reset_brings_back_the_start_with_its_ids() -> None:
    sandbox = Sandbox(Options(rate_limit=0))
    async with http_of(sandbox) as http:
        await control(http, "/seed", SEED)
        sandbox.control.keep_seed()
        before = await control(http, "/state")
        jane = before["contacts"][0]["id"]
        await control(http, "/clock", {"advance": 3_600})
        await http.delete(f"/contacts/{jane}")
        await http.post("/contacts", json={"email": "new@x.co", "customFields": {"x": 1}})
        await sent(http)
        await control(http, "/reset", {})
        assert await control(http, "/state") == before
        assert (await http.get(f"/contacts/{jane}")).json()["data"]["segmentIds"]
        assert (await mailbox(http), (await control(http, "/clock"))["moved"]) == ([], 0)
        assert [one["path"] for one in (await control(http, "/requests"))["requests"]] == [f"/v1/contacts/{jane}"]
    sandbox.close()


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        ({"contact": []}, "a seed is a JSON object with contactProperties, "),
        ({"contacts": [{"name": "x"}]}, "each of contacts is an object with email"),
        ({"contacts": [{"email": "a@b.co", "lists": ["Pro"]}], "contactLists": SEED["contactLists"]}, "created"),
        ({"contactLists": 1}, "the seed is not understood"),
        ({"automations": [{"name": "x", "entryCriteria": {"type": "y"}}]}, "automation 'x': type is one of"),
        ({"webhooks": [{"url": "http://127.0.0.1"}]}, "the seed is not understood: 'events'"),
    ],
)
async def test_a_wrong_seed_changes_nothing(seed: dict[str, Any], said: str) -> None:
    async with over() as (http, _):
        before = await control(http, "/state")
        response = await http.post(f"{CONTROL}/seed", json={"templates": [{"id": "A-1"}], **seed})
        if said != "created":
            assert said in expect_refusal(response, 400, "VALIDATION_FAILED")["message"]
            assert await control(http, "/state") == before


async def test_a_list_is_renamed_under_the_client() -> None:
    async with over() as (http, store):
        list_id = store.contact_lists.seed(PROJECT, "News")
        await control(http, "/rename", {"listId": list_id, "name": "Readers"})
        assert (await http.get(f"/contact-lists/{list_id}")).json()["data"]["name"] == "Readers"
        for body, status in (({"listId": list_id, "name": " "}, 400), ({"listId": "none", "name": "x"}, 404)):
            assert (await http.post(f"{CONTROL}/rename", json=body)).status_code == status


async def test_requests_are_shown_without_keys_and_secrets() -> None:
    async with over() as (http, _):
        webhook = await made(http, "http://127.0.0.1:9/", "email.sent")
        await http.post("/contacts?key=AS_other", json={"email": "a@b.co", "note": "AS_live.abc"})
        shown = (await control(http, "/requests"))["requests"]
        text = json.dumps(shown)
        assert [(one["method"], one["path"], one["status"]) for one in shown] == [
            ("POST", "/v1/webhooks", 201),
            ("POST", "/v1/contacts", 200),
        ]
        assert json.loads(shown[1]["reply"])["data"]["email"] == "a@b.co"
        assert not any(secret in text for secret in ("AS_sandbox", "AS_live", "AS_other", webhook["secret"]))
        assert (await control(http, "/requests?page=2&limit=1"))["requests"] == shown[1:]


async def test_faults_answer_delay_and_hit_so_often_as_asked() -> None:
    async with over() as (http, store):
        await control(http, "/faults", {"method": "POST", "path": "/v1/contacts*", "status": 503, "times": 2})
        await control(http, "/faults", {"path": "/contacts", "status": 429, "applied": True})
        await control(http, "/faults", {"status": 500, "times": 0})
        statuses = [(await http.post("/contacts", json={"email": f"{n}@b.co"})).status_code for n in range(5)]
        assert (statuses, (await http.get("/contact-lists")).status_code) == ([503, 503, 429, 500, 500], 500)
        assert [one["email"] for one in store.contacts.all(PROJECT)] == ["2@b.co"]
        assert [one["status"] for one in (await control(http, "/faults"))["faults"]] == [500]
        assert (await http.delete(f"{CONTROL}/faults")).status_code == 200
        await control(http, "/faults", {"delay": 0.001})
        assert (await http.get("/contact-lists")).status_code == 200
        assert [one["fault"] for one in (await control(http, "/requests"))["requests"]] == [1, 1, 2, 3, 3, 3, 4]


@pytest.mark.parametrize(
    "fault",
    [
        *({}, {"statuses": 500}, {"status": 200}, {"status": True}, {"method": "GOT", "drop": True}, {"delay": 601}),
        *({"drop": 1}, {"drop": True, "times": -1}, {"drop": True, "path": 1}),
    ],
)
async def test_a_wrong_fault_is_refused(fault: dict[str, Any]) -> None:
    async with over() as (http, _):
        expect_refusal(await http.post(f"{CONTROL}/faults", json=fault), 400, "VALIDATION_FAILED")


async def test_a_connection_is_dropped_before_or_after_the_request_was_applied() -> None:
    sandbox = Sandbox(Options(rate_limit=0))
    with listening(0) as listener:
        server = server_of(sandbox)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            headers = {"Authorization": "Bearer AS_sandbox"}
            async with httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False) as http:
                for applied in (False, True):
                    fault = {"path": "/contacts", "drop": True, "applied": applied}
                    assert (await http.post("/sandbox/faults", json=fault)).status_code == 201
                    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
                        await http.post("/v1/contacts", json={"email": f"{applied}@b.co".lower()})
                assert (await http.post("/v1/contacts", json={"email": "c@b.co"})).status_code == 200
            server.should_exit = True
    assert [one["email"] for one in sandbox.store.contacts.all(PROJECT)] == ["true@b.co", "c@b.co"]
    sandbox.close()


async def test_a_clock_that_is_moved_brings_waits_and_retries_to_their_end() -> None:
    steps = [{"type": "wait", "delay": {"value": 3, "unit": "days"}}, {"type": "email", "email": {"subject": "Hi"}}]
    async with receiving() as receiver, over(automations=({"name": "Later", "steps": steps},)) as (http, _):
        receiver.failures = 1
        await made(http, receiver.url, "contact.created")
        await http.post("/contacts", json={"email": "a@b.co"})
        await receiver.wait(1)
        assert [one["status"] for one in await mailbox(http)] == ["scheduled"]
        await control(http, "/clock", {"advance": 3 * 86_400})
        with anyio.fail_after(5):
            while len(receiver.seen) < 2:
                await control(http, "/clock", {"advance": 10})
                await anyio.lowlevel.checkpoint()  # the receiver's turn
        (mail,) = await mailbox(http)
        assert mail["status"] in ("sent", "delivered")
        now = (await control(http, "/clock", {"to": "2040-01-01T00:00:00Z"}))["now"]
        assert now.startswith("2040-01-01T00:00:00")
        for body in ({}, {"advance": -1}, {"advance": "1"}, {"to": "tomorrow"}, {"to": "2000-01-01T00:00:00Z"}):
            expect_refusal(await http.post(f"{CONTROL}/clock", json=body), 400, "VALIDATION_FAILED")


async def test_what_autosend_does_not_document_is_warned_of_once() -> None:
    async with over(content_type="any") as (http, _):
        for _ in range(2):
            await http.post("/contacts", json={"email": "a@b.co", "phone": "1"})
        await http.get("/custom-fields")
        await http.post("/mails/send", json=MAIL | {"to": {"email": "a@b.co", "phone": "1"}, "subjekt": "x"})
        await http.post("/mails/bulk-send", content=b"{}", headers={"Content-Type": "text/plain"})
        await http.get("/nothing")
        found = (await control(http, "/warnings"))["warnings"]
    assert [(one["path"], one["warning"], one.get("name"), one.get("instead"), one["count"]) for one in found] == [
        ("/contacts", "undocumented member", "phone", None, 2),
        ("/custom-fields", "deprecated path", None, "/contact-properties", 1),
        ("/mails/send", "undocumented member", "subjekt", None, 1),
        ("/mails/send", "undocumented member", "to.phone", None, 1),
        ("/mails/bulk-send", "deprecated path", None, "POST /mails/bulk", 1),
        ("/mails/bulk-send", "wrong Content-Type", "text/plain", "application/json", 1),
        ("/nothing", "undocumented path", None, None, 1),
    ]


async def test_documented_requests_are_not_warned_of() -> None:
    """But for older versions of a page."""
    async with over() as (http, _):
        for exchange in map(documented, NAMES):
            request, current = exchange["request"], "version of" not in exchange["source"]
            is_right = "no_sandbox" not in exchange and exchange["response"]["status"] < 400
            if request and request["body"] and current and is_right:
                await http.request(request["method"], request["path"].removeprefix("/v1"), json=request["body"])
        found = (await control(http, "/warnings"))["warnings"]
    assert [one for one in found if one["warning"] != "deprecated path"] == []
