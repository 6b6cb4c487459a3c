"""Further members of each kind of status column: what programs and forms write, in further languages and shapes."""

import json

import pytest

from autosend_mcp.models.opt_out_names import mail_name
from tests.support.importing import file_of
from tests.support.opt_outs import left_out, question, read

# In each column the first says yes and the others no.
REFUSALS = {
    # What refuses, in a name that would agree without it: read the other way round, it mails whoever said no.
    "I do not wish to receive marketing emails": ["no", "yes"],
    "I do not want to receive the newsletter": ["", "x"],
    "Tick if you would prefer not to hear from us by email": ["", "Ticked"],
    "Ne souhaite plus recevoir vos offres": ["non", "oui"],
    "No desea recibir correos": ["No", "S\u00ed"],
    "Refus newsletter": ["Non", "Oui"],
    "Rechaza publicidad": ["no", "s\u00ed"],
    "Rifiuto newsletter": ["no", "s\u00ec"],
    "Weigert mailing": ["nee", "ja"],
    "Odmowa newslettera": ["nie", "tak"],
    "Tackat nej till utskick": ["nej", "ja"],
    "Nej tak til nyhedsbrev": ["", "x"],
    "Mailing gesperrt": ["0", "1"],
    "Newsletter gek\u00fcndigt": ["nein", "ja"],
    "Marketing Suspended": ["false", "true"],
    "IsOptInPending": ["False", "True"],
    "Do not allow Bulk Emails": ["Allow", "Do Not Allow"],
    "E-Mails nicht zulassen": ["Zulassen", "Nicht zulassen"],
    "Ne pas autoriser les e-mails": ["Autoriser", "Ne pas autoriser"],
    "No permitir correo electr\u00f3nico": ["Permitir", "No permitir"],
    # What people who left are called.
    "Werbewiderspruch": ["N", "J"],
    "Sendesperre": ["nein", "ja"],
    "Robinsonliste": ["nein", "ja"],
    "Nicht mehr kontaktieren": ["nein", "ja"],
    "NPAI": ["non", "oui"],
    "emailoptout": ["0", "1"],
    "donotbulkemail": ["False", "True"],
    "No longer contact by email": ["No", "Yes"],
    "hs_email_is_ineligible": ["false", "true"],
    "Frameldt": ["Nej", "Ja"],
    "Avmeldt": ["Nei", "Ja"],
    "Reservert mot e-post": ["Nei", "Ja"],
    "Markkinointikielto": ["ei", "kyll\u00e4"],
    "Odhl\u00e1\u0161en": ["ne", "ano"],
    "Odhl\u00e1sen\u00fd": ["nie", "\u00e1no"],
    "Leiratkoz\u00e1s": ["nem", "igen"],
    "Dezabonat": ["nu", "da"],
    "Odjavljen": ["ne", "da"],
    "Відписаний": ["ні", "так"],
    "Loobunud": ["ei", "jah"],
    "Atteicies": ["n\u0113", "j\u0101"],
    "H\u1ee7y \u0111\u0103ng k\u00fd": ["kh\u00f4ng", "c\u00f3"],
    "Berhenti berlangganan": ["tidak", "ya"],
    "Abonelik iptal tarihi": ["", "12.03.2024"],
    "הוסר מרשימת תפוצה": ["לא", "כן"],
    "إلغاء الاشتراك": ["لا", "نعم"],
    "ยกเลิกรับข่าวสาร": ["ไม่ใช่", "ใช่"],
    "수신거부": ["아니요", "예"],
    # What agrees.
    "Quieres recibir novedades": ["S\u00ed", "No"],
    "Deseja receber novidades": ["Sim", "N\u00e3o"],
    "hs_marketable_status": ["true", "false"],
    "Newsletterempf\u00e4nger": ["ja", "nein"],
    "이메일 수신동의": ["Y", "N"],
    "consent": ['["email"]', '["sms"]', "sms, web"],
    "unsubscribedChannelIds": ["[]", "[email]"],
    "Unsubscribed channels": ["sms, push", "email, sms", "Email"],
    # Values with something around them, and negated ones.
    "Status": [
        "Subscribed",
        "Unsubscribed on 2024-01-03",
        "Bounced (hard)",
        "NPAI",
        "Odhl\u00e1\u0161eno",
        "відписався",
    ],
    "State": ["Active", "Unsubscribed: by mail", "Complained - twice", "Unsubscribed via link", "was unsubscribed"],
    "Marketing": ["I accept", "I don't accept"],
    "Marketing opt in": ["Opted in", "Not opted in"],
    "Mailing": ["erlaubt", "nicht erlaubt", "verboten"],
    "Newsletter": ["Enabled", "Disabled"],
    "Email Suppression Reason": ["", "USER_SUPPRESSED", "Admin suppressed"],
    "SubscribeType": ["Subscribed", "Removed", "Bounced"],
    "delivery_status": ["enabled", "by_user", "by_bounces"],
    "Trạng thái": ["Đã đăng ký", "Đã hủy đăng ký"],
    "الحالة": ["مشترك", "غير مشترك"],
    "error": ["", "550 5.1.1 No such mailbox"],
    "smtp response": ["", "refused"],
    "Cause": ["", "Hard bounce", "spam"],
    "Ich möchte Infos per Mail erhalten": ["ja", "nein"],
    "Ineligible for email": ["no", "yes"],
    "Subscriber state": ["Active", "Not active", "Not opted in"],
    "Opt-out method": ["", "phone", "sms"],
    "Person status": [
        "Active",
        "user unsubscribed",
        "self-unsubscribed",
        "UNSUBSCRIBED_HARD_BOUNCE",
        "Opt-Out per E-Mail",
        "Abgemeldet durch Admin",
        "désabonnée par email",
    ],
}

