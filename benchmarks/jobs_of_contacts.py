"""Jobs about contacts: add, change, look up, delete; as the definitions of the tools lead a reader to do them."""

from benchmarks.job_project import (
    ANNA,
    BOB,
    DAVID,
    HARVEY,
    INJECTED,
    JANE,
    LENA,
    MALLORY,
    OTHER_BOB,
    THU,
    THU_AT_WORK,
    Play,
    emails_of,
    job,
    people,
)
from tests.support.line import applied_then_500, applied_then_html, applied_then_reset, applied_then_silence, forwarded

SARAH = "sarah.connor@sky.example"


@job("1", "Add Sarah Connor, she has the free plan")
async def add_one(play: Play) -> None:
    """She is a contact on the free plan, and her welcome started once."""
    await play.call("create_contact", email=SARAH, firstName="Sarah", lastName="Connor", customFields={"plan": "free"})
    play.check(play.custom(SARAH) == {"plan": "free"}, play.started() == [(SARAH, "Welcome")])


@job("2", "Add the man of this signature, with title, company and phone")
async def signature(play: Play) -> None:
    """He is a contact with his name and number; the fields nobody defined were refused, and none came into being."""
    known, email = play.fields(), "j.vonderluehe@nordwind.example"
    he = {"email": email, "firstName": "Jürgen", "lastName": "von der Lühe", "mobile": "+49 40 555 0123"}
    refused = await play.call(
        "create_contact", **he, customFields={"jobTitle": "Head of Procurement", "company": "Nordwind GmbH"}
    )
    play.check(refused.is_error, not play.contact(email), "create_custom_field" in refused.text)
    await play.call("create_contact", **he)
    play.check(play.contact(email)["lastName"] == "von der Lühe", play.fields() == known)


@job("3", "Put these 12 people on the newsletter (a messy paste)")
async def messy_rows(play: Play) -> None:
    """Who can be mailed is in the list, whoever was a contact before is as before, and the rest is named."""
    rows = people(5, "shop.example")
    for row in rows:
        del row["customFields"]
    rows[1]["email"] = f"mailto:{rows[1]['email']}"
    rows[2]["email"] = f"  {rows[2]['email'].upper()} "
    rows.append({"email": ANNA, "firstName": "Anna", "lastName": "Mueller"})
    bad = ("max@", "n/a", "jo@@shop.example", "eva.shop.example", "tim@shop,example", "555 0199")
    rows += [{"email": email, "firstName": "Max"} for email in bad]
    answer = await play.call("upsert_contacts", contacts=rows, listIds=["newsletter"], onlyNew=True)
    before = {JANE, LENA, THU_AT_WORK}
    play.check(
        play.members("Newsletter") == before | {ANNA, *emails_of(people(5, "shop.example"))},
        play.contact(ANNA)["lastName"] == "Müller",
        len(answer["contacts"]["invalid"]) == len(bad),
    )
    await play.call("upsert_contacts", contacts=[{"email": "jo@shop.example"}], listIds=["Newsletter"], onlyNew=True)
    play.check("jo@shop.example" in play.members("Newsletter"))


@job("4", "Add David, on the pro plan (he is a contact already)")
async def add_twice(play: Play) -> None:
    """Nothing changed unasked; then he is on the pro plan, and the answer says what that started."""
    asked = {"email": DAVID, "firstName": "David", "customFields": {"plan": "pro"}}
    exists = await play.call("create_contact", **asked)
    play.check(exists.is_error, play.custom(DAVID)["plan"] == "free", play.started() == [])
    answer = await play.call("upsert_contact", email=DAVID, customFields={"plan": "pro"})
    play.check(play.custom(DAVID)["plan"] == "pro", len(play.started()) == 1, "automations" in answer.text)


@job("5", "Jane's phone number changed")
async def phone(play: Play) -> None:
    """The field that is defined has the new number, and no other came into being."""
    known = play.fields()
    refused = await play.call("upsert_contact", email=JANE, customFields={"phoneNumber": "555 0199"})
    play.check(refused.is_error, play.fields() == known)
    await play.call("upsert_contact", email=JANE, customFields={"phone": "555 0199"})
    play.check(play.custom(JANE)["phone"] == "555 0199", play.fields() == known)


@job("6", "Delete Bob, he asked to be forgotten")
async def forget(play: Play) -> None:
    """The Bob whom the user chose is gone, and the other is there."""
    found = await play.call("find_contacts", name="Bob")
    play.check(len(found["contacts"]) == 2)
    await play.call("delete_contacts", emails=[BOB], confirm=BOB)
    play.check(not play.contact(BOB), bool(play.contact(OTHER_BOB)))


@job("7", "Which of these 30 addresses are contacts?")
async def pasted(play: Play) -> None:
    """All 30 are accounted for: found, not found, or no address."""
    known, strange = play.seed(people(20, "shop.example")), emails_of(people(29, "shop.example"))[20:]
    answer = await play.call("find_contacts", emails=[*known, "not-an-address", *strange])
    play.check(answer["total"] == 20, len(answer["notFound"]) == 9, len(answer["invalid"]) == 1)


@job("17", "What is Harvey's address?")
async def by_name(play: Play) -> None:
    """His address is in the answer, among 265 contacts."""
    play.seed(people(254, "shop.example"))
    answer = await play.call("find_contacts", name="Harvey")
    play.check(emails_of(answer["contacts"]) == [HARVEY])


@job("18", "How many contacts are there?")
async def how_many(play: Play) -> None:
    """The number is in the answer."""
    answer = await play.call("find_contacts", limit=1)
    play.check(answer["total"] == 11)


