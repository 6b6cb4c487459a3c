"""Who said no in a file gets no mail: is not imported, joins no list, and is reported."""

from typing import Any

import httpx2
import pytest

from autosend_mcp.cli.import_file import PHRASES
from autosend_mcp.errors import NotSent
from autosend_mcp.imports.hints import explain
from autosend_mcp.sandbox.app import PROJECT
from tests.support.importing import World, file_of, report_of, world
from tests.support.interrupted import Killed
from tests.support.line import Forward, answering, applied_then_reset, forwarded, over_a_line, reset, saying
from tests.support.records import starts_of
from tests.support.requests import ADD, ENTRIES, SUPPRESS
from tests.support.worlds import error_of

pytestmark = pytest.mark.anyio

NEWSLETTER = ("Newsletter",)


SHOPIFY = (
    b"Customer ID,First Name,Email,Accepts Email Marketing,Accepts SMS Marketing\n"
    b"1,Ann,ann@example.com,yes,no\n2,Bob,bob@example.com,no,yes\n3,Cy,,no,no\n4,Di,di@example.com,yes,no\n"
)
LEFT = (
    b'"Email Address",OPTIN_TIME,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON\n'
    b"gone.one@example.com,2018-02-12 17:59:31,2023-02-12 18:06:58,Spring News,No longer interested\n"
    b"gone.two@example.com,2018-02-12 17:59:31,2024-01-02 08:00:00,Winter News,Spam\n"
)


def check_untouched(here: World, email: str) -> None:
    """Check that nobody at this address was made a contact, put into a list, or mailed."""
    assert here.held(email) is None
    assert not [start for start in here.starts() if start[1] == email]


@pytest.mark.parametrize("given", [{}, {"Accepts Email Marketing": ""}, {"Accepts Email Marketing": "company"}])
async def test_who_said_no_is_left_out_of_everything_and_reported(given: dict[str, str]) -> None:
    with world() as here:
        list_id = here.made_list()
        order: dict[str, Any] = {"lists": NEWSLETTER, "create_fields": True, "columns": given}
        dry = await here.run(SHOPIFY, dry_run=True, **order)
        done = await here.run(SHOPIFY, **order)
        assert here.members(list_id) == 2
        assert len(here.starts()) == 2
        check_untouched(here, "bob@example.com")
        assert len(done.imported.files) == 1
    assert dry.counts == {"would create": 2, "opted out": 2}
    assert done.counts == {"created": 2, "opted out": 2}
    assert done.reasons("opted out") == ["Accepts Email Marketing: no"] * 2
    assert done.imported.opt_outs_read == [
        {"column": "Accepts Email Marketing", "optedOut": {"no": 2}, "mayGetMail": {"yes": 2}}
    ]


async def test_one_no_counts_for_all_rows_of_an_address() -> None:
    content = file_of({"unsubscribed": ["false", "true", "false"]}).replace(b"p1@", b"P0@")
    for mode, counts in (("leave-out", {"created": 1, "opted out": 2}), ("suppress", {"created": 1, "opted out": 2})):
        with world() as here:
            list_id = here.made_list()
            done = await here.run(content, lists=NEWSLETTER, opted_out=mode)
            assert here.members(list_id) == 1
            check_untouched(here, "p0@example.com")
        assert done.counts == counts


async def test_imported_without_lists_nobody_who_said_no_joins_or_is_mailed() -> None:
    with world() as here:
        list_id = here.made_list()
        here.seed({"email": "bob@example.com", "firstName": "Robert"})
        order: dict[str, Any] = {"lists": NEWSLETTER, "create_fields": True, "opted_out": "import-without-lists"}
        done = await here.run(SHOPIFY, **order)
        assert here.members(list_id) == 2
        assert here.values("bob@example.com")["firstName"] == "Bob"
        assert len(here.starts()) == 2
    assert done.counts == {"created": 2, "updated": 1, "invalid": 1}


async def test_a_dry_run_names_no_automation_of_a_list_that_nobody_joins() -> None:
    for said, named in (("no", False), ("yes", True)):
        with world() as here:
            here.made_list()
            here.seed({"email": "p1@example.com"})
            content = file_of({"Accepts Email Marketing": [said, "no", "yes"]}).replace(b"p2@", b"no such")
            order: dict[str, Any] = {"lists": NEWSLETTER, "opted_out": "import-without-lists"}
            dry = await here.run(content, dry_run=True, **order)
        assert ('"Welcome to Newsletter"' in " ".join(dry.imported.notes)) == named