# Nobody but the user knows: part of what is said.
ASKED = {
    "subscriber status": (["1", "2", "3"], '"2" in 1 row'),
    "Status": (["1", "0"], '"0" in 1 row'),
    "Subscription": (["S", "U"], '"U" in 1 row'),
    "Tags": (["#vip #unsubscribed", "#vip"], '"unsubscribed" in 1 row'),
    "Labels": (["* myContacts ::: Unsubscribed", "* myContacts"], '"Unsubscribed" in 1 row'),
    "Categories": (["vip / opt-out 2023", "vip"], '"opt-out 2023" in 1 row'),
    "Notes": (["likes tea", "asked to be removed from the mailing list"], "asked to be removed"),
    "Kommentar": (["ok", "will keine Newsletter mehr"], "keine Newsletter"),
    "Communication preference": (["All", "None"], '"None" in 1 row'),
    "Legal basis": (["Contract", "Withdrawn"], '"Withdrawn" in 1 row'),
    "Consent to photos by email": (["yes", "no"], '"no" in 1 row'),
    "Accepts returns": (["yes", "no"], '"no" in 1 row'),
    "Odběr novinek": (["ano", "ne"], '"ne" in 1 row'),
    "Sperre": (["", "X"], '"X" in 1 row'),
    # A type of person is no refusal, nor is somebody who is not active.
    "Type": (["Member", "None"], '"None" in 1 row'),
    "Contact type": (["Member", "Phone"], '"Phone" in 1 row'),
    "State": (["Registered", "Not registered"], '"Not registered" in 1 row'),
    "Member status": (["Verified", "Not verified"], '"Not verified" in 1 row'),
    "Reason": (["", "Moved"], '"Moved" in 1 row'),
    "Category": (["SMS", "Phone"], '"SMS" in 1 row, "Phone" in 1 row'),
    # What takes a no back is none.
    "Email status": (["subscribed", "no longer suppressed"], '"no longer suppressed" in 1 row'),
    "Mail status": (["subscribed", "removed from the suppression list"], "removed from the suppression list"),
    "Mailing list": (["yes", "no", "not yet opted out"], '"not yet opted out" in 1 row'),
    # By what means somebody left is no channel that somebody left.
    "Unsubscribe method": (["", "web", "email"], '"web" in 1 row, "email" in 1 row'),
    "Unsubscribed via": (["", "web"], '"web" in 1 row'),
    "Unsubscribe channel": (["", "Email"], '"Email" in 1 row'),
    "Opt out": (["", "E"], '"E" in 1 row'),
    # An address beside the word.
    "Labels 2": (["vip", "unsubscribed|https://x.example"], '"unsubscribed" in 1 row'),
    "Comment": (["ok", "Has unsubscribed: ann@x.example"], '"Has unsubscribed" in 1 row'),
    "Mailing": (["weekly", "user unsubscribed"], '"weekly" in 1 row'),
    "Newsletter": (["yes", "no", "yes (opt out possible)"], '"yes (opt out possible)" in 1 row'),
}

