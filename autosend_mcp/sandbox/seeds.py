"""What a sandbox is to hold from the start, as it is written on the command line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autosend_mcp.sandbox.fields import RESERVED, TYPES
from autosend_mcp.sandbox.options import PropertyAutomation
from autosend_mcp.sandbox.rules import email_problems
from autosend_mcp.sandbox.store import Store


@dataclass(frozen=True)
class Seeds:
    """Names of lists and segments, `NAME:TYPE` of fields, addresses without mail, `ADDRESS:GROUP` of opt-outs."""

    lists: Sequence[str] = ()
    segments: Sequence[str] = ()
    fields: Sequence[str] = ()
    suppressed: Sequence[str] = ()
    unsubscribed: Sequence[str] = ()

    def check(self) -> None:
        """Whether everything can be understood.

        Raises:
            ValueError: Something cannot; which.
        """
        for text in self.fields:
            name, _, kind = text.rpartition(":")
            if not name or kind not in TYPES:
                raise ValueError(f"{text!r} is no field and type, such as plan:string; types: {', '.join(TYPES)}")
            if name in RESERVED:
                raise ValueError(f"{name!r} is a reserved field name")
        for text in self.unsubscribed:
            if not text.partition(":")[2].strip():
                raise ValueError(f"{text!r} is no address and group, such as jane@example.com:Blog")
        for address in [*self.suppressed, *(text.partition(":")[0] for text in self.unsubscribed)]:
            if email_problems(address):
                raise ValueError(f"{address!r} is no email address")

    def sow(self, store: Store, project: str) -> Iterator[str]:
        """Put into the store what is not there yet; a line for each thing that has an id."""
        for kind, names in (("list", self.lists), ("segment", self.segments)):
            for name in names:
                yield f"{kind} {name}: {store.seed_list(project, name, kind)}"
        for text in self.fields:
            name, _, kind = text.rpartition(":")
            store.fields.define(project, name, kind)
        if self.suppressed:
            store.suppressions.suppress(project, map(_plain, self.suppressed), is_global=True)
        for text in self.unsubscribed:
            address, _, group = text.partition(":")
            group_id = store.suppressions.seed_group(project, group.strip())
            store.suppressions.suppress(project, [_plain(address)], group_id)
            yield f"group {group.strip()}: {group_id}"


def automation_of(text: str) -> PropertyAutomation:
    """`plan` starts at any change, `plan::pro` at a change to pro, `plan:free:pro` at that change only.

    Raises:
        ValueError: It is none of these.
    """
    field, *values = text.split(":", 2)
    if not field or len(values) == 1:
        raise ValueError(f"{text!r} is no PROPERTY or PROPERTY:FROM:TO, such as plan or plan:free:pro")
    was, now = values or ("", "")
    return PropertyAutomation(field, was or None, now or None)


def _plain(address: str) -> str:
    return address.strip().lower()