async def test_a_file_of_people_who_left_is_a_suppression_list() -> None:
    with world() as here:
        here.made_list()
        orders: list[dict[str, Any]] = [{}, {"opted_out": "import-without-lists"}, {"create_fields": True}]
        for order in orders:
            with pytest.raises(NotSent, match="Everybody in this file opted out") as refused:
                await here.run(LEFT, lists=NEWSLETTER, **order)
            explain(refused.value, PHRASES)
            assert "--opted-out suppress" in refused.value.sentence
        done = await here.run(LEFT, opted_out="suppress")
        assert not here.written
        entries = here.store.suppression_groups.entries(PROJECT, {"isGlobal": True})
        assert {entry["email"]: entry["reason"] for entry in entries} == {
            "gone.one@example.com": "UNSUBSCRIBE",
            "gone.two@example.com": "UNSUBSCRIBE",
        }
    assert done.counts == {"opted out": 2}


@pytest.mark.parametrize("fault", [applied_then_reset, reset, answering(503, {})], ids=["applied", "reset", "503"])
@pytest.mark.parametrize("times", [1, 2])
async def test_suppressing_survives_lost_replies_and_doubles_nothing(fault: Any, times: int) -> None:
    with world() as here:
        here.line.lose(SUPPRESS, *[fault] * times, forwarded)
        done = await here.run(file_of({"status": ["active", "bounced", "complained"]}), opted_out="suppress")
        entries = here.store.suppression_groups.entries(PROJECT, {})
        assert {entry["email"]: entry["reason"] for entry in entries} == {
            "p1@example.com": "BOUNCE",
            "p2@example.com": "COMPLAINT",
        }
        sent = [email for body in here.line.bodies(SUPPRESS) for email in body["emails"]]
        assert len(sent) <= 2 + times
        if fault is applied_then_reset:
            assert len(sent) == 2
    assert done.counts == {"created": 1, "opted out": 2}


async def test_suppressing_that_cannot_be_settled_is_unknown_and_goes_on() -> None:
    with world() as here:
        here.line.lose(SUPPRESS, reset)
        here.line.lose(ENTRIES, *[answering(503, {})] * 30)
        done = await here.run(file_of({"status": ["active", "bounced"]}), opted_out="suppress")
        assert len(done.imported.files) == 1
    assert done.counts == {"created": 1, "unknown": 1}
    assert "get_suppression" in done.reasons("unknown")[0]


async def test_a_stopped_suppressing_is_continued_where_it_was() -> None:
    content = file_of({"status": ["active", *["unsubscribed"] * 120]})
    with world() as here:
        here.line.lose(SUPPRESS, answering(403, {"success": False, "error": {"message": "no"}}), forwarded)
        first = await here.run(content, opted_out="suppress")
        assert (first.stage, first.counts, dict(here.written)) == ("stopped", {}, {})
        done = await here.run(content, opted_out="suppress")
        assert len(here.store.suppression_groups.entries(PROJECT, {})) == 120
        assert [len(body["emails"]) for body in here.line.bodies(SUPPRESS)] == [50, 50, 50, 20]
    assert done.imported.resumed
    assert done.counts == {"created": 1, "opted out": 120}


async def test_whom_autosend_suppresses_is_left_out_and_foretold() -> None:
    content = b"email,firstName\ngone@example.com,Gone\nann@example.com,Ann\n"
    with world() as here:
        list_id = here.made_list()
        here.store.suppression_groups.suppress(PROJECT, ["gone@example.com"], reason="UNSUBSCRIBE", is_global=True)
        dry = await here.run(content, lists=NEWSLETTER, dry_run=True, report_dry_run=True)
        done = await here.run(content, lists=NEWSLETTER)
        assert here.members(list_id) == 1
        check_untouched(here, "gone@example.com")
        assert len(done.imported.files) == 1
        assert [row["outcome"] for row in report_of(done.imported.files[0])] == ["opted out", "created"]
    assert dry.counts == {"opted out": 1, "would create": 1}
    assert dry.reasons("opted out") == ["AutoSend suppresses this address (UNSUBSCRIBE)"]
    assert done.counts == {"opted out": 1, "created": 1}


async def test_whom_only_a_reply_reports_as_suppressed_opted_out_too() -> None:
    with world() as here:
        here.made_list()
        here.store.suppression_groups.suppress(PROJECT, ["p1@example.com"], is_global=True)
        here.line.lose(ENTRIES, answering(403, {"success": False, "error": {"message": "no"}}))
        done = await here.run(file_of({"firstName": ["A", "B"]}), lists=NEWSLETTER)
        assert here.line.count(ADD) == 1
        assert len(done.imported.files) == 1
    assert done.counts == {"created": 1, "opted out": 1}
    assert done.reasons("opted out") == ['It is created, but not in "Newsletter": AutoSend suppresses this address.']


