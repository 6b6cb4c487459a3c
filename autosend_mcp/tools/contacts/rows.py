"""The rows of a batch: each read by itself, so that a bad one keeps no other back; rows of one address made one."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic_core import PydanticCustomError

from autosend_mcp.api.contacts import Found
from autosend_mcp.errors import NotSent
from autosend_mcp.models.addresses import read_address
from autosend_mcp.models.arguments import read_arguments
from autosend_mcp.models.comparison import combined, contradictions, custom_fields, differences, listed
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contacts.contact import LISTS, MOBILE, NAMES, PersonChange, StoredContact, Values
from autosend_mcp.models.text import compact_json
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.property_checks import MAX_DEFINED, defined_types, property_problems, to_define
from autosend_mcp.tools.suppression_groups.opted_out import LEAVE_OUT, OPTED_OUT, opted_out

FOR_ONE = "AutoSend documents that for one contact only, so use upsert_contact"
LISTS_BESIDE = "listIds goes beside contacts, for all of them; not into a row"

Outcome = Literal["created", "updated", "unchanged", "kept", "merged", "opted out", "invalid", "failed", "unknown"]


@dataclass(slots=True)
class Row:
    """One contact of the batch: the number of its row (from 1), what is expected of it, and what became of it."""

    number: int
    email: str = ""
    expected: Values = field(default_factory=Values)
    outcome: Outcome = "unknown"
    why: str = ""
    sent: bool = False
    kept: bool = False  # it exists and is other, and only new ones were asked for
    new: bool = False  # created by this call, by AutoSend's clock
    own: Collection[str] | None = None  # the custom fields that are the project's own, where that is known

    def shown(self) -> object:
        """Return the address alone where nothing more is to say."""
        if not self.why:
            return self.email
        return {"row": self.number} | ({"email": self.email} if self.email else {}) | {"why": self.why}

    def differing(self, contact: StoredContact) -> str:
        """Return the names of the values that the contact does not have as expected, and what to do."""
        differing = differences(self.expected, contact)
        for_one = any(name == MOBILE or (name in NAMES and want["asked"] == "") for name, want in differing.items())
        return f"{listed(differing)}. {FOR_ONE}" if for_one else listed(differing)


async def read_rows(context: Context, contacts: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return a row each; `unknown` so far, unless it is invalid or another row speaks for its address."""
    rows = [_read(number, given, context.notes) for number, given in enumerate(contacts, start=1)]
    await _check_properties(context, [row for row in rows if custom_fields(row.expected)])
    merge(rows)
    return rows


async def without_opted_out(
    context: Context, rows: Sequence[Row], before: Found, lists: Sequence[ContactList]
) -> list[Row]:
    """Return the valid rows without those whom AutoSend suppresses and who would join a list: they are left out whole.

    Raises:
        NotSent: None is left.
    """
    valid = [row for row in rows if row.outcome == "unknown"]
    suppressed = await opted_out(context, [row.email for row in valid if _joins(before.get(row.email), lists)])
    for row in valid:
        if row.email in suppressed:
            row.outcome, row.why = OPTED_OUT, "AutoSend suppresses this address"
    left = [row for row in valid if row.outcome == "unknown"]
    if not left:
        raise NotSent("Not one of the contacts was sent.", LEAVE_OUT, facts=grouped(rows))
    return left


def _joins(contact: StoredContact | None, lists: Sequence[ContactList]) -> bool:
    """Return whether this contact, or None for a new one, would join one of the lists, or may."""
    held = contact.list_ids if contact else []
    return any(held is None or one.id not in held for one in lists)


def _read(number: int, given: Mapping[str, Any], notes: list[str]) -> Row:
    try:
        person, repairs = read_arguments(PersonChange, given, "upsert_contacts", from_host=False)
    except NotSent as error:
        why = LISTS_BESIDE if LISTS in given or "list_ids" in given else why_invalid(error)
        return Row(number, _good_address(given.get("email")), outcome="invalid", why=why)
    notes.extend(f"Row {number}: {note}" for note in repairs)
    return Row(number, person.email, person.attributes())


def _good_address(given: object) -> str:
    """Return the address where it is one; nothing for what is none, which is not repeated."""
    try:
        return read_address(given) if isinstance(given, str) else ""
    except PydanticCustomError:
        return ""


def why_invalid(error: NotSent) -> str:
    """Return what is wrong with the arguments, in one line."""
    return in_one_line(error.next_step.splitlines()[1:])


def in_one_line(problems: Iterable[str]) -> str:
    """Return the lines of a list as one line."""
    return " ".join(problem.removeprefix("- ") for problem in problems)


async def _check_properties(context: Context, rows: Sequence[Row]) -> None:
    """Make the rows invalid that have a custom field of the wrong type, or one that is not defined."""
    custom = [custom_fields(row.expected) for row in rows]
    defined = await defined_types(context, custom) if rows else None
    if defined is None:
        return
    for row in rows:
        if problems := property_problems(custom_fields(row.expected), defined):
            row.outcome, row.why = "invalid", in_one_line(problems)
    if advice := to_define(custom, defined):
        context.notes += [f"Defined: {compact_json([*defined][:MAX_DEFINED])}.", *advice]


def merge(rows: Iterable[Row], called: str = "row", repeated: str = "refuse") -> None:
    """Let the first row of an address speak for all that agree with it; where two contradict, none is sent.

    `called`: what the numbers of the rows count, for what is said of them. `repeated`: last or first, where the values
    of that row are to count instead.
    """
    alike: dict[str, list[Row]] = {}
    for row in rows:
        if row.outcome == "unknown":
            earlier = alike.setdefault(row.email, [])
            earlier.append(row)
            if len(earlier) > 1:
                _merge_into(earlier[0], row, earlier, called, repeated)


def _merge_into(first: Row, row: Row, alike: Iterable[Row], called: str, repeated: str) -> None:
    if first.outcome == "invalid":
        row.outcome, row.why = "invalid", first.why
    elif (names := contradictions(first.expected, row.expected)) and repeated == "refuse":
        both = f"{called}s {first.number} and {row.number}"
        for contradicting in alike:
            contradicting.outcome = "invalid"
            contradicting.why = f"{both} are the same address and contradict each other: {', '.join(names)}"
    else:
        both = (row.expected, first.expected) if repeated == "first" else (first.expected, row.expected)
        first.expected = combined(*both)
        decided = f", with the {repeated} {called}'s value of {listed(names)}" if names else ""
        row.outcome, row.why = "merged", f"the same address as {called} {first.number}; sent as one{decided}"


def told_apart(rows: Sequence[Row]) -> dict[str, list[object]]:
    """Return the rows by outcome, without those that need no naming.

    That are the updated ones, whose changes are shown, and those of the outcome that most have.
    """
    plain = Counter(row.outcome for row in rows if not row.why and row.outcome != "updated")
    most = plain.most_common(1)[0][0] if plain else None
    return grouped(row for row in rows if row.why or row.outcome not in {most, "updated"})


def grouped(rows: Iterable[Row]) -> dict[str, list[object]]:
    """Return the rows by what became of them."""
    groups: dict[str, list[object]] = {}
    for row in rows:
        groups.setdefault(row.outcome, []).append(row.shown())
    return groups
