"""What the name of a status column is about: mail, or something else that somebody left, refused or agreed to."""

# ruff: noqa: RUF001 - letters of other scripts are meant

import pytest

from autosend_mcp.models.opt_out_names import mail_name
from tests.support.importing import file_of
from tests.support.opt_outs import left_out, outcome, question, read

# The first cell says yes, the second no.
AGREEING = """
Werbeerlaubnis | ja | nein; E-Mail-Erlaubnis | ja | nein; Mailfreigabe | ja | nein; Mail erlaubt | ja | nein
Marketable | true | false; Sendable | Y | N; canBeMailed | true | false; preferences.newsletter | true | false
wc_marketing_optin | yes | no; mailchimp_woocommerce_is_subscribed | 1 | 0; buyer_accepts_marketing | true | false
Opt status | In | Out; DOI status | confirmed | pending; CASL status | Express | None; CASL consent | Yes | No
İYS Durumu | ONAY | RET; Email status | Confirmed | Non-marketable; Status | Subscribed | IspComplained
Consenso all'invio di newsletter | sì | no; Prenumererar på nyhetsbrev | ja | nej; Riceve newsletter | sì | no
Zgoda na przetwarzanie danych | tak | nie; Souhlas s marketingem | ano | ne; Suscrito al boletín | sí | no
メルマガ登録 | あり | なし; Newsletter | する | しない
"""
REFUSING = """
Lista Robinson | no | sí; Liste Robinson | non | oui; Robinsonlisten | nej | ja; Unmarketable | false | true
Email Suspended | false | true; email1_is_bad | false | true; IsBounceback | False | True
Opt me out of emails | no | yes; No desea publicidad | no | sí; Ønsker ikke nyhedsbrev | nej | ja
Vill ej ha utskick | nej | ja; Widerspruch gegen Werbung | nein | ja; Sprzeciw marketingowy | nie | tak
Revoca consenso | no | sì; Kara liste | Hayır | Evet; Daftar hitam | tidak | ya; Danh sách đen | không | có
Чорний список | ні | так; ブラックリスト | | ○; 블랙리스트 | N | Y; القائمة السوداء | لا | نعم
सदस्यता रद्द | नहीं | हाँ; בקשת הסרה מרשימת תפוצה | לא | כן; บัญชีดำ | ไม่ใช่ | ใช่
Unsubscribed from course updates | no | yes; Order updates unsubscribed | no | yes
"""
# Nobody but the user knows; nobody is mailed unasked, and nobody is left out. The last cell is the one to ask about.
UNKNOWN = """
Newsletter geblockt von | nein | ja; Avböjt utskick | nej | ja; Refuză newsletter | nu | da
Запрет рассылки | нет | да; Nezasílat newsletter | ne | ano; Nesouhlas s marketingem | ne | ano
Mailing Blokada | nie | tak; ไม่รับข่าวสาร | ไม่ใช่ | ใช่; 案内メール不要 | | ○; DM拒否 | | ○; ईमेल बंद | नहीं | हाँ
לא מעוניין בדיוור | לא | כן; Stop iklan | tidak | ya; Stop pub | non | oui; Ne plus contacter | non | oui
Quitar de la lista | no | sí; Стоп-лист | нет | да; Werbestopp | nein | ja; On hold | no | yes
Withdrawal date | | 2024-01-02; Beschwerde | nein | ja; Rezygnacja | nie | tak; Oposición | no | sí
Abmeldung Sommerfest | | 2024-02-03; Abmeldung Aktion | | per Brief; Baja por enfermedad | no | sí
Avmeldt tur | nei | ja; Requested removal | No | Yes; Right to be forgotten | No | Yes; ShouldForget | false | true
Not interested | No | Yes; Opt out of arbitration | no | yes; Not subscribed to Prime | no | yes
Bounced transfer | no | yes; Would you like to stay informed? | Yes | No
I'd like to hear about future events | Yes | No
Would you like our newsletter sent to you? | Yes | No thank you, never; Happy to be contacted | Yes | No
Partner offers | 1 | 0; Werbemails | ja | nein; Rundmail | ja | nein; Verteiler | ja | nein; E-postutskick | ja | nej
Eblast | Yes | No; E-news | Yes | Rarely, no; Marketing consent (acme) | 2024-01-02 |; E-bülten | evet |
Newsletter Hamburg | ja |; newsletters | yes |; newsletters | Daily |; Magazine subscription | yes | no
Einwilligung Ausflug | ja | nein; Acepta mascotas | sí | no; Newsletter form | yes | no
Consentement marketing | accordé | retiré; last_event | delivered | bounced; notificationType | Delivery | Complained
newsletter_state | 1 | -1; ยินยอมรับข่าวสาร | ใช่ | ไม่ใช่; मार्केटिंग सहमति | हाँ | नहीं
Đăng ký nhận tin | có | không; 마케팅 동의 | 동의 | 미동의; Data Processing Basis | Consent - Obtained | No consent
Persetujuan acara | ya | tidak; On Hold (bounce) | | On Hold Opt Out
"""
# What denies a refusal, and what refuses in words that are not known, is asked about, too.
DENIED = """
Nicht mehr abgemeldet | nein | ja; Nicht vom Newsletter abgemeldet | nein | ja; не отписан | нет | да
Opt-out: No | no | yes
Jamais désabonné | non | oui; No está en lista negra | no | sí; Unsubscribed: No | no | yes
Kara liste değil | Hayır | Evet
Opt-in: No | no | yes; Opt-in odmítnuto | ne | ano; Newsletter aus | nein | ja; Out of mailing list | no | yes
Nicht auf der Sperrliste | | x; Pas d'opposition à la newsletter | | x; Newsletter afgewezen | nee | ja
Mailing zakaz | nie | tak
"""
# Nothing of mail.
OTHERS = """
Newsletter geöffnet | ja | nein; Newsletter versendet | ja | nein; Newsletter gelesen | ja | nein
Nyhetsbrev skickat | ja | nej; Newsletter ouverte | oui | non; Boletín abierto | sí | no; Newsletter inviata | sì | no
Newsletter wysłany | tak | nie; Newsletter editor | Ann | none; Newsletter author | yes | no; Email open rate | 0 | 1
Mail No | 1 | 2; Mail order | yes | no; Welcome email sent | yes | no; Order on hold | no | yes
Student course withdrawn | no | yes; Withdrawal amount | 100 | 0; Right of withdrawal waived | no | yes
Baja laboral | no | sí; Baja médica | no | sí; Fecha baja empleado | | 2024-01-02; Planta baja | no | sí
Widerrufsrecht akzeptiert | ja | nein; Widerrufsbelehrung erhalten | ja | nein; Widerruf (Bestellung) | nein | ja
Vertrag widerrufen | nein | ja; Abmeldung Kita | | 2024-02-03; Abmeldung Kurs | nein | ja; Kfz abgemeldet | nein | ja
Accepts cancellation policy | yes | no; Accepts insurance | yes | no; Consent to treatment | yes | no
Allow overtime | yes | no; Offer accepted | yes | no; Accepted offers | 1 | 0; Allowance | 1 | 0
Einwilligung Fotos | ja | nein; Ajolupa | kyllä | ei; Bounced payments | 0 | 1; Bounce house rental | no | yes
Room cleaned | no | yes; Quarantined stock | no | yes; No contact lenses | no | yes; Do not send invoice | no | yes
Invoice by email | yes | no; Suppressed immune system | no | yes; Liefersperre | nein | ja
Opposition bancaire | non | oui; Revoca patente | no | sì; Rezygnacja z kursu | nie | tak
Uitgeschreven van cursus | nee | ja; Odhlášen z kurzu | ne | ano; Жалоба на товар | нет | да
Subscription box | yes | no; Subscription price | 10 | 0; Cheque result | bounced | cleared; Job offers | 0 | 1
Pub quiz | yes | no; Order Status | paid | cancelled; Payment Status | paid | failed; Subscription Plan | free | pro
Job title | Email Marketing Manager | CEO; Return reason | | damaged; Product | Spam can | Mailer box
Notes | likes tea | call back in March; Mailing State | CA | OR
"""


