"""Jobs about lists, segments, fields, opt-outs and files; as the definitions of the tools lead a reader to do them."""

from csv import DictReader
from typing import Any

from benchmarks.job_project import ANNA, CEO, DAVID, JANE, LENA, THU, THU_AT_WORK, Play, emails_of, job, people

SUPPRESSED = "Newsletter mail"


def segment(*conditions: tuple[str, str]) -> dict[str, Any]:
    """Return the arguments of a segment whose fields equal these values."""
    groups = [{"field": of, "fieldType": "string", "operator": "equals", "value": value} for of, value in conditions]
    return {"type": "segment", "filterCriteria": {"logicalOperator": "AND", "groups": groups}}


@job("7b", "Which of these five are VIPs?")
async def which_are_vips(play: Play) -> None:
    """Who is in the list, who is not, and who is no contact is in one answer."""
    answer = await play.call("find_contacts", list="VIP", emails=[JANE, DAVID, LENA, THU, "nobody@home.example"])
    play.check(
        set(emails_of(answer["contacts"])) == {JANE, DAVID},
        set(answer["notInList"]) == {LENA, THU},
        answer["notFound"] == ["nobody@home.example"],
    )


@job("8", "How many VIPs use Gmail?")
async def gmail(play: Play) -> None:
    """The number is in the answer."""
    answer = await play.call("find_contacts", list="VIP", emailContains="@gmail.com", limit=1)
    play.check(answer["total"] == 2)


@job("9", "Make a segment of the pro users in Germany")
async def make_segment(play: Play) -> None:
    """The two are in it, and the answer counts them."""
    answer = await play.call(
        "create_contact_list", name="Pro in Germany", **segment(("plan", "pro"), ("location", "Germany"))
    )
    play.check(play.members("Pro in Germany") == {JANE, LENA}, answer["contactCount"] == 2)


@job("9b", "The same by a field that nobody has")
async def segment_on_nothing(play: Play) -> None:
    """The answer says that the field is not there and that nobody is in the segment."""
    answer = await play.call("create_contact_list", name="Germany", **segment(("country", "Germany")))
    play.check("country" in "".join(answer["notes"] or [answer.text]), play.members("Germany") == set())


@job("10", "Rename the field location to city")
async def rename_field(play: Play) -> None:
    """Fields cannot be renamed: the values of all are in a new one, the old one is gone."""
    said = await play.call("create_custom_field", fieldName="city", fieldType="string")
    play.check(said.is_error, "reserve" in said.text)
    await play.call("create_custom_field", fieldName="homeCity", fieldType="string")
    holders = await play.call("create_contact_list", name="Has location", **LOCATED)
    found = await play.call("find_contacts", list="Has location", fields=["customFields"], limit=100)
    moved = [
        {"email": one["email"], "customFields": {"homeCity": one["customFields"]["location"]}}
        for one in found["contacts"]
    ]
    await play.call("upsert_contacts", contacts=moved)
    await play.call("delete_custom_field", fieldName="location", confirm="location")
    await play.call("undo", write=holders["undo"], confirm="Has location")
    play.check(
        play.custom(JANE)["homeCity"] == "Germany",
        play.custom(THU_AT_WORK) == {"homeCity": "Vietnam"},
        "location" not in play.fields(),
        play.members("Has location") == set(),
    )


LOCATED: dict[str, Any] = {
    "type": "segment",
    "filterCriteria": {
        "logicalOperator": "AND",
        "groups": [{"field": "location", "fieldType": "string", "operator": "is_not_empty"}],
    },
}


@job("11", "Unsubscribe Lena from newsletters; she still needs receipts")
async def unsubscribe(play: Play) -> None:
    """She is in the group of the newsletters, and in no other."""
    await play.call("list_suppression_groups")
    await play.call("suppress_emails", emails=[LENA], group=SUPPRESSED)
    play.check(play.opted_out_of(LENA) == {SUPPRESSED})


@job("11S", "The same by the group's name in small letters")
async def unsubscribe_by_name(play: Play) -> None:
    """She is in the group of the newsletters, and in no other."""
    await play.call("suppress_emails", emails=[LENA], group="newsletter mail")
    play.check(play.opted_out_of(LENA) == {SUPPRESSED})


@job("11c", "The same, tried as a field")
async def unsubscribe_as_a_field(play: Play) -> None:
    """The field is refused with the tool that does it, and no field came into being."""
    known = play.fields()
    said = await play.call("upsert_contact", email=LENA, customFields={"unsubscribed": True})
    play.check(said.is_error, "suppress_emails" in said.text, play.fields() == known)
    await play.call("suppress_emails", emails=[LENA], group=SUPPRESSED)
    play.check(play.opted_out_of(LENA) == {SUPPRESSED})


@job("12", "Put Thu back on the newsletter")
async def back_on_the_list(play: Play) -> None:
    """She is in the list, and the answer says that its automations started."""
    answer = await play.call("add_to_list", list="Newsletter", emails=[THU])
    play.check(THU in play.members("Newsletter"), "automation" in answer.text)


