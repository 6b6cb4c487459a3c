"""What of a step can be taken back now: what the write changed, and nobody has changed since."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from autosend_mcp.api import contact_lists, contacts, suppression_groups
from autosend_mcp.api.calls import Call
from autosend_mcp.api.directory import own_properties, read_lists, read_properties
from autosend_mcp.models.base import Changes, Step
from autosend_mcp.models.comparison import as_made, listed, restoring
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contacts.contact import StoredContact
from autosend_mcp.models.suppression_groups.group_tools import taken_back

GONE = "is no contact any more"
ANOTHER = "another contact has this address now"
NOT_EXACT = "what it was before cannot be sent"
PEOPLE_IN_IT = "people were put in since; delete_contact_list deletes it all the same"
OPT_OUTS_IN_IT = "somebody opted out since; delete_suppression_group deletes it all the same"


@dataclass(slots=True)
class Ready:
    """A step as it would be carried out now: without what is so already, and what was changed since.

    `call`: what is to be called; None where nothing is left to do. `left`: what stays as it is, and why. `names` and
    `ids` of what it deletes, `kind` of thing, and `shows`, the same as data.
    """

    step: Step
    call: Step | None
    left: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    kind: str = ""
    names: list[str] = field(default_factory=list[str])
    ids: list[str] = field(default_factory=list[str])
    shows: list[object] = field(default_factory=list[object])


async def look(call: Call, step: Step) -> Ready:
    """Return the step as it would be carried out now.

    Raises:
        AutoSendError: How it is now could not be read.
    """
    return await _LOOKS[step.tool](call, step) if step.tool in _LOOKS else Ready(step, step)


async def _made_contacts(call: Call, step: Step) -> Ready:
    found = await call.read(contacts.search_emails([*step.changed]))
    own = await own_properties(call, found.values())
    ready = Ready(step, None, kind="contact")
    for email, made in step.changed.items():
        if (contact := found.get(email)) is None:
            continue
        now = as_made(contact, own)
        since = [name for name in {**made, **now} if not _same(_value(made, name, "now"), _value(now, name, "now"))]
        if "id" in since:
            ready.left.append({"email": email, "why": ANOTHER})
        elif since:
            why = f"changed since: {listed(since)}; delete_contacts deletes it all the same"
            ready.left.append({"email": email, "why": why})
        else:
            ready.names.append(contact.email)
            ready.ids.append(contact.id)
            ready.shows.append({name: value["now"] for name, value in made.items()} | {"email": contact.email})
    if ready.names:
        ready.call = Step(step.tool, {"emails": list(ready.names)})
    return ready


async def _changed_contacts(call: Call, step: Step) -> Ready:
    found = await call.read(contacts.search_emails([*step.changed]))
    ready, back = Ready(step, None), list[dict[str, Any]]()
    for email, changed in step.changed.items():
        if email not in found:
            ready.left.append({"email": email, "why": GONE})
            continue
        ours, since = _still_ours(changed, found[email])
        if since:
            ready.left.append({"email": email, "why": f"changed since: {listed(since)}"})
        values = restoring(email, ours)
        if values is None:
            ready.left.append({"email": email, "why": NOT_EXACT})
        elif values:
            back.append(values)
    if back:
        ready.call = replace(step, arguments=back[0] if step.tool == "upsert_contact" else {"contacts": back})
    return ready


def _still_ours(changed: Changes, contact: StoredContact) -> tuple[Changes, list[str]]:
    """Return the changes that are still there, and the names of the values that somebody has changed since."""
    now = as_made(contact, None)
    ours = {name: value for name, value in changed.items() if _same(value["now"], _value(now, name, "now"))}
    back = [name for name, value in changed.items() if _same(value["was"], _value(now, name, "now"))]
    return ours, [name for name in changed if name not in ours and name not in back]


def _value(changed: Changes, name: str, when: str) -> object:
    return changed[name][when] if name in changed else None


def _same(one: object, other: object) -> bool:
    if one in (None, "") and other in (None, ""):
        return True
    return one == other and isinstance(one, bool) is isinstance(other, bool)


async def _members_that_left(call: Call, step: Step) -> Ready:
    """Return who is still a contact: AutoSend would create the others."""
    emails = cast("list[str]", step.arguments.get("emails", []))
    if not emails:
        return Ready(step, step)
    found = await call.read(contacts.search_emails(emails))
    there = [email for email in emails if email in found]
    left: list[dict[str, object]] = [{"email": email, "why": GONE} for email in emails if email not in found]
    put_back = replace(step, arguments={**step.arguments, "emails": there}) if there else None
    return Ready(step, put_back, left)


async def _made_list(call: Call, step: Step) -> Ready:
    rows = [row for row in await read_lists(call) if row.id == step.arguments["list"]]
    if rows and not rows[0].is_segment and await _holds_people(call, rows[0]):
        return Ready(step, None, [{"list": rows[0].name, "why": PEOPLE_IN_IT}])
    kind = "the segment" if rows and rows[0].is_segment else "the list"
    return _deletion(step, kind, [(row.name, row.id, row.named()) for row in rows])


async def _holds_people(call: Call, found: ContactList) -> bool:
    """Look who is in it where nobody is by its count: AutoSend counts in a queue."""
    return bool(found.contact_count or (await call.read(contact_lists.search(found.id, limit=1))).contacts)


async def _made_field(call: Call, step: Step) -> Ready:
    (name,) = step.arguments.values()
    rows = [row for row in await read_properties(call) if row.field_name == name]
    return _deletion(step, "the custom field", [(row.field_name, row.id or "", row.shown()) for row in rows])


async def _made_group(call: Call, step: Step) -> Ready:
    groups = await call.read(suppression_groups.list_all())
    rows = [group for group in groups if group.group_id == step.arguments["group"]]
    if rows and rows[0].suppression_count:
        return Ready(step, None, [{"group": rows[0].name, "why": OPT_OUTS_IN_IT}])
    return _deletion(step, "the suppression group", [(row.name, row.group_id, row.shown()) for row in rows])


def _deletion(step: Step, kind: str, rows: list[tuple[str, str, Mapping[str, object]]]) -> Ready:
    """Return the deletion of these, by name, id and data; nothing is to be done where there is none any more."""
    names, ids, shows = ([row[part] for row in rows] for part in range(3))
    return Ready(step, step if rows else None, [], kind, cast("list[str]", names), cast("list[str]", ids), [*shows])


async def _changed_group(call: Call, step: Step) -> Ready:
    ((group_id, changed),) = step.changed.items()
    rows = [group for group in await call.read(suppression_groups.list_all()) if group.group_id == group_id]
    if not rows:
        return Ready(step, None, [{"group": group_id, "why": "there is no such group any more"}])
    now = rows[0].shown()
    ours = {name: value for name, value in changed.items() if _same(value["now"], now.get(name))}
    since = [name for name in changed if name not in ours and not _same(changed[name]["was"], now.get(name))]
    why = f"changed since: {', '.join(since)}"
    left: list[dict[str, object]] = [{"group": rows[0].name, "why": why}] if since else []
    back = taken_back({name: dict(value) for name, value in ours.items()})
    return Ready(step, replace(step, arguments={"group": group_id, **back}) if back else None, left)


_LOOKS: dict[str, Callable[[Call, Step], Awaitable[Ready]]] = {
    "delete_contacts": _made_contacts,
    "upsert_contact": _changed_contacts,
    "upsert_contacts": _changed_contacts,
    "add_to_list": _members_that_left,
    "delete_contact_list": _made_list,
    "delete_custom_field": _made_field,
    "delete_suppression_group": _made_group,
    "update_suppression_group": _changed_group,
}