def rows_of(table: str) -> list[tuple[str, list[str]]]:
    rows = [row.split("|") for line in table.strip().splitlines() for row in line.split(";") if row.strip()]
    return [(name.strip(), [cell.strip() for cell in cells]) for name, *cells in rows]


def outcomes(table: str) -> dict[str, str | list[int]]:
    return {f"{name}: {cells}": outcome(file_of({name: cells})) for name, cells in rows_of(table)}


def test_a_name_that_agrees_or_refuses_is_read_the_right_way_round() -> None:
    found = outcomes(AGREEING + REFUSING)
    assert {name: said for name, said in found.items() if said != [1]} == {}


def test_a_name_that_may_be_of_something_else_is_asked_about() -> None:
    assert {name: said for name, said in outcomes(UNKNOWN + DENIED).items() if said != "asked"} == {}


@pytest.mark.parametrize("name", ["Opted-out, not to be contacted", "Opt-out: No", "Opt in/out", "Avböjt utskick"])
@pytest.mark.parametrize("cells", [["yes"], ["no"], ["2024-01-02"], ["x", ""], ["1", "2"], ["yes", "by phone"]])
def test_each_answer_to_a_name_that_can_be_read_both_ways_is_asked_about(name: str, cells: list[str]) -> None:
    assert outcome(file_of({name: cells})) == "asked"


