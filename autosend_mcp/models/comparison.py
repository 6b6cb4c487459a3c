"""How a contact differs from what is expected of it, or from what it was, and what would put it back."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import ValidationError

from autosend_mcp.models.base import Changes, Step, step
from autosend_mcp.models.contacts.contact import (
    CLEAR,
    CUSTOM,
    LISTS,
    NAMES,
    SEGMENTS,
    AnyContact,
    Contact,
    HeldContact,
    PersonChange,
    StoredContact,
    Values,
)
from autosend_mcp.models.text import quoted, visible, visible_data
from autosend_mcp.models.values import SYSTEM_PROPERTIES

NOT_SHOWN = "AutoSend's reply does not show the value asked for in: {}."
NOT_CLEARED = "AutoSend did not clear: {}."

_CUSTOM = f"{CUSTOM}."
_DATE = len("2024-03-01")  # a longer one has a time; two dates without one are compared as texts


def custom_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the custom fields among the values, none where there are none."""
    fields = values.get(CUSTOM)
    return cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}


def with_lists(values: Values, list_ids: Sequence[str]) -> Values:
    """Return the values with the lists to join, if any."""
    return values | {LISTS: list(list_ids)} if list_ids else values


def with_existing_values(expected: Values, before: AnyContact | None, own: Collection[str] | None = None) -> Values:
    """Return the request for these values that takes no other value from the contact there is.

    Whether AutoSend keeps what a request does not name is not documented for every request, so what the contact has
    besides is sent along, as it is; a custom field that it does not have is not cleared, for that might define one.
    The one policy for this, of tools and imports. `own`: the custom fields that can be sent; the others AutoSend sets
    by itself. None: any.
    """
    raw, fields = (before.raw, before.raw_fields) if before else ({}, {})
    names = {name: value for name in NAMES if isinstance(value := raw.get(name), str) and value}
    custom = {name: value for name, value in fields.items() if value is not None and _is_own(name, own)}
    custom |= {name: value for name, value in custom_fields(expected).items() if value is not None or name in custom}
    rest = {name: value for name, value in expected.items() if name != CUSTOM and (before or value != "")}
    return names | rest | ({CUSTOM: custom} if custom else {})


def own_values(contact: AnyContact, own: Collection[str] | None) -> dict[str, Any]:
    """Return the contact as AutoSend shows it, without its lists and what AutoSend sets: custom fields not `own`."""
    no_values = {*SYSTEM_PROPERTIES, LISTS, SEGMENTS}
    values = {name: value for name, value in contact.raw.items() if name not in no_values}
    if own is not None and contact.raw_fields:
        values[CUSTOM] = {name: value for name, value in contact.raw_fields.items() if _is_own(name, own)}
    return values


def _is_own(name: str, own: Collection[str] | None) -> bool:
    return own is None or visible(name) in own


def differences(expected: Mapping[str, Any], now: Contact | HeldContact) -> dict[str, dict[str, Any]]:
    """Return every expected value that the contact does not show: `{"firstName": {"asked": "Jane", "now": "Jan"}}`.

    What is to be cleared is asked for as "" or None. Lists count only where AutoSend shows the contact's.
    """
    return {
        name: {"asked": want, "now": have} for name, want, have in _pairs(expected, now) if not _same(name, want, have)
    }


