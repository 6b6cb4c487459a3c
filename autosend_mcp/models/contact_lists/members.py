"""Who is in a contact list: how a request names people, and what AutoSend says of them.

Source: AutoSend's documentation, "Add contacts to a list", "Remove contacts from a list" and "Get contacts in list".
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from autosend_mcp.models.contacts.contact import StoredContact


@dataclass(frozen=True, slots=True)
class People:
    """People named for a list: by address or by contact id, not both."""

    emails: tuple[str, ...] = ()
    contact_ids: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The addresses, or the ids."""
        return self.emails or self.contact_ids

    def named(self) -> dict[str, Any]:
        """Return the part of a request, or of a tool's arguments, that names them."""
        return {"emails": [*self.emails]} if self.emails else {"contactIds": [*self.contact_ids]}

    def without(self, names: Collection[str]) -> "People":
        """Return those that are not among these names."""
        return People(
            tuple(email for email in self.emails if email not in names),
            tuple(contact_id for contact_id in self.contact_ids if contact_id not in names),
        )


class MembershipCounts(BaseModel):
    """What AutoSend says of people put into or taken out of a list."""

    model_config = ConfigDict(alias_generator=to_camel, defer_build=True)

    added: int | None = None
    created: int | None = None
    already_in_list: int | None = None
    removed: int | None = None
    not_in_list: int | None = None
    errors: list[Any] | None = None
    validation: dict[str, Any] | None = None

    @property
    def newly_added(self) -> int:
        """How many joined the list now."""
        return (self.added or 0) + (self.created or 0)

    def accounts_for(self, number: int) -> bool:
        """Return whether the counts add up to `number` people in the list.

        AutoSend documents that `added` counts only those who were contacts before; a reply that counts all adds up too.
        """
        before = self.already_in_list or 0
        return number in {before + (self.added or 0), before + self.newly_added}

    def joined(self, number: int) -> int:
        """Return how many of `number` people joined the list now; see `accounts_for`."""
        counts_all = (self.already_in_list or 0) + (self.added or 0) == number
        return (self.added or 0) if counts_all else self.newly_added

    def refused(self) -> dict[str, list[Any]]:
        """Return who was not taken, and why, by AutoSend's own names for it."""
        kinds = {name: rows for name, rows in (self.validation or {}).items() if name != "valid"}
        return {
            name: rows for name, rows in {**kinds, "errors": self.errors}.items() if isinstance(rows, list) and rows
        }

    def suppressed(self) -> set[str]:
        """Return the addresses that AutoSend sends no mail to, as it says of those who were named."""
        rows = (self.validation or {}).get("suppressed")
        named = cast("list[Any]", rows) if isinstance(rows, list) else []
        emails = (cast("dict[str, Any]", row).get("email") if isinstance(row, dict) else row for row in named)
        return {email.lower() for email in emails if isinstance(email, str)}

    def reasons(self) -> dict[str, str]:
        """Return, by address, what AutoSend says of those who were not taken.

        Documented are `reason` and `error`; `message` is an older name, and `status` no more than the kind.
        """
        reasons: dict[str, str] = {}
        for kind, rows in self.refused().items():
            for row in (cast("dict[str, Any]", row) for row in rows if isinstance(row, dict)):
                if isinstance(email := row.get("email"), str):
                    said = (row.get(name) for name in ("reason", "error", "message", "status"))
                    reasons[email.lower()] = str(next(filter(None, said), kind))
        return reasons


@dataclass(frozen=True, slots=True)
class MembersPage:
    """A page of the contacts in a list, and how many there are in all where AutoSend says."""

    contacts: list[StoredContact]
    total: int | None
