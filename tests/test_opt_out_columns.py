"""Which columns of a file say that somebody may get no mail, and what is asked where they are unclear."""

import io
import json

import pytest

from autosend_mcp.errors import AutoSendError
from autosend_mcp.imports.file.tables import read_table
from tests.support.importing import file_of
from tests.support.opt_outs import left_out, question, read

pytestmark = pytest.mark.anyio


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


def test_an_error_of_a_column_that_is_not_there_names_it() -> None:
    with pytest.raises(AutoSendError, match="There is no column"):
        read(b"email\nann@example.com\n", no_mail={"Status": ["x"]})