# Nothing of mail, or nothing that leaves anybody out.
OTHERWISE = {
    "Send this subscriber HTML emails": ["1", "0"],
    "htmlemail": ["1", "0"],
    "Marketing emails opened": ["3", "0"],
    "Last newsletter sent": ["2024-01-01", ""],
    "Bounce rate": ["10%", "0"],
    "Email language": ["en", "no"],
    "Mailing State": ["CA", "OR"],
    "Receive invoices by email": ["yes", "no"],
    "Marketing manager": ["yes", "no"],
    "Active days": ["1", "0"],
    "Robinson Crusoe fan": ["yes", "no"],
    "Reservert": ["ja", "nei"],
    "Bounced checks": ["0", "1"],
    "Status": ["1", "1"],
    "Type": ["Customer", "Lead"],
    "Notes": ["not opted out", "No mail received since March"],
    "Website": ["https://unsubscribed.example", "https://a.example/opt-out"],
    "Ratio": ["1:2", "3/4"],
    "Legal basis": ["Consent", "Contract"],
    "Last error": ["none", "timeout"],
    "No. of mailings": ["1", "2"],
    "RSVP response": ["Declined", ""],
    "Error": ["refused", ""],
    "Registered": ["by user", "by admin"],
    "Bord": ["Reservert", "Ledig"],
    "Varaus": ["Peruutettu", "Maksettu"],
    "Comments": ["removed from the suppression list", "has not yet opted out"],
    "Ineligible for discount": ["no", "yes"],
    "Infos erhalten": ["ja", "nein"],
    "Rechnung per Mail erhalten": ["ja", "nein"],
    "Geschenk erhalten": ["ja", "nein"],
}


# Names that refuse in words that may mean something else too: the user is asked, and nobody is taken for the other.
MAY_REFUSE = """
Newsletter cancelled; Newsletter removed; Newsletter disabled; Newsletter off; Newsletter stop; Marketing withdrawn
Removed from newsletter; Removed from mailing list; Excluded from marketing; Rejected marketing; Consent missing
Objects to marketing; Objects to receiving marketing emails; Refuses to receive newsletter; Former subscriber
Einwilligung zurückgezogen; Einwilligung entzogen; Einwilligung fehlt; Zustimmung zurückgezogen
Newsletter deaktiviert; Newsletter gelöscht; Newsletter gestoppt; Newsletter abgelaufen; Newsletter nicht gewünscht
Kein Interesse an Newsletter; Consentement retiré; Consentement révoqué; Newsletter désactivée
Newsletter supprimée; Newsletter arrêtée; N'accepte pas la newsletter; Refuse de recevoir la newsletter
Plus de newsletter; Consentimiento retirado; Suscripción anulada; Consenso negato; Iscrizione cancellata
Rifiuta di ricevere newsletter; Consentimento retirado; Toestemming ingetrokken; Zgoda wycofana
Zgoda anulowana; Samtycke återkallat; Samtykke trukket tilbage; Suostumus peruttu; Souhlas odvolán
Hozzájárulás visszavonva; Согласие отозвано; メルマガ停止; 同意撤回; 수신동의 철회; Not active; Stop emails
Block newsletter; Marketing ban; Newsletter muted
"""
NEGATED = """
Ohne Newsletter; Sans newsletter; Without newsletter; Didn't opt in; Hasnt opted in; Isn't subscribed; Senza newsletter
"""


def listed(names: str) -> list[str]:
    return [name.strip() for line in names.strip().splitlines() for name in line.split(";")]


def test_a_name_that_refuses_is_never_read_the_other_way_round() -> None:
    cells = ["no", "yes"]
    assert [name for name in listed(MAY_REFUSE) if '"yes" in 1 row' not in question(file_of({name: cells}))] == []
    assert [name for name in listed(NEGATED) if left_out(file_of({name: cells})) != [1]] == []