@job("12S", "Carl wants our mail again, all of it")
async def resubscribe(play: Play) -> None:
    """No opt-out of his is left."""
    await play.call("unsuppress_emails", emails=[CEO], everywhere=True)
    play.check(play.opted_out_of(CEO) == set())


@job("13S", "Never email Thu again")
async def never_again(play: Play) -> None:
    """Both addresses of Thu are in the group of all mail, and remain contacts."""
    found = await play.call("find_contacts", name="Thu")
    await play.call("suppress_emails", emails=emails_of(found["contacts"]), everywhere=True)
    play.check(all(play.opted_out_of(email) for email in (THU, THU_AT_WORK)), bool(play.contact(THU)))


@job("14", "Move everybody from Old customers to VIP")
async def move(play: Play) -> None:
    """The 30 are in the new list, and the old one is empty."""
    there = {*play.seed(people(29, "shop.example"), "Old customers"), "bob@home.example"}
    await play.call("add_to_list", list="VIP", fromList="Old customers")
    found = await play.call("find_contacts", list="Old customers", limit=100, csv=True)
    await play.call("remove_from_list", list="Old customers", emails=found["csv"][1:])
    play.check(there <= play.members("VIP"), play.members("Old customers") == set())


@job("15", "No, undo that")
async def undo_move(play: Play) -> None:
    """Who was in which list is as it was before."""
    play.seed(people(29, "shop.example"), "Old customers")
    before = {name: play.members(name) for name in ("VIP", "Old customers")}
    added = await play.call("add_to_list", list="VIP", fromList="Old customers")
    await play.call("undo", write=added["undo"])
    play.check({name: play.members(name) for name in before} == before)


@job("16", "Add the 200 rows of this CSV to the VIPs")
async def rows_in_bulk(play: Play) -> None:
    """All 200 are contacts and in the list, each welcomed there once."""
    rows = people(200, "shop.example")
    for start in (0, 100):
        await play.call("upsert_contacts", contacts=rows[start : start + 100], listIds=["VIP"])
    joined = [email for email, name in play.started() if name == "Welcome to VIP"]
    play.check({*emails_of(rows)} <= play.members("VIP"), sorted(joined) == sorted(emails_of(rows)))


@job("16S", "The same with the tools of imports", toolsets="contacts,lists,fields,suppressions,imports")
async def rows_as_a_file(play: Play) -> None:
    """The dry run foretells what joins and starts; all 200 are contacts and in the list, each welcomed there once."""
    rows = people(200, "shop.example")
    play.seed(rows[:4])
    lines = [",".join([row["email"], row["firstName"], row["lastName"], row["customFields"]["plan"]]) for row in rows]
    text = "\n".join(["email,first name,last name,plan", *lines])
    shown = await play.call("start_import", text=text, listIds=["VIP"], dryRun=True)
    play.check("Welcome to VIP" in shown.text, play.started() == [])
    done = await play.call("start_import", importId=shown["importId"])
    while done["outcome"] not in {"done", "partly_done"}:
        done = await play.call("get_import", importId=done["importId"])
    joined = [email for email, name in play.started() if name == "Welcome to VIP"]
    play.check({*emails_of(rows)} <= play.members("VIP"), sorted(joined) == sorted(emails_of(rows)))


@job("19", "Export the 215 VIPs with names and plan")
async def export(play: Play) -> None:
    """Each of them is in the answers once, with names and plan."""
    play.seed(people(212, "shop.example"), "VIP")
    asked = {"list": "VIP", "fields": ["firstName", "lastName", "customFields"], "limit": 100, "csv": True}
    answer = await play.call("find_contacts", **asked)
    rows = [*DictReader(answer["csv"])]
    while answer["nextCursor"]:
        answer = await play.call("find_contacts", **asked, cursor=answer["nextCursor"])
        rows += DictReader(answer["csv"])
    play.check(set(emails_of(rows)) == play.members("VIP"), len(rows) == 215)
    play.check(all(row["firstName"] for row in rows), rows[-1]["customFields.plan"] in {"pro", "free"})


@job("22", "Add Lena to the active users (a segment)")
async def into_a_segment(play: Play) -> None:
    """It is refused, as AutoSend fills segments by their conditions, which the answer shows; nobody changed."""
    said = await play.call("add_to_list", list="Active users", emails=[LENA])
    play.check(said.is_error, "logins" in said.text, play.members("Active users") == set())


@job("23", "Add Lena to vip and Launch Party")
async def other_case(play: Play) -> None:
    """She is in both lists."""
    await play.call("add_to_list", list="vip", emails=[LENA])
    said = await play.call("add_to_list", list="Launch Party", emails=[LENA])
    if said.is_error:
        await play.call("add_to_list", list="Launch Party 2024", emails=[LENA])
    play.check(LENA in play.members("VIP") & play.members("Launch Party 2024"))


@job("31", "Add Carl to the newsletter (he opted out)")
async def opted_out(play: Play) -> None:
    """He is not in the list, no mail went out, and the answer advises to leave him out and tell the user."""
    said = await play.call("add_to_list", list="Newsletter", emails=[CEO])
    play.check(CEO not in play.members("Newsletter"), play.started() == [], "opted out" in said.text)
    play.check("eave them out" in said.text, ANNA not in play.members("Newsletter"))
