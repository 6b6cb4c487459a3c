"""How a contact differs from what was asked, or from what it was, and what would put it back."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import ValidationError

from autosend_mcp.models.contacts.contact import Contact, Person, StoredContact
from autosend_mcp.models.text import quoted, visible, visible_data


def differences(asked: Mapping[str, Any], now: Contact) -> dict[str, dict[str, Any]]:
    """Every value asked for that the contact does not show: `{"firstName": {"asked": "Jane", "now": "Jan"}}`.

    `listIds` counts only where AutoSend returns the contact's lists; the documented reply does not.
    """
    return {
        name: {"asked": want, "now": have} for name, want, have in _pairs(asked, now) if not _same(name, want, have)
    }


_DATE = len("2024-03-01")  # a longer one has a time; two dates without one are compared as texts


def _held(contact: Contact) -> dict[str, Any]:
    """The values as AutoSend holds them, where they were kept; else as they are shown."""
    return contact.raw if isinstance(contact, StoredContact) and contact.raw else contact.payload()


def _held_fields(contact: Contact) -> dict[str, Any]:
    fields = _held(contact).get("customFields")
    return cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}


def _pairs(asked: Mapping[str, Any], now: Contact) -> Iterator[tuple[str, Any, Any]]:
    have = _held(now)
    for name, want in asked.items():
        if name == "customFields":
            held = _held_fields(now)
            yield from ((f"{name}.{field}", value, held.get(field)) for field, value in want.items())
        elif name == "listIds":
            if name in have and not set(want) <= set(have[name]):
                yield name, want, have[name]
        elif name != "email":
            yield name, want, have.get(name)


def _same(name: str, want: object, have: object) -> bool:
    if isinstance(want, str) and isinstance(have, str):
        dates = name.startswith("customFields.") and max(len(want), len(have)) > _DATE
        return have in {want, visible(want)} or (dates and moment(want) is not None and moment(want) == moment(have))
    return want == have and isinstance(want, bool) == isinstance(have, bool)


def listed(names: Iterable[str]) -> str:
    """Names as `_pairs` and `changes` give them, for a sentence: `firstName, customFields."plan"`."""
    parts = (name.partition(".") for name in names)
    return ", ".join(f"{field}.{quoted(custom)}" if custom else field for field, _, custom in parts)


def changes(before: Contact | None, after: Contact) -> dict[str, dict[str, Any]]:
    """Every value that is not as it was: `{"firstName": {"was": "Jan", "now": "Jane"}}`."""
    was, now = _flat(before), _flat(after)
    names = dict.fromkeys([*was, *now])
    return {
        name: {"was": was.get(name), "now": now.get(name)}
        for name in names
        if was.get(name) != now.get(name) or isinstance(was.get(name), bool) is not isinstance(now.get(name), bool)
    }


def _flat(contact: Contact | None) -> dict[str, Any]:
    if contact is None:
        return {}
    held = _held(contact)
    flat = {name: held[name] for name in ("firstName", "lastName", "userId") if held.get(name) is not None}
    return flat | {f"customFields.{name}": v for name, v in _held_fields(contact).items()}


def unclearable(changed: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A note on the values that were not there before, which no request is known to clear."""
    names = [name for name, values in changed.items() if values["was"] is None]
    return [f"These had no value before, and cannot be cleared again: {listed(names)}."] if names else []


NOT_EXACT = "There is no undo: not every value there was before can be sent as it was."


def restoring(email: str, changed: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """The arguments of an upsert that puts back the values there were before; those there were not, it cannot clear.

    None where a value cannot be sent as it was.
    """
    back: dict[str, Any] = {}
    for name, values in changed.items():
        if values["was"] is not None:
            field, _, custom = name.partition(".")
            if custom:
                back.setdefault(field, {})[custom] = values["was"]
            else:
                back[field] = values["was"]
    if not back:
        return {}
    asked = {"email": email, **back}
    repairs: list[str] = []
    try:
        person = Person.model_validate(asked, context=repairs)
    except ValidationError:
        return None
    exact = not repairs and person.attributes() == asked and visible_data(asked) == asked
    return asked if exact and "" not in {back.get(name) for name in ("firstName", "lastName", "userId")} else None


def moment(text: str | None) -> datetime | None:
    """The instant an ISO date or time names (UTC where it names no zone); None if it names none."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
