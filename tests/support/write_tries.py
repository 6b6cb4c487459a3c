"""One call of each tool that writes: its arguments, its request, and how much of it is so in AutoSend."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.lost_writes import World


@dataclass
class Try:
    """One call, and how much of it is so in AutoSend: 1.0 for all of it. `requests`: how many it sends that write."""

    tool: str
    arguments: dict[str, Any]
    request: str
    share: Callable[[], Awaitable[float]]
    requests: int = 1


def confirm_of(emails: Sequence[str]) -> str:
    return emails[0] if len(emails) == 1 else str(len(emails))


def share_of(done: Sequence[bool]) -> float:
    return sum(done) / len(done)


async def creating(world: World) -> Try:
    (email,) = world.emails(1)[:1]
    lists = [await world.make_list() for _ in range(world.rng.randrange(3))]
    values = {"email": email, "firstName": "Ann", "customFields": {"plan": "pro"}}

    async def share() -> float:
        contact = (await world.found([email])).get(email, {})
        return float(contact.get("firstName") == "Ann")

    return Try("create_contact", values | {"listIds": [name for _, name in lists]}, "POST /contacts ", share)


async def upserting(world: World) -> Try:
    emails = await world.make_people(1) if world.rng.random() < 0.7 else world.emails(1)
    email = emails[0]
    lists = [await world.make_list() for _ in range(world.rng.randrange(3))]
    first_name, logins = world.rng.choice(["Jane", "Ann"]), world.rng.choice([1, 2])

    async def share() -> float:
        contact = (await world.found([email])).get(email, {})
        custom: dict[str, Any] = contact.get("customFields") or contact.get("contactProperties") or {}
        done = [contact.get("firstName") == first_name, custom.get("logins") == logins]
        if not lists or (first_name, logins) != ("Jane", 1):
            return float(all(done))
        inside = [email in await world.members(list_id) for list_id, _ in lists]
        return float(all(done) and any(inside))

    asked: dict[str, Any] = {"email": email, "firstName": first_name, "customFields": {"logins": logins}}
    asked["listIds"] = [name for _, name in lists]
    return Try("upsert_contact", asked, "POST /contacts/email ", share)


async def upserting_many(world: World) -> Try:
    emails = await world.make_people(50) + world.emails(50)
    rows = [{"email": email, "firstName": "Ann", "customFields": {"logins": 2}} for email in emails]

    async def share() -> float:
        found = await world.found(emails)
        return share_of([found.get(email, {}).get("firstName") == "Ann" for email in emails])

    return Try("upsert_contacts", {"contacts": rows}, "POST /contacts/bulk-update ", share)


async def deleting(world: World) -> Try:
    emails = await world.make_people(100)

    async def share() -> float:
        found = await world.found(emails)
        return share_of([email not in found for email in emails])

    request = "DELETE /contacts/" if len(emails) == 1 else "POST /contacts/remove "
    return Try("delete_contacts", {"emails": emails, "confirm": confirm_of(emails)}, request, share)


async def adding(world: World) -> Try:
    emails = await world.make_people(100)
    list_id, name = await world.make_list()

    async def share() -> float:
        inside = await world.members(list_id)
        return share_of([email in inside for email in emails])

    people = await by_address_or_id(world, emails)
    return Try("add_to_list", {"list": name, **people}, "POST /contact-lists/contacts/bulk-add ", share)


async def removing(world: World) -> Try:
    emails = await world.make_people(100)
    list_id, name = await world.make_list(emails)

    async def share() -> float:
        inside = await world.members(list_id)
        return share_of([email not in inside for email in emails])

    people = await by_address_or_id(world, emails)
    return Try("remove_from_list", {"list": name, **people}, f"POST /contact-lists/{list_id}/contacts/remove ", share)


async def by_address_or_id(world: World, emails: list[str]) -> dict[str, Any]:
    if world.rng.random() < 0.5:
        return {"emails": emails}
    return {"contactIds": [contact["id"] for contact in (await world.found(emails)).values()]}


async def making_list(world: World) -> Try:
    name = f"list {world.name()}"

    async def share() -> float:
        return float(name in await list_names(world))

    return Try("create_contact_list", {"name": name}, "POST /contact-lists ", share)


async def deleting_list(world: World) -> Try:
    list_id, name = await world.make_list()

    async def share() -> float:
        return float(name not in await list_names(world))

    return Try("delete_contact_list", {"list": name, "confirm": name}, f"DELETE /contact-lists/{list_id}", share)


async def list_names(world: World) -> set[str]:
    data = await world.ask("GET", "contact-lists")
    return {row["name"] for row in data.get("lists", data.get("contacts"))}


async def field_names(world: World) -> set[str]:
    return {row["fieldName"] for row in (await world.ask("GET", "custom-fields"))["customFields"]}


async def making_field(world: World) -> Try:
    name = world.name()

    async def share() -> float:
        return float(name in await field_names(world))

    return Try("create_custom_field", {"fieldName": name, "fieldType": "string"}, "POST /contact-properties ", share)


async def deleting_field(world: World) -> Try:
    name = world.name()
    await world.ask("POST", "custom-fields", {"fieldName": name, "fieldType": "string"})

    async def share() -> float:
        return float(name not in await field_names(world))

    return Try("delete_custom_field", {"fieldName": name, "confirm": name}, "DELETE /contact-properties/", share)


WHERE: list[dict[str, Any]] = [{"everywhere": True}, {"group": "Default"}]


async def suppressing(world: World) -> Try:
    emails = world.emails(100)

    async def share() -> float:
        inside = await world.suppressed()
        return share_of([email in inside for email in emails])

    request = "POST /suppression-groups/emails/suppress "
    return Try("suppress_emails", {"emails": emails, **world.rng.choice(WHERE)}, request, share)


async def unsuppressing(world: World) -> Try:
    emails, where = world.emails(100), world.rng.choice(WHERE)
    if "everywhere" in where:
        await world.ask("POST", "suppression-groups/emails/suppress", {"emails": emails, "isGlobal": True})
    await world.ask(
        "POST", "suppression-groups/emails/suppress", {"emails": emails[: world.rng.randrange(3)] or emails}
    )

    async def share() -> float:
        inside = await world.suppressed()
        return share_of([email not in inside for email in emails])

    request = "POST /suppression-groups/emails/unsuppress "
    return Try(
        "unsuppress_emails", {"emails": emails, **where}, request, share, requests=2 if "everywhere" in where else 1
    )


async def groups(world: World) -> dict[str, Any]:
    data = await world.ask("GET", "suppression-groups")
    return {row["name"]: row for row in data["groups"]}


async def making_group(world: World) -> Try:
    name = f"group {world.name()}"

    async def share() -> float:
        return float(name in await groups(world))

    return Try("create_suppression_group", {"name": name}, "POST /suppression-groups ", share)


async def changing_group(world: World) -> Try:
    name = f"group {world.name()}"
    made = await world.ask("POST", "suppression-groups", {"name": name, "isActive": world.rng.random() < 0.5})
    asked = world.rng.choice([{"name": f"{name}x"}, {"description": "d"}, {"isActive": not made["isActive"]}])

    async def share() -> float:
        now = await world.ask("GET", f"suppression-groups/{made['groupId']}")
        return float(all(now[key] == value for key, value in ({"isActive": made["isActive"]} | asked).items()))

    request = f"PUT /suppression-groups/{made['groupId']}"
    return Try("update_suppression_group", {"group": name, **asked}, request, share)


async def deleting_group(world: World) -> Try:
    name = f"group {world.name()}"
    made = await world.ask("POST", "suppression-groups", {"name": name})

    async def share() -> float:
        return float(name not in await groups(world))

    request = f"DELETE /suppression-groups/{made['groupId']}"
    return Try("delete_suppression_group", {"group": name, "confirm": name}, request, share)


MAKERS: dict[str, Callable[[World], Awaitable[Try]]] = {
    "create_contact": creating,
    "upsert_contact": upserting,
    "upsert_contacts": upserting_many,
    "delete_contacts": deleting,
    "create_contact_list": making_list,
    "delete_contact_list": deleting_list,
    "add_to_list": adding,
    "remove_from_list": removing,
    "create_custom_field": making_field,
    "delete_custom_field": deleting_field,
    "suppress_emails": suppressing,
    "unsuppress_emails": unsuppressing,
    "create_suppression_group": making_group,
    "update_suppression_group": changing_group,
    "delete_suppression_group": deleting_group,
}