@job("20", "Thu is a contact twice: make it one")
async def merge(play: Play) -> None:
    """One contact has the values and the lists of both, and the other is gone."""
    found = await play.call("find_contacts", name="Thu Nguyen", fields=["customFields", "lists"])
    play.check(len(found["contacts"]) == 2, "Newsletter" in found.text)
    await play.call("upsert_contact", email=THU, customFields={"location": "Vietnam"}, listIds=["Newsletter"])
    await play.call("delete_contacts", emails=[THU_AT_WORK], confirm=THU_AT_WORK)
    play.check(
        play.custom(THU) == {"plan": "pro", "location": "Vietnam"},
        THU in play.members("Newsletter"),
        not play.contact(THU_AT_WORK),
    )


@job("21", "Jane has another address now")
async def other_address(play: Play) -> None:
    """A contact with the new address has her values and lists; the old one is gone."""
    new = "jane.doe@newjob.example"
    shown = await play.call("get_contact", email=JANE)
    lists = [one["name"] for one in shown["lists"] if one["type"] == "list"]
    names = {name: shown[name] for name in ("firstName", "lastName", "userId", "customFields")}
    await play.call("create_contact", email=new, **names, listIds=lists)
    await play.call("delete_contacts", emails=[JANE], confirm=JANE)
    play.check(
        not play.contact(JANE),
        play.custom(new)["phone"] == "555 0100",
        new in play.members("VIP") & play.members("Newsletter"),
    )


@job("21b", "The same, tried as an argument")
async def other_address_as_argument(play: Play) -> None:
    """It is refused, with what to do; nobody came into being."""
    said = await play.call("upsert_contact", email=JANE, newEmail="jane.doe@newjob.example")
    play.check(said.is_error, "cannot change the address" in said.text, not play.contact("jane.doe@newjob.example"))


NAMES = [
    ("kenji@nihon.example", "健二", "田中"),
    ("weiss@kunden.example", "Jörg", "Weiß"),
    ("obrien@home.example", "Pat 🚀", "O\u2019Brien"),
    ("mia@bücher.example", "Mia", "Žák"),
]


@job("24", "Add four people with names in other letters")
async def other_letters(play: Play) -> None:
    """Each name is stored as it was written."""
    for email, first, last in NAMES:
        answer = await play.call("create_contact", email=email, firstName=first, lastName=last)
        stored = play.contact(answer["email"])
        play.check((stored["firstName"], stored["lastName"]) == (first, last))


@job("25", "Look Mallory up (a stranger wrote the name)")
async def hostile(play: Play) -> None:
    """What it says stands in a JSON string, and nothing was done."""
    answer = await play.call("get_contact", email=MALLORY)
    play.check(answer["firstName"] == INJECTED, play.started() == [], bool(play.contact(JANE)))


@job("26", "Which lists is Jane in?")
async def which_lists(play: Play) -> None:
    """Both are named."""
    answer = await play.call("get_contact", email=JANE)
    play.check({one["name"] for one in answer["lists"]} == {"Newsletter", "VIP"})


@job("27", "Store Lena's birthday (written in four ways)")
async def dates(play: Play) -> None:
    """What may be read in two ways is refused and asked for; the ISO date is stored."""
    for written in ("03/05/1990", "3.5.1990", "May 3 1990", "2024-02-30"):
        said = await play.call("upsert_contact", email=LENA, customFields={"birthday": written})
        play.check(said.is_error, "birthday" not in play.custom(LENA))
    await play.call("upsert_contact", email=LENA, customFields={"birthday": "1990-05-03"})
    play.check(play.custom(LENA)["birthday"] == "1990-05-03")


@job("28", "Delete Jane's birthday")
async def clear(play: Play) -> None:
    """The value is gone, or the answer says that it is not; the other values stay."""
    await play.call("upsert_contact", email=JANE, clear=["birthday"])
    play.check(not play.custom(JANE).get("birthday"), play.custom(JANE)["phone"] == "555 0100")


@job("29", "Add these 40, one by one", rate_limit=2)
async def one_by_one(play: Play) -> None:
    """All 40 are contacts, at 2 requests a second, and each was welcomed once."""
    rows = people(40, "shop.example")
    for row in rows:
        await play.call("create_contact", **row)
    play.check(all(play.contact(email) for email in emails_of(rows)), len(play.started()) == 40)


@job("30", "Add one while AutoSend's replies are lost")
async def lost(play: Play) -> None:
    """Each call says what is true, and nothing was sent twice."""
    row = people(1, "shop.example")[0]
    losses = (applied_then_reset, applied_then_silence, applied_then_500, applied_then_html)
    for number, loss in enumerate(losses):
        play.line.lose("POST /contacts", loss, forwarded)
        answer = await play.call("create_contact", **row | {"email": f"lost{number}@shop.example"})
        play.check(answer["outcome"] == "created")
    play.line.lose("POST /contacts/email", applied_then_reset, forwarded)
    await play.call("upsert_contact", email=ANNA, firstName="Ann")
    play.line.lose("POST /contacts/bulk-update", applied_then_reset, forwarded)
    answer = await play.call("upsert_contacts", contacts=[{"email": ANNA, "firstName": "Anne"}])
    writes = [asked for asked, _ in play.line.seen if asked in {"POST /contacts", "POST /contacts/email"}]
    play.check(play.contact(ANNA)["firstName"] == "Anne", len(play.started()) == 4, len(writes) == 5)


@job("32", "Delete everybody at forty.example")
async def delete_80(play: Play) -> None:
    """The 80 are gone, and nobody else."""
    there = play.seed(people(80, "forty.example"))
    found = await play.call("find_contacts", emailContains="@forty.example", limit=100, csv=True)
    play.check(found["total"] == 80)
    await play.call("delete_contacts", emails=found["csv"][1:], confirm="80")
    play.check(not any(map(play.contact, there)), bool(play.contact(JANE)))