@pytest.mark.parametrize(("entries", "people"), [(250, 2), (250, 40), (5_200, 60)])
async def test_looking_up_who_is_suppressed_takes_few_requests(entries: int, people: int) -> None:
    with world() as here:
        here.made_list()
        gone = [f"gone{number}@example.com" for number in range(entries - 1)]
        here.store.suppression_groups.suppress(PROJECT, [*gone, "p1@example.com"], is_global=True)
        done = await here.run(file_of({"firstName": ["A"] * people}), lists=NEWSLETTER)
        assert here.line.count(ENTRIES) == (1 if entries > 5_000 else min(3, people + 1))
    assert done.counts == {"created": people - 1, "opted out": 1}


@pytest.mark.parametrize(
    "given",
    [
        *(
            {name: True}
            for name in ("unsubscribed", "unsubscribe_groups", "optOut", "doNotEmail", "abgemeldet", "退订")
        ),
        *({name: False} for name in ("subscribed", "emailOptIn", "newsletter", "consentement", "рассылка")),
        *({"customFields": {name: value}} for name, value in (("unsubscribed", True), ("opt_out", "yes"))),
        *({"customFields": {name: False}} for name in ("subscribed", "marketingConsent", "suscrito")),
    ],
    ids=str,
)
async def test_an_argument_about_opting_out_leads_to_the_tool_for_it(given: dict[str, Any]) -> None:
    async with over_a_line() as (client, line):
        for tool in ("create_contact", "upsert_contact"):
            said = error_of(await client.call_tool(tool, {"email": "ann@example.com", **given}))
            assert "suppress_emails" in said
            assert "create_custom_field" not in said
        rows = await client.call_tool("upsert_contacts", {"contacts": [{"email": "ann@example.com", **given}]})
        assert "suppress_emails" in error_of(rows)
        assert {"suppress_emails", "unsuppress_emails"} <= {tool.name for tool in (await client.list_tools()).tools}
        assert not [asked for asked, _ in line.seen if asked.startswith(("POST /contacts", "POST /contact-prop"))]


async def test_adding_only_people_who_opted_out_says_to_leave_them_out() -> None:
    async with over_a_line() as (client, line):
        line.sandbox.store.contact_lists.seed(PROJECT, "Newsletter", "list")
        line.sandbox.store.suppression_groups.suppress(PROJECT, ["gone@example.com"], is_global=True)
        said = error_of(await client.call_tool("add_to_list", {"list": "Newsletter", "emails": ["gone@example.com"]}))
        assert not starts_of(line.sandbox.store)
    assert "leave them out, and tell the user" in said
    assert "Check the addresses" not in said


@pytest.mark.parametrize("applied", [True, False])
async def test_suppressing_that_was_killed_is_settled_by_the_next_run(applied: bool) -> None:
    content = file_of({"status": ["active", "unsubscribed", "unsubscribed"]})
    with world() as here:
        grave = here.folder / "after"
        grave.mkdir()
        killed = Killed(here, 1, applied=applied, grave=grave)
        here.line.lose(SUPPRESS, killed, forwarded)
        imported = here.begin(content, opted_out="suppress")
        with killed.scope:
            await imported.read()
            await imported.send()
        imported.close()
        here.folder = grave
        done = await here.run(content, opted_out="suppress")
        assert len(here.store.suppression_groups.entries(PROJECT, {})) == 2
        assert here.line.count(SUPPRESS) == (1 if applied else 2)
    assert done.counts == {"created": 1, "opted out": 2}


async def test_an_address_that_cannot_be_suppressed_keeps_no_other_out() -> None:
    with world() as here:

        async def refused(forward: Forward) -> httpx2.Response:
            if "p2@example.com" in here.line.bodies(SUPPRESS)[-1]["emails"]:
                return saying(400, {"success": False, "error": {"message": "No such domain"}})
            return await forward()

        here.line.lose(SUPPRESS, refused)
        content = file_of({"status": ["active", *["unsubscribed"] * 4]})
        done = await here.run(content, opted_out="suppress")
        assert len(here.store.suppression_groups.entries(PROJECT, {})) == 3
    assert done.counts == {"created": 1, "opted out": 3, "failed": 1}
    (reason,) = done.reasons("failed")
    assert reason.startswith('It was not suppressed: AutoSend refused it: "No such domain".')
