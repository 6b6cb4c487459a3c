"""Who said no in a file gets no mail: not imported, in no list, and reported; whoever wrote the file."""

import csv
import io
import json
from typing import Any

import httpx2
import pytest

from autosend_mcp.cli.import_file import PHRASES
from autosend_mcp.errors import AutoSendError, NotSent
from autosend_mcp.imports.file.opt_outs import OptOuts, find_opt_outs
from autosend_mcp.imports.file.tables import read_table
from autosend_mcp.imports.hints import explain
from autosend_mcp.sandbox.app import PROJECT
from tests.support.importing import ADD, World, report_of, world
from tests.support.interrupted import Killed
from tests.support.line import Forward, answering, applied_then_reset, forwarded, over_a_line, reset, saying
from tests.support.records import starts_of
from tests.support.worlds import error_of

pytestmark = pytest.mark.anyio

SUPPRESS = "POST /suppression-groups/emails/suppress"
ENTRIES = "POST /suppression-groups/entries"
NEWSLETTER = ("Newsletter",)


def file_of(columns: dict[str, list[str]]) -> bytes:
    """Return a CSV file with these columns beside the address."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["email", *columns])
    for number, cells in enumerate(zip(*columns.values(), strict=True)):
        lines.writerow([f"p{number}@example.com", *cells])
    return text.getvalue().encode()


def read(content: bytes, name: str = "people.csv", **stated: Any) -> OptOuts:
    table = read_table(io.BytesIO(content), name)
    no_mail, mailable = stated.pop("no_mail", {}), stated.pop("mailable", {})
    return find_opt_outs(table, name, no_mail, mailable, **stated)


def left_out(content: bytes, **stated: Any) -> list[int]:
    """Return the rows, from 0, whose people said no."""
    found = read(content, **stated)
    rows = read_table(io.BytesIO(content), "people.csv").rows()
    return [row.number - 1 for row in rows if found.said_no(row.values)]


def question(content: bytes, name: str = "people.csv", **stated: Any) -> str:
    with pytest.raises(NotSent) as refused:
        read(content, name, **stated)
    explain(refused.value, PHRASES)
    return refused.value.sentence


# Programs and what they write: a column, its cells, and in which rows somebody said no.
EXPORTS: list[tuple[str, list[str], list[int]]] = [
    ("Accepts Email Marketing", ["yes", "no"], [1]),  # Shopify
    ("Accepts Marketing", ["true", "false"], [1]),
    ("UNSUB_TIME", ["", "2023-02-12 18:06:58"], [1]),  # Mailchimp
    ("CLEAN_TIME", ["2023-02-12 18:06:58", ""], [0]),
    ("unsubscribed", ["false", "true"], [1]),  # Resend, Customer.io
    ("Not opted out", ["yes", "no"], [1]),
    ("subscribed", ["true", "false"], [1]),  # Loops
    ("status", ["enabled", "blocklisted", "unsubscribed"], [1, 2]),  # listmonk
    (
        "Status",
        ["Active", "Unsubscribed", "Bounced", "Marked as spam", "Unconfirmed"],
        [1, 2, 3, 4],
    ),  # Sendy, MailerLite
    ("state", ["active", "cancelled", "bounced", "complained"], [1, 2, 3]),  # Kit
    ("Status", ["Active", "Inactive"], [1]),  # beehiiv
    ("Subscriber Type", ["regular", "premium", "unsubscribed"], [2]),  # Buttondown
    ("Email disabled", ["false", "true"], [1]),  # Substack
    ("subscribed_to_emails", ["true", "false"], [1]),  # Ghost
    ("Email Marketing Consent", ["SUBSCRIBED", "NEVER_SUBSCRIBED", "UNSUBSCRIBED"], [1, 2]),  # Klaviyo
    ("Unsubscribed from all email", ["", "true"], [1]),  # HubSpot
    ("Opted out of email: Marketing Information", ["", "TRUE"], [1]),
    ("Marketing contact status", ["Marketing contact", "Non-marketing contact"], [1]),
    ("HasOptedOutOfEmail", ["0", "1"], [1]),  # Salesforce
    ("Email Opt Out", ["false", "true"], [1]),  # Salesforce, Zoho
    ("Marketing status", ["Subscribed", "No consent", "Unsubscribed", "Archived"], [1, 2, 3]),  # Pipedrive
    ("EMAIL_BLACKLISTED", ["No", "Yes"], [1]),  # Brevo
    ("DOUBLE_OPT-IN", ["Yes", "No"], [1]),
    ("Email permission status", ["express", "implied", "unsubscribed", "temp_hold"], [2, 3]),  # Constant Contact
    ("Stop Status", ["Subscribed", "Unsubscribed"], [1]),  # AWeber
    ("Email subscriber status", ["Subscribed", "Never subscribed"], [1]),  # Wix
    ("Unsubscribed from emails", ["false", "true"], [1]),  # Intercom
    ("Has hard bounced", ["false", "true"], [1]),
    ("IsExcludedFromCampaigns", ["False", "True"], [1]),  # Mailjet
    ("donotcontact", ["0", "1"], [1]),  # Mautic
    ("No Bulk Emails (User Opt Out)", ["", "1"], [1]),  # CiviCRM
    ("blacklisted", ["0", "1"], [1]),  # phpList
    ("nomail", ["off", "on"], [1]),  # Mailman
    ("Global status", ["subscribed", "inactive", "unconfirmed"], [1, 2]),  # MailPoet
    ("email_subscription_status", ["subscribed", "did-not-subscribe"], [1]),  # Segment
    ("channels.email.subscribeStatus", ["subscribed", "none"], [1]),  # Cordial
    ("SuppressionReason", ["", "HardBounce", "ManualSuppression"], [1, 2]),  # Postmark
    ("Would you like to receive our newsletter?", ["Yes, please", "No thanks"], [1]),  # forms
    ("Abgemeldet am", ["", "12.03.2024"], [1]),
    ("Newsletter", ["ja", "nein"], [1]),
    ("Kein Newsletter", ["nein", "ja"], [1]),
    ("Newsletter-Status", ["aktiv", "abgemeldet", "gesperrt"], [1, 2]),
    ("Date de désinscription", ["", "03/04/2024"], [1]),
    ("Accepte les e-mails", ["oui", "non"], [1]),
    ("Statut", ["abonné", "désabonnée"], [1]),
    ("Fecha de baja", ["0000-00-00", "2024-03-04"], [1]),
    ("Estado", ["Suscrito", "Dado de baja"], [1]),
    ("Consenso marketing", ["sì", "no"], [1]),
    ("Stato", ["Iscritto", "Disiscritto"], [1]),
    ("Aceita receber e-mails", ["sim", "não"], [1]),
    ("Uitgeschreven op", ["", "2024-03-04"], [1]),
    ("Geen nieuwsbrief", ["nee", "ja"], [1]),
    ("Zgoda marketingowa", ["tak", "nie"], [1]),
    ("Status", ["Zapisany", "Wypisany"], [1]),
    ("Inget nyhetsbrev", ["nej", "ja"], [1]),
    ("Avregistrerad", ["", "2024-03-04 10:00"], [1]),
    ("Рассылка", ["да", "нет"], [1]),
    ("Дата отписки", ["", "04.03.2024"], [1]),
    ("メルマガ", ["希望する", "希望しない"], [1]),
    ("配信停止日", ["", "2024年3月4日"], [1]),
    ("订阅状态", ["已订阅", "已退订"], [1]),
    ("退订", ["否", "是"], [1]),
    ("\u0130YS Onay\u0131", ["Onay", "Ret"], [1]),
    ("Durum", ["Aktif", "Pasif"], [1]),
    ("DM配信", ["可", "不可"], [1]),
    ("メールマガジン", ["受け取る", "受け取らない"], [1]),
    ("Receive updates by email", ["yes", "no"], [1]),
    ("email_marketing_consent.state", ["subscribed", "not_subscribed"], [1]),
]

# Columns that say nothing of mail.
OTHERS: list[tuple[dict[str, list[str]], None]] = [
    ({"Accepts SMS Marketing": ["yes", "no"]}, None),
    ({"HasOptedOutOfFax": ["0", "1"], "Do Not Call": ["0", "1"]}, None),
    ({"Status": ["active", "canceled"], "Plan": ["a", "b"], "Delinquent": ["false", "true"]}, None),  # Stripe
    ({"Subscription Status": ["active", "past_due", "canceled"]}, None),
    ({"Active subscription": ["true", "false"]}, None),  # Substack: who pays
    ({"ConsentToTrack": ["Yes", "No"]}, None),  # Campaign Monitor
    ({"State": ["CA", "TX"], "Lead status": ["open", "rejected"], "Order Status": ["paid", "cancelled"]}, None),
    ({"OPTIN_TIME": ["2018-02-12 17:59:31", ""], "OPTIN_IP": ["192.0.2.10", ""]}, None),
    ({"Days left": ["1", "30"], "Email sent on": ["2024-01-01", ""], "Invited by email": ["a@example.com", ""]}, None),
    ({"Newsletter": ["weekly", "daily"], "lastName": ["Junk", "Bounce"], "active": ["true", "true"]}, None),
    ({"unsubscribe_url": ["https://a.example/1", "https://a.example/2"], "Tax Exempt": ["no", "yes"]}, None),
    ({"deleted_at": ["", ""], "Blocked": ["no", "no"], "confirmed": ["1", "1"]}, None),
]

# Columns that may say no, with the values that are asked about.
UNCLEAR: list[tuple[dict[str, list[str]], list[str]]] = [
    ({"Status": ["active", "canceled"]}, ['"Status" has "canceled" in 1 row']),
    ({"Subscription Status": ["active", "cancelled", "cancelled"]}, ['"cancelled" in 2 rows']),
    ({"Status": ["active", "inactive"], "Plan": ["a", "b"]}, ['"inactive" in 1 row']),
    ({"Newsletter": ["yes", ""]}, ['"Newsletter" has (blank) in 1 row']),
    ({"Marketing consent": ["yes", "no", "asked"]}, ['"asked" in 1 row']),
    ({"Email status": ["subscribed", "risky"]}, ['"risky" in 1 row']),
    ({"subscriber_status": ["1", "3"]}, ['"3" in 1 row']),  # Magento
    ({"Tags": ["vip, unsubscribed", "vip"]}, ['"Tags" has "unsubscribed" in 1 row']),
    ({"Notes": ["call back", "do not email"]}, ['"do not email" in 1 row']),
    ({"unsubscribe reason": ["", "too much mail"]}, ['"too much mail" in 1 row']),
    ({"active": ["true", "false"]}, ['"false" in 1 row']),
    ({"Nyhedsbrev": ["Ja", "Nej"]}, ['"Nej" in 1 row']),  # in words that are not known
    ({"E-bülten": ["evet", "hay\u0131r"]}, ['"hay\u0131r" in 1 row']),
    ({"수신거부": ["아니요", "예"]}, ['"아니요" in 1 row']),
    ({"配信": ["許可", "拒否"]}, ['"拒否" in 1 row']),
    ({"Contactable": ["yes", "no"]}, ['"no" in 1 row']),
    ({"May we contact you by e-mail?": ["yes", "no"]}, ['"no" in 1 row']),  # by what, not by whom
    ({"Peut-on vous contacter par email ?": ["oui", "non"]}, ['"non" in 1 row']),
    ({"Date left": ["", "2024-01-01"]}, ["(a date) in 1 row"]),
    ({"Newsletter": ["wants it", "does not want it"]}, ['"does not want it" in 1 row']),
    ({"Uutiskirje": ["haluan", "en halua, ei kiitos"]}, ["ei kiitos"]),
    ({"confirmed": ["1", "0"]}, ['"0" in 1 row']),
    ({"deleted_at": ["", "2024-01-01"]}, ["(a date) in 1 row"]),
]


@pytest.mark.parametrize(("name", "cells", "no"), EXPORTS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_column_says_who_may_get_no_mail(name: str, cells: list[str], no: list[int]) -> None:
    assert left_out(file_of({name: cells})) == no
    described = read(file_of({name: cells, "Other": cells})).described()
    assert [sum(one["optedOut"].values()) for one in described][:1] == [len(no)]
    assert [sum(one["mayGetMail"].values()) for one in described][:1] == [len(cells) - len(no)]


@pytest.mark.parametrize(("columns", "_"), OTHERS)
def test_a_column_about_something_else_opts_nobody_out(columns: dict[str, list[str]], _: None) -> None:
    assert left_out(file_of(columns)) == []


@pytest.mark.parametrize(("columns", "said"), UNCLEAR)
def test_what_is_unclear_is_asked_and_the_advice_leaves_people_out(
    columns: dict[str, list[str]], said: list[str]
) -> None:
    content = file_of(columns)
    text = question(content)
    assert all(part in text for part in [*said, "Nothing was sent and nothing changed.", "--mailable"]), text
    column, _, values = text.partition('--opted-out-values "')[2].partition('"')[0].partition("=")
    stated = {column: values.split(",")}
    assert left_out(content, no_mail=stated)
    assert left_out(content, mailable=stated) == left_out(content, mailable={column: ["*"]})
    if len(columns) == 1:
        assert len(left_out(content, mailable=stated)) < len(left_out(content, no_mail=stated))


def test_a_reason_of_a_bounce_says_no_and_another_channel_says_nothing() -> None:
    assert left_out(file_of({"Email hard bounce reason": ["", "Unknown user"], "Unsubscribed": ["", ""]})) == [1]
    assert left_out(file_of({"SMS subscriber status": ["Subscribed", "Never subscribed"]})) == []


def test_a_no_wins_and_a_blank_is_settled_by_what_another_column_says() -> None:
    columns = {"Newsletter": ["yes", "yes", "", ""], "Status": ["subscribed", "bounced", "subscribed", "unsubscribed"]}
    assert left_out(file_of(columns)) == [1, 3]
    assert left_out(file_of({"email_opt_in": ["yes", "no"], "sms_opt_in": ["no", "yes"]})) == [1]


def test_what_plainly_says_no_cannot_be_stated_to_allow_mail() -> None:
    content = file_of({"Status": ["subscribed", "unsubscribed", "inactive"]})
    assert "cannot be mailable" in question(content, mailable={"Status": ["unsubscribed"]})
    assert left_out(content, mailable={"Status": ["inactive"]}) == [1]
    assert left_out(content, mailable={"Status": ["*"]}) == [1, 2]
    assert "cannot be mailable" in question(file_of({"Newsletter": ["yes", "no"]}), mailable={"Newsletter": ["no"]})
    assert "There is no column" in question(content, mailable={"State": ["inactive"]})


def test_json_rows_say_it_with_booleans_lists_and_null() -> None:
    rows = [
        {"email": "a@example.com", "unsubscribed": False, "tags": ["x"]},
        {"email": "b@example.com", "unsubscribed": True},
        {"email": "c@example.com", "unsubscribed": None},
        {"email": "d@example.com", "customFields": {"opt_out": 1}},
    ]
    content = "\n".join(map(json.dumps, rows)).encode()
    found = read(content, "people.jsonl")
    table = read_table(io.BytesIO(content), "people.jsonl")
    assert [row.number for row in table.rows() if found.said_no(row.values)] == [2, 4]


@pytest.mark.parametrize(
    "name", ["unsubscribed_members_export_1a2b.csv", "suppression-list.csv", "Abgemeldete Kontakte.csv", "bounces.csv"]
)
def test_the_name_of_a_file_says_that_all_in_it_left(name: str) -> None:
    assert "The name of the file" in question(b"email\nann@example.com\n", name)
    assert read(b"email\nann@example.com\n", name, fate="suppress").is_everybody


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


def test_an_error_of_a_column_that_is_not_there_names_it() -> None:
    with pytest.raises(AutoSendError, match="There is no column"):
        read(b"email\nann@example.com\n", no_mail={"Status": ["x"]})


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
