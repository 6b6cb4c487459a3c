"""The rows of a batch: each read by itself, so that a bad one keeps no other back; rows of one address made one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from autosend_mcp.api.calls import Call
from autosend_mcp.api.directory import defined_fields
from autosend_mcp.errors import NotSent
from autosend_mcp.models.arguments import read_arguments
from autosend_mcp.models.contacts.contact import Person
from autosend_mcp.tools.property_checks import field_problems, note_undefined

LISTS_BESIDE = "listIds stands beside contacts, for all of them; not in a row"

Outcome = Literal["created", "updated", "unchanged", "merged", "invalid", "failed", "unknown"]


@dataclass(slots=True)
class Row:
    """One contact of the batch: where it stood, what is asked of it, and what became of it."""

    place: int
    email: str = ""
    asked: dict[str, Any] = field(default_factory=dict[str, Any])
    outcome: Outcome = "unknown"
    why: str = ""
    sent: bool = False
    new: bool = False  # created by this call, by AutoSend's clock

    def shown(self) -> object:
        """The address alone where nothing more is to say."""
        if not self.why:
            return self.email
        return {"row": self.place} | ({"email": self.email} if self.email else {}) | {"why": self.why}


async def read_rows(call: Call, contacts: Sequence[Mapping[str, Any]]) -> list[Row]:
    """A row each; `unknown` so far, unless it is invalid or another row speaks for its address."""
    rows = [_read(place, given, call) for place, given in enumerate(contacts, start=1)]
    await _check_fields(call, [row for row in rows if row.asked.get("customFields")])
    merge(rows)
    return rows


def _read(place: int, given: Mapping[str, Any], call: Call) -> Row:
    try:
        person, notes = read_arguments(Person, given, "upsert_contacts")
    except NotSent as error:
        email = given.get("email")
        if "listIds" in given or "list_ids" in given:
            return Row(place, email if isinstance(email, str) else "", outcome="invalid", why=LISTS_BESIDE)
        return Row(place, email if isinstance(email, str) else "", outcome="invalid", why=why_invalid(error))
    call.notes.extend(f"Row {place}: {note}" for note in notes)
    return Row(place, person.email, person.attributes())


def why_invalid(error: NotSent) -> str:
    """What is wrong with the arguments, in one line."""
    return in_one_line(error.next_step.splitlines()[1:])


def in_one_line(problems: Iterable[str]) -> str:
    """Lines of a list as one line."""
    return " ".join(problem.removeprefix("- ") for problem in problems)


async def _check_fields(call: Call, rows: Sequence[Row]) -> None:
    """Make the rows invalid that have a custom field of the wrong type or a misspelt name."""
    defined = await defined_fields(call) if rows else None
    if defined is None:
        return
    for row in rows:
        if problems := field_problems(row.asked["customFields"], defined):
            row.outcome, row.why = "invalid", in_one_line(problems)
    note_undefined(call, [row.asked["customFields"] for row in rows if row.outcome == "unknown"], defined)


def merge(rows: Iterable[Row], called: str = "row") -> None:
    """Let the first row of an address speak for all that agree with it; where two contradict, none is sent.

    `called`: what the places of the rows are, for what is told of them.
    """
    alike: dict[str, list[Row]] = {}
    for row in rows:
        if row.outcome != "unknown":
            continue
        before = alike.setdefault(row.email, [])
        before.append(row)
        first = before[0]
        if first is row:
            continue
        if first.outcome == "invalid":
            row.outcome, row.why = "invalid", first.why
            continue
        if names := _contradictions(first.asked, row.asked):
            both = f"{called}s {first.place} and {row.place}"
            why = f"{both} are the same address and contradict each other: {', '.join(names)}"
            for one in before:
                one.outcome, one.why = "invalid", why
            continue
        custom = first.asked.get("customFields", {}) | row.asked.get("customFields", {})
        first.asked |= row.asked | ({"customFields": custom} if custom else {})
        row.outcome, row.why = "merged", f"the same address as {called} {first.place}; sent as one"


def _contradictions(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    names = [name for name in one if name in other and name != "customFields" and one[name] != other[name]]
    custom, further = one.get("customFields", {}), other.get("customFields", {})
    return names + [f"customFields.{name}" for name in custom if name in further and custom[name] != further[name]]


def grouped(rows: Iterable[Row]) -> dict[str, list[object]]:
    """The rows by what became of them."""
    groups: dict[str, list[object]] = {}
    for row in rows:
        groups.setdefault(row.outcome, []).append(row.shown())
    return groups