SENTENCES = """
I agree to receive marketing emails. You can unsubscribe at any time; Send me the newsletter (unsubscribe anytime)
Ich möchte den Newsletter erhalten (Abmeldung jederzeit möglich); Sign up for our newsletter - no spam
J'accepte de recevoir la newsletter (désinscription à tout moment); Newsletter? 1=yes 0=no
"""


def test_how_somebody_can_leave_later_is_no_refusal() -> None:
    assert [name for name in listed(SENTENCES) if left_out(file_of({name: ["yes", "no"]})) != [1]] == []
    denied = ["Not suppressed", "Never bounced", "Nicht abgemeldet", "I do not want to unsubscribe"]
    assert [name for name in denied if '"no" in 1 row' not in question(file_of({name: ["yes", "no"]}))] == []
    assert '"1" in 1 row' in question(file_of({"No. bounces": ["0", "1"]}))


def test_words_that_only_look_like_a_refusal_leave_an_agreement() -> None:
    names = ["Nu aangemeld", "Newsletter (yes/no)", "Newsletter ja/nein", "Receive exclusive offers by email"]
    assert [name for name in names if left_out(file_of({name: ["yes", "no"]})) != [1]] == []


def test_refusals_are_read_the_right_way_round() -> None:
    wanted = {name: list(range(1, len(cells))) for name, cells in REFUSALS.items()}
    assert {name: left_out(file_of({name: cells})) for name, cells in REFUSALS.items()} == wanted


@pytest.mark.parametrize("name", ASKED)
def test_what_only_the_user_knows_is_asked(name: str) -> None:
    cells, said = ASKED[name]
    assert said in question(file_of({name: cells}))


def test_a_column_of_another_subject_leaves_nobody_out() -> None:
    assert not {name: rows for name, cells in OTHERWISE.items() if (rows := left_out(file_of({name: cells})))}


NOTES = """
Please take me off your list; does not want emails; doesn't want any newsletters; wants no newsletter; stop mailing
möchte keinen Newsletter; bitte keine Mailings; will keine E-Mails mehr; ne veut plus de newsletter; no quiere correos
non vuole ricevere pubblicità; nie chce newslettera; vill inte ha nyhetsbrev; ønsker ikke nyhedsbrev
"""


def test_a_note_that_asks_for_no_mail_is_asked_about() -> None:
    notes = listed(NOTES)
    assert [note for note in notes if f'"{note}" in 1 row' not in question(file_of({"Notes": ["ok", note]}))] == []
    tags = ", ".join(f"tag{number}" for number in range(60)) + ", unsubscribed"
    assert '"unsubscribed" in 1 row' in question(file_of({"Tags": ["vip", tags]}))
    long = "p" * 70 + " has unsubscribed"
    stated = {"Notes": [("p" * 70)[:60]]}
    assert left_out(file_of({"Notes": ["ok", long]}), no_mail=stated) == [1]
    assert left_out(file_of({"Tags": ["vip", "unsubscribed " * 200]})) == []


@pytest.mark.parametrize("member", ["subscribed", "granted", "optedIn"])
def test_false_in_a_list_of_objects_is_asked_about(member: str) -> None:
    def rows(**more: str) -> bytes:
        said = [{"type": "Newsletter", member: False} | more, {"type": "News", member: True}]
        return json.dumps([{"email": "ann@example.com", "said": said}]).encode()

    assert '"not subscribed" in 1 row' in question(rows(), "people.json")
    assert read(rows(channel="sms"), "people.json").opted_out == 0


def test_not_active_is_no_stronger_than_inactive() -> None:
    assert '"Not active" in 1 row' in question(file_of({"Status": ["Active", "Not active"], "Plan": ["pro", "free"]}))


def test_a_box_to_untick_agrees_and_a_subscription_may_be_a_paid_one() -> None:
    assert left_out(file_of({"Untick if you do not want to receive our news": ["yes", "no"]})) == [1]
    assert '"true" in 1 row' in question(file_of({"Subscription paused": ["false", "true"]}))
    assert '"churned" in 1 row' in question(file_of({"type": ["regular", "unactivated", "churned"]}))


@pytest.mark.parametrize("stem", ["nonsubscribed_members_export", "Abmeldungen 2024", "bajas_newsletter", "Odhlášení"])
def test_names_of_files_say_that_people_left(stem: str) -> None:
    found = mail_name(stem)
    assert found is not None
    assert (found.says, found.strength) == ("left", "sure")