def foretold(differing: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return `differences` in the words of a dry run: `{"firstName": {"was": "Jan", "wouldBe": "Jane"}}`."""
    return {name: {"was": values["now"], "wouldBe": values["asked"]} for name, values in differing.items()}


def remaining(expected: Values, contact: Contact, differing: Collection[str]) -> Values:
    """Return the arguments of an upsert that applies what differs; without lists and values that are there."""
    rest: Values = {"email": expected["email"]}
    rest |= {name: expected[name] for name in expected if name in differing}
    if lists_hidden(expected, contact):
        rest[LISTS] = expected[LISTS]
    custom = {name: value for name, value in custom_fields(expected).items() if f"{CUSTOM}.{name}" in differing}
    return rest | ({CUSTOM: custom} if custom else {})


def lists_hidden(expected: Mapping[str, Any], contact: Contact) -> bool:
    """Return whether lists are expected and AutoSend does not show the contact's."""
    return LISTS in expected and contact.list_ids is None


def is_expected(name: str, expected: Mapping[str, Any]) -> bool:
    """Return whether a value, named as `changes` names it, is one of those expected."""
    field, _, custom = name.partition(".")
    return custom in custom_fields(expected) if custom else field in expected


def combined(one: Values, other: Values) -> Values:
    """Return the values of both; where they contradict each other, those of the other."""
    custom = custom_fields(one) | custom_fields(other)
    return one | other | ({CUSTOM: custom} if custom else {})


def contradictions(one: Values, other: Values) -> list[str]:
    """Return the names of the values that the two do not agree on."""
    names = [name for name in one if name in other and name != CUSTOM and one[name] != other[name]]
    custom, further = custom_fields(one), custom_fields(other)
    return names + [f"{CUSTOM}.{name}" for name in custom if name in further and custom[name] != further[name]]


def _stored(contact: Contact | HeldContact) -> Mapping[str, Any]:
    """Return the values as AutoSend stores them, where they were kept; else as they are shown."""
    if isinstance(contact, HeldContact):
        return contact.raw
    return contact.raw if isinstance(contact, StoredContact) and contact.raw else contact.payload()


def _pairs(expected: Mapping[str, Any], now: Contact | HeldContact) -> Iterator[tuple[str, Any, Any]]:
    have = _stored(now)
    for name, want in expected.items():
        if name == CUSTOM:
            stored = custom_fields(have)
            yield from ((f"{name}.{field}", value, stored.get(field)) for field, value in want.items())
        elif name == LISTS:
            if now.list_ids is not None and not set(want) <= set(now.list_ids):
                yield name, want, now.list_ids
        elif name != "email":
            yield name, want, have.get(name)


def _same(name: str, want: object, have: object) -> bool:
    if _is_nothing(want):
        return _is_nothing(have)
    if isinstance(want, str) and isinstance(have, str):
        dates = name.startswith(f"{CUSTOM}.") and max(len(want), len(have)) > _DATE
        return have in {want, visible(want)} or (dates and moment(want) is not None and moment(want) == moment(have))
    return want == have and isinstance(want, bool) == isinstance(have, bool)


def _is_nothing(value: object) -> bool:
    """Return whether this is no value. How AutoSend shows one that was cleared is not documented."""
    return value is None or value == ""


def not_as_asked(differing: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return notes on these `differences` from AutoSend's reply."""
    kept = [name for name, values in differing.items() if _is_nothing(values["asked"])]
    others = [name for name in differing if name not in kept]
    notes = [NOT_SHOWN.format(listed(others))] if others else []
    return notes + ([NOT_CLEARED.format(listed(kept))] if kept else [])


def listed(names: Iterable[str]) -> str:
    """Return names as `differences` and `changes` give them, for a sentence: `firstName, customFields."plan"`."""
    parts = (name.partition(".") for name in names)
    return ", ".join(f"{field}.{quoted(custom)}" if custom else field for field, _, custom in parts)


def changes(before: Contact | None, after: Contact, own: Collection[str] | None = None) -> dict[str, dict[str, Any]]:
    """Return every value that is not as it was: `{"firstName": {"was": "Jan", "now": "Jane"}}`.

    `own`: the custom fields that count unless they went away; the others AutoSend sets by itself. None: any.
    """
    was, now = _flat(before), _flat(after)
    names = dict.fromkeys([*was, *now])
    return {
        name: {"was": was.get(name), "now": now.get(name)}
        for name in names
        if (was.get(name) != now.get(name) or isinstance(was.get(name), bool) is not isinstance(now.get(name), bool))
        and (now.get(name) is None or not name.startswith(_CUSTOM) or _is_own(name.removeprefix(_CUSTOM), own))
    }


def _flat(contact: Contact | None) -> dict[str, Any]:
    if contact is None:
        return {}
    stored = _stored(contact)
    flat = {name: stored[name] for name in NAMES if not _is_nothing(stored.get(name))}
    return flat | {f"{CUSTOM}.{name}": value for name, value in custom_fields(stored).items() if value is not None}


def deleting(made: Iterable[StoredContact], own: Collection[str] | None = None) -> list[Step]:
    """Return the call that deletes contacts that were made, as long as they are as they were made. `own`: as above."""
    left = {contact.email.lower(): as_made(contact, own) for contact in made}
    return [step("delete_contacts", left, emails=[*left])]


def as_made(contact: StoredContact, own: Collection[str] | None) -> Changes:
    """Return what a contact has, its id included, as changes from nothing."""
    return {"id": {"was": None, "now": contact.id}, **changes(None, contact, own)}


CLEARS_FIELDS = "The undo clears custom fields, which AutoSend does not document: it reports whether that worked."


def clears_fields(steps: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether these arguments of upserts clear a custom field."""
    return any(name.startswith(_CUSTOM) for values in steps for name in values.get(CLEAR, ()))


NOT_EXACT = "There is no undo: not every value there was before can be sent as it was."


def restoring(email: str, changed: Changes) -> dict[str, Any] | None:
    """Return the arguments of an upsert that puts the values back that there were, and clears the others.

    None where a value cannot be sent as it was.
    """
    back: dict[str, Any] = {}
    for name, values in changed.items():
        field, _, custom = name.partition(".")
        if values["was"] is None or (custom and values["was"] == ""):
            back.setdefault(CLEAR, []).append(name)
        elif custom:
            back.setdefault(field, {})[custom] = values["was"]
        else:
            back[field] = values["was"]
    if not back:
        return {}
    values = {"email": email, **back}
    repairs: list[str] = []
    try:
        person = PersonChange.model_validate(values, context=repairs)
    except ValidationError:
        return None
    return values if not repairs and person.payload() == values == visible_data(values) else None


def moment(text: str | None) -> datetime | None:
    """Return the instant an ISO date or time names (UTC where it names no zone); None if it names none."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
