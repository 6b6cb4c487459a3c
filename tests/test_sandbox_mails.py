"""The sandbox's mails: taken as documented, rendered, kept, and announced to webhooks; none leaves the machine."""

import json
from typing import Any

import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.mails.outcomes import BY_ADDRESS
from autosend_mcp.sandbox.mails.templates import filled
from manifests.exchanges import DELIVERIES, documented
from tests.support.contract import shape
from tests.support.http import expect_refusal, over
from tests.support.mails import FROM, MAIL, mailbox, sent
from tests.support.webhooks import hurried, is_genuine, made, receiving

pytestmark = pytest.mark.anyio
OPTIONAL = {"campaignId", "templateId", "workflowAutomationId", "batchId"}


class Setting:
    """A clock that a test sets."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def status_of(http: httpx2.AsyncClient, mail_id: str) -> dict[str, Any]:
    return (await http.get(f"/mails/{mail_id}/status")).json()["data"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{name}}, {{ order.id }} {{flag}} {{price}}", "<Jane>, 7 true 19"),
        ('{{first | "there"}} {{first|\'you\'}} {{name | "x"}}', "there you <Jane>"),
        ("{{#if name}}a{{#if first}}b{{else}}c{{/if}}{{else}}d{{/if}}e", "ace"),
        ("{{#if none}}a{{/if}}{{#if zero}}b{{/if}}{{#if empty}}c{{/if}}", ""),
        ("{{missing}} {{1a}} {{#each x}} {{name", "{{missing}} {{1a}} {{#each x}} {{name"),
        ("{{{name}}} {{order}}", '<Jane> {"id":7}'),
        ("{{/if}}{{else}}{{#if name}}open", "{{/if}}{{else}}open"),
    ],
)
def test_placeholders_are_filled_as_documented(text: str, expected: str) -> None:
    values = {"name": "<Jane>", "order": {"id": 7}, "flag": True, "price": 19.0, "zero": 0, "empty": "", "none": None}
    assert filled(text, values) == expected
    assert filled("{{name}} {{{name}}}", values, escapes=True) == "&lt;Jane&gt; <Jane>"
    assert filled("{{missing}}.", values, unfilled="empty") == "."


async def test_a_mail_is_kept_with_its_copies_and_rendered() -> None:
    clock = Setting()
    async with over(now=clock) as (http, _):
        mail_id = await sent(
            http,
            to={"email": " Jane@Example.com", "name": "Jane & Co"},
            cc=[{"email": "cc@example.com"}],
            bcc=[{"email": "bcc@example.com"}],
            subject="Order {{order.id}} for {{name}}",
            html='<a href="{{unsubscribe}}">{{name}}</a>',
            dynamicData={"order": {"id": 7}},
            headers={"X-Order": "7"},
            attachments=[{"fileName": "a.pdf", "content": "aGk="}, {"filename": "b.pdf", "fileUrl": "https://x.co/b"}],
        )
        mails = await mailbox(http)
        assert [(one["to"]["email"], one["role"]) for one in mails] == [
            ("jane@example.com", "to"),
            ("cc@example.com", "cc"),
            ("bcc@example.com", "bcc"),
        ]
        assert mails[0]["id"] == mail_id
        assert len({one["id"] for one in mails}) == 3
        assert {one["subject"] for one in mails} == {"Order 7 for Jane & Co"}
        assert mails[0]["html"].endswith(">Jane &amp; Co</a>")
        assert [one["fileName"] for one in mails[0]["attachments"]] == ["a.pdf", "b.pdf"]
        assert mails[0]["why"] == {"request": "POST /mails/send"}
        now = await status_of(http, mail_id)
        assert (now["status"], now["deliveredAt"]) == ("sent", None)
        clock.now += 1
        later = await status_of(http, mail_id)
        assert (later["status"], later["deliveredAt"]) == ("delivered", "2027-01-15T08:00:01.000Z")
        expect_refusal(await http.get("/mails/64f1a2b3c4d5e6f7a8b9c0d1/status"), 404, "NOT_FOUND")
        assert await mailbox(http, to="cc@example.com") == [
            mails[1] | {"status": "delivered", "events": later_events(mails)}
        ]


def later_events(mails: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [*mails[1]["events"], {"event": "email.delivered", "at": "2027-01-15T08:00:01.000Z"}]


async def test_an_address_decides_what_happens_to_its_mail() -> None:
    async with over(mail_pace=0) as (http, store):
        statuses = {
            word: (await status_of(http, await sent(http, to={"email": f"{word}+1@x.co"})))["status"]
            for word in BY_ADDRESS
        }
        suppressed = store.suppression_groups.suppressed(PROJECT, [f"{word}+1@x.co" for word in BY_ADDRESS])
        again = await status_of(http, await sent(http, to={"email": "bounce+1@x.co"}))
    assert statuses == {
        "queue": "queued",
        "fail": "failed",
        "send": "sent",
        "bounce": "bounced",
        "softbounce": "bounced",
        "defer": "delivered",
        "complain": "complained",
        "open": "opened",
        "click": "clicked",
        "unsubscribe": "opened",
    }
    assert suppressed == {"bounce+1@x.co", "complain+1@x.co", "unsubscribe+1@x.co"}
    assert (again["status"], again["sentAt"]) == ("suppressed", None)


async def test_nobody_who_is_suppressed_gets_mail_unless_it_bypasses() -> None:
    async with over() as (http, store):
        group = store.suppression_groups.seed(PROJECT, "Blog")
        store.suppression_groups.suppress(PROJECT, ["jane@example.com"], group)
        store.suppression_groups.suppress(PROJECT, ["none@example.com"], is_global=True)
        cc = [{"email": "cc@example.com"}]
        none = {"email": "none@example.com"}
        for mail in (
            {},
            {"unsubscribeGroupId": group},
            {"to": none, "cc": cc},
            {"to": none, "bypassSuppressions": True},
        ):
            await sent(http, **mail)
        await sent(http, to={"email": "suppress@example.com"})
        assert [one["status"] for one in await mailbox(http)] == ["sent", *["suppressed"] * 3, "sent", "suppressed"]
    async with over(suppressed_mails="refuse") as (http, store):
        store.suppression_groups.suppress(PROJECT, ["jane@example.com"], is_global=True)
        expect_refusal(await http.post("/mails/send", json=MAIL), 400, "VALIDATION_FAILED")
        body = {name: part for name, part in MAIL.items() if name != "to"}
        body["recipients"] = [{"email": "jane@example.com"}, {"email": "john@example.com"}]
        answer = (await http.post("/mails/bulk", json=body)).json()["data"]
        assert (answer["successCount"], answer["failedCount"], len(await mailbox(http))) == (1, 1, 1)


async def test_a_bulk_mail_is_one_of_its_own_for_each_recipient() -> None:
    recipients = [
        {"email": "a@x.co", "name": "Ann", "dynamicData": {"n": 1}},
        {"email": "b@x.co", "cc": [{"email": "c@x.co"}]},
        {"email": "nobody"},
    ]
    body = {"from": FROM, "subject": "{{n}} {{name}}", "text": "x", "dynamicData": {"n": 2}, "recipients": recipients}
    async with over(bulk_invalid="count", unfilled="empty") as (http, _):
        answer = (await http.post("/mails/bulk", json=body)).json()["data"]
        mails = await mailbox(http)
    assert [answer[name] for name in ("totalRecipients", "successCount", "failedCount")] == [3, 2, 1]
    assert [one["subject"] for one in mails] == ["1 Ann", "2 ", "2 "]
    assert {one["batchId"] for one in mails} == {answer["batchId"]}
    async with over() as (http, _):
        error = expect_refusal(await http.post("/mails/bulk", json=body), 400, "VALIDATION_FAILED")
        assert [one["field"] for one in error["details"]] == ["recipients.2.email"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"to": None}, "to.email"),
        ({"to": "jane@example.com"}, "to"),
        ({"cc": [{"email": "x@x.co"}] * 50}, "to"),
        ({"cc": [{"email": "x"}]}, "cc.0.email"),
        ({"from": {"email": "x"}}, "from.email"),
        ({"replyTo": "x@x.co"}, "replyTo"),
        ({"subject": "x" * 999}, "subject"),
        ({"subject": ""}, "subject"),
        ({"html": "x" * (4 * 2**20 + 1)}, "html"),
        ({"dynamicData": []}, "dynamicData"),
        ({"trackingOpen": "yes"}, "trackingOpen"),
        ({"headers": {"Reply-To": "x@x.co"}}, "headers.Reply-To"),
        ({"headers": {"X Y": "x"}}, "headers.X Y"),
        ({"headers": {"X-Y": "x" * 1001}}, "headers.X-Y"),
        ({"headers": {f"X-{n}": "x" for n in range(21)}}, "headers"),
        ({"attachments": [{"fileName": "a.pdf", "content": "x"}] * 21}, "attachments"),
        ({"attachments": [{"fileName": "a.EXE", "content": "x"}]}, "attachments.0.fileName"),
        ({"attachments": [{"content": "x"}]}, "attachments.0.fileName"),
        ({"attachments": [{"fileName": "a.pdf"}]}, "attachments.0"),
    ],
)
async def test_what_a_mail_may_not_have_is_refused(change: dict[str, Any], field: str) -> None:
    async with over() as (http, _):
        error = expect_refusal(await http.post("/mails/send", json=MAIL | change), 400, "VALIDATION_FAILED")
        assert [one["field"] for one in error["details"]] == [field]
        assert await mailbox(http) == []


async def test_a_mail_may_be_larger_than_other_bodies() -> None:
    large = {"attachments": [{"fileName": "a.pdf", "content": "x" * 5_000_000}]}
    async with over() as (http, _):
        await sent(http, **large)
        assert (await http.post("/contacts", json=MAIL | large)).status_code == 413


async def test_each_reading_of_what_is_unknown_about_mails_can_be_set() -> None:
    several = {"to": [{"email": "a@x.co"}, {"email": "b@x.co"}]}
    old = {"attachments": [{"filename": "a.pdf", "content": "aGk="}]}
    async with over(verified_domains=("mail.example.com",)) as (http, _):
        for mail in (several, old, {"templateId": "A-unknown", "subject": None}):
            await sent(http, **mail)
        other = await http.post("/mails/send", json=MAIL | {"from": {"email": "x@example.org"}})
        expect_refusal(other, 403, "INSUFFICIENT_PERMISSIONS")
    async with over(to_array="refuse", old_file_name="refuse", known_templates_only=True) as (http, store):
        for mail in (several, old):
            expect_refusal(await http.post("/mails/send", json=MAIL | mail), 400, "VALIDATION_FAILED")
        mail = {"to": MAIL["to"], "from": FROM, "templateId": "A-1", "dynamicData": {"n": 1}}
        expect_refusal(await http.post("/mails/send", json=mail), 404, "TEMPLATE_NOT_FOUND")
        store.templates.store(PROJECT, {"id": "A-1", "subject": "Nr. {{n}}", "html": "<p>"})
        assert (await http.post("/mails/send", json=mail)).status_code == 200
        assert [(one["subject"], one["html"]) for one in await mailbox(http)] == [("Nr. 1", "<p>")]


async def test_automations_send_their_mails_when_their_waits_are_over() -> None:
    clock = Setting()
    steps = [
        {"type": "wait", "delay": {"value": 0, "unit": "minutes"}},
        {"type": "email", "email": {"subject": "Hello {{firstName}}", "htmlTemplate": "<p>{{plan}}</p>"}},
        {"type": "wait", "delay": {"value": 2, "unit": "days"}},
        {"type": "email", "email": {"subject": "Still there?", "senderEmail": "x@mail.example.com"}},
    ]
    automation = {"name": "Onboarding", "entryCriteria": {"type": "contact_created"}, "steps": steps}
    async with over(now=clock, automations=(automation,)) as (http, store):
        store.suppression_groups.suppress(PROJECT, ["no@x.co"], is_global=True)
        ids: list[str] = []
        for email in ("jane@x.co", "john@x.co", "no@x.co"):
            contact = {"email": email, "firstName": "J", "customFields": {"plan": "pro"}}
            ids.append((await http.post("/contacts", json=contact)).json()["data"]["id"])
        before = await mailbox(http)
        await http.delete(f"/contacts/{ids[1]}")
        clock.now += 2 * 24 * 3_600
        after = await mailbox(http)
    assert [one["status"] for one in before] == ["sent", "scheduled", "sent", "scheduled", "suppressed"]
    assert (before[0]["subject"], before[0]["html"]) == ("Hello J", "<p>pro</p>")
    assert before[0]["why"]["automation"]["name"] == "Onboarding"
    assert before[0]["why"]["contact"] == {"id": ids[0], "email": "jane@x.co"}
    assert [one["status"] for one in after] == ["delivered", "sent", "delivered", "cancelled", "suppressed"]


async def test_events_of_mails_are_delivered_as_documented() -> None:
    words = ("defer", "bounce", "complain", "click", "unsubscribe", "unsubscribe+group")
    names = {name.rpartition("/")[2] for name in DELIVERIES if "no_sandbox" not in documented(name)}
    names = {name for name in names if name.startswith("email.")}
    async with receiving() as receiver, over(mail_pace=0) as (http, _):
        webhook = await made(http, receiver.url, *names)
        for word in words:
            group = {"unsubscribeGroupId": "AB12C"} if word.endswith("group") else {}
            await sent(http, to={"email": f"{word}@x.co", "name": "Jane"}, **group)
        await receiver.wait(20)
    payloads = [json.loads(body) for _, body in receiver.seen]
    assert all(is_genuine(*delivery, webhook["secret"]) for delivery in receiver.seen)
    assert {payload["type"] for payload in payloads} == names
    for payload in payloads:
        body = documented(f"deliveries/{payload['type']}")["body"]
        body["data"] = {name: value for name, value in body["data"].items() if name not in OPTIONAL}
        assert shape(payload) == shape(body)


async def test_an_automation_mail_reaches_a_webhook_with_its_automation() -> None:
    """On a clock that hurries, so that delivery follows a second later at once."""
    async with receiving() as receiver, over(now=hurried) as (http, _):
        await made(http, receiver.url, "email.sent", "email.delivered")
        await http.post("/contacts", json={"email": "a@b.co"})
        await receiver.wait(2)
    first, second = (json.loads(body) for _, body in receiver.seen)
    assert (first["type"], second["type"]) == ("email.sent", "email.delivered")
    assert first["data"]["workflowAutomationId"] == second["data"]["workflowAutomationId"]