def test_what_is_stated_of_a_yes_leaves_the_no_to_be_asked_about() -> None:
    answers = file_of({"Opt in/out": ["yes", "no"]})
    assert '"yes" in 1 row, "no" in 1 row' in question(answers)
    assert '"no" in 1 row' in question(answers, mailable={"Opt in/out": ["yes"]})
    assert '"yes" in 1 row' in question(answers, mailable={"Opt in/out": ["no"]})
    assert left_out(answers, mailable={"Opt in/out": ["yes"]}, no_mail={"Opt in/out": ["no"]}) == [1]


def test_an_address_in_a_column_of_who_may_have_left_is_asked_about() -> None:
    assert outcome(file_of({"Abmeldung Aktion": ["", "ann@example.com"]})) == "asked"


def test_a_plain_no_stays_one_whatever_else_is_asked_about() -> None:
    answers = file_of({"Newsletter": ["yes", "no", "", "-5"]})
    assert '"Newsletter" has (blank) in 1 row, "-5" in 1 row' in question(answers)
    assert left_out(answers, mailable={"Newsletter": ["*"]}) == [1]


def test_what_became_of_mails_and_what_is_of_other_things_is_ignored() -> None:
    assert {name: said for name, said in outcomes(OTHERS).items() if said != []} == {}


def test_a_blank_beside_a_yes_and_a_code_below_zero_are_asked_about() -> None:
    assert '"newsletters" has (blank) in 1 row' in question(file_of({"newsletters": ["yes", ""]}))
    assert '"-1" in 1 row' in question(file_of({"newsletter_state": ["1", "-1"]}))
    assert left_out(file_of({"newsletters": ["yes", "no"]})) == [1]


ANSWERS = {
    "Newsletter": "yes",
    "Mailing": "ja",
    "Status": "subscribed",
    "Statut du contact": "abonné",
    "Статус": "подписан",
}
OTHER_ANSWERS = [
    "nope",
    "abgem.",
    "saiu",
    "se dio de baja",
    "550",
    "-1",
    "відмовився",
    "left the list",
    "kein Interesse",
]


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_in_words_that_are_not_known_is_asked_about(name: str) -> None:
    found = {answer: outcome(file_of({name: [ANSWERS[name], answer]})) for answer in OTHER_ANSWERS}
    assert set(found.values()) == {"asked"}
    assert outcome(file_of({name: [ANSWERS[name], "\u26d4"]})) == [1]
    assert outcome(file_of({name: ["weekly", "daily"]})) == []


@pytest.mark.parametrize(
    "name", ["complaints.csv", "unsubscribed, no reason.csv", "bounces acme 2024.csv", "Widerrufe.csv", "withdrawn.csv"]
)
def test_a_file_that_may_be_of_people_who_left_is_refused(name: str) -> None:
    assert "The name of the file" in question(b"email\nann@example.com\n", name)


@pytest.mark.parametrize(
    "name", ["orders on hold course.csv", "baja laboral.csv", "kita abmeldungen.csv", "newsletter.csv"]
)
def test_a_file_of_people_who_left_something_else_is_imported(name: str) -> None:
    assert read(b"email\nann@example.com\n", name).opted_out == 0


def test_a_name_of_another_subject_is_none_of_mail() -> None:
    names = ["Abmeldung Kita", "Baja laboral", "Consent to treatment", "Order on hold", "Newsletter geöffnet"]
    assert [name for name in names if mail_name(name)] == []
