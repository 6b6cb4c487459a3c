"""The mailbox of the sandbox: one mail as JSON and in each form, and emptied alone."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from autosend_mcp.sandbox.app import Options, Sandbox
from tests.support.http import expect_refusal, http_of, over
from tests.support.mails import MAIL, mailbox, sent

pytestmark = pytest.mark.anyio


SANDBOX = "http://127.0.0.1/sandbox"


@pytest.mark.parametrize(
    "mail",
    [
        {},
        {"html": "<p>H\u00e9llo</p><script>x</script>"},
        {"html": "<b>x</b>", "text": None, "subject": "Zo\u00eb\r\nBcc: x@y.co"},
        {"from": {"email": "a@b.co", "name": 'Q"uote\\, <x@y.co>'}, "replyTo": {"email": "r@b.co"}},
        {"headers": {"X-Tag": "\u00e9\r\nBcc: x@y.co", "List-Id": "@,<"}},
    ],
)
async def test_one_mail_is_shown_as_json_and_in_each_form(mail: dict[str, Any]) -> None:
    async with over() as (http, _):
        given = {name: value for name, value in (MAIL | mail).items() if value is not None}
        response = await http.post("/mails/send", json=given)
        path = f"{SANDBOX}/mails/{response.json()['data']['emailId']}"
        (listed,) = await mailbox(http)
        assert (await http.get(path)).json() == listed
        for form, kind in (("html", "text/html"), ("text", "text/plain")):
            shown = await http.get(path, params={"as": form})
            assert shown.status_code == (404 if listed[form] is None else 200)
            if listed[form] is not None:
                assert (shown.text, shown.headers["content-type"]) == (listed[form], f"{kind}; charset=utf-8")
                assert shown.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        source = message_from_bytes((await http.get(path, params={"as": "source"})).content, policy=default)
    assert [source["To"], source["Subject"]] == ["jane@example.com", " ".join(listed["subject"].split())]
    assert (source["Bcc"], source["From"].addresses[0].addr_spec) == (None, listed["from"]["email"])
    for form in ("text", "html"):
        body = source.get_body((form.replace("text", "plain"),))
        assert (body.get_content().strip() if body else None) == listed[form]


async def test_a_mail_that_there_is_not_and_a_form_that_there_is_not_are_refused() -> None:
    async with over() as (http, _):
        expect_refusal(await http.get(f"{SANDBOX}/mails/none"), 404, "MAIL_NOT_FOUND")
        mail_id = await sent(http)
        expect_refusal(await http.get(f"{SANDBOX}/mails/{mail_id}?as=pdf"), 400, "VALIDATION_FAILED")


async def test_the_mailbox_alone_is_emptied_and_stays_so(tmp_path: Path) -> None:
    """Also after the sandbox was started again on its file; a mail that waits goes out when its time comes."""
    wait = {"value": 1, "unit": "days"}
    steps: list[dict[str, Any]] = [{"type": "email", "email": {}, "delay": wait}, {"type": "email", "email": {}}]
    options = Options(rate_limit=0, default_automations=False, automations=({"name": "W", "steps": steps},))
    path, counts = str(tmp_path / "s.sqlite3"), list[int]()
    sandbox = Sandbox(options, path)
    async with http_of(sandbox) as http:
        await http.post("/contacts", json={"email": "new@example.com"})
        await sent(http)
        counts.append(len(await mailbox(http)))
        assert (await http.delete(f"{SANDBOX}/mails")).json() == {"status": "ok"}
        assert [mail["status"] for mail in await mailbox(http)] == ["scheduled"]
        await http.post(f"{SANDBOX}/clock", json={"advance": 90_000})
        counts.append(len(await mailbox(http)))
        await http.delete(f"{SANDBOX}/mails")
        assert len((await http.get(f"{SANDBOX}/state")).json()["contacts"]) == 1
    sandbox.close()
    sandbox = Sandbox(options, path)
    async with http_of(sandbox) as http:
        counts.append(len(await mailbox(http)))
        await http.post("/contacts", json={"email": "second@example.com"})
        counts.append(len(await mailbox(http)))
    sandbox.close()
    assert counts == [3, 1, 0, 2]
