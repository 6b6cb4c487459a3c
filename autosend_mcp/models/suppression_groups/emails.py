"""Suppressed addresses: AutoSend's entries, and the arguments and answers of the tools that show and change them.

Source: AutoSend's documentation, "Search suppression entries", "Bulk suppress emails" and "Bulk unsuppress emails".
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, cast, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel

from autosend_mcp.models.base import Answer, Body, JsonObject, WriteAnswer, WriteBody, broken_rule
from autosend_mcp.models.shapes import InvalidAddress
from autosend_mcp.models.suppression_groups.groups import SuppressionGroup
from autosend_mcp.models.text import VisibleText
from autosend_mcp.models.values import MAX_ENTRIES, Name

Reason = Literal["UNSUBSCRIBE", "BOUNCE", "COMPLAINT", "MANUAL"]
REASONS: tuple[str, ...] = get_args(Reason)

# What else is plainly one of the four; the first three were documented until July 2026.
_SPELLINGS = {
    "UNSUBSCRIBED": "UNSUBSCRIBE",
    "BOUNCED": "BOUNCE",
    "SPAM_COMPLAINT": "COMPLAINT",
    "SPAM": "COMPLAINT",
    "OPT_OUT": "UNSUBSCRIBE",
    "HARD_BOUNCE": "BOUNCE",
    "COMPLAINED": "COMPLAINT",
    "MANUALLY": "MANUAL",
}


def _reason(value: object, info: ValidationInfo) -> object:
    """Return the documented reason that a text plainly means; the text itself where it means none."""
    if not isinstance(value, str):
        return value
    written = value.strip().upper().replace(" ", "_").replace("-", "_")
    read = _SPELLINGS.get(written, written)
    if read in REASONS and read != value:
        cast("list[str]", info.context).append(f"reason was read as {read}.")
    return read if read in REASONS else value


class SuppressionEntry(BaseModel):
    """An address in a suppression group. Only the address is taken for granted."""

    model_config = ConfigDict(alias_generator=to_camel, defer_build=True)

    email: str
    group_id: VisibleText | None = None
    reason: VisibleText | None = None
    created_at: VisibleText | None = None

    def shown(self, group: SuppressionGroup | None, *, is_global: bool) -> dict[str, object]:
        """Return where the address is suppressed, since when and why. `group`: the entry's, if AutoSend lists it."""
        name, active = (group.name, group.is_active) if group else (None, None)
        shown = {"group": name, "groupId": self.group_id, "isGlobal": is_global, "isActive": active}
        return {k: v for k, v in {**shown, "reason": self.reason, "since": self.created_at}.items() if v is not None}


@dataclass(frozen=True, slots=True)
class EntriesPage:
    """A page of suppression entries, and how many there are in all where AutoSend says."""

    entries: list[SuppressionEntry]
    total: int | None


class GetSuppression(Body):
    """The arguments of `get_suppression`."""

    emails: list[str] = Field(
        min_length=1, max_length=10, description="Up to 10 addresses.", examples=[["jane@example.com"]]
    )


class Suppressions(Answer):
    """The answer of `get_suppression`: an object for each address.

    `suppressed` is `everywhere`, `in_groups` or `no`; `where` has the group, the reason and the time of each entry.
    `invalid`: what is no address.
    """

    addresses: list[JsonObject]
    invalid: list[InvalidAddress] | None = None


class _Suppression(WriteBody):
    emails: list[str] = Field(
        min_length=1, max_length=MAX_ENTRIES, description="Up to 100 addresses.", examples=[["jane@example.com"]]
    )
    group: Name | None = Field(default=None, description="The group, by name or groupId.", examples=["Our blog"])

    everywhere: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.group is None) is not self.everywhere:
            raise broken_rule("give either group, or everywhere: true")
        return self


class SuppressEmails(_Suppression):
    """The arguments of `suppress_emails`."""

    everywhere: bool = Field(
        default=False, description="Or all mail, also transactional, perhaps in every project of the account."
    )
    reason: Annotated[Reason, BeforeValidator(_reason)] | None = Field(
        default=None, description="Why, for the record; none by default.", examples=["UNSUBSCRIBE"]
    )

    def request_body(self, emails: list[str], group_id: str | None) -> dict[str, Any]:
        """Return the body of the request for these addresses, for this group or for all mail."""
        body = {"emails": emails, "isGlobal": self.everywhere}
        body |= {"groupId": group_id} if group_id else {}
        return body | ({"reason": self.reason} if self.reason else {})


class UnsuppressEmails(_Suppression):
    """The arguments of `unsuppress_emails`."""

    everywhere: bool = Field(
        default=False,
        description="Or all groups, and all mail that was stopped, perhaps in every project of the account.",
    )

    def request_body(self, emails: list[str], group_id: str | None) -> dict[str, Any]:
        """Return the body of the request for these addresses, for this group or for all."""
        return {"emails": emails} | ({"groupId": group_id} if group_id else {})

    def global_body(self, emails: list[str]) -> dict[str, Any]:
        """Return the body of the request that lets all mail to these addresses through again."""
        return {"emails": emails, "isGlobal": True}


class Suppressed(WriteAnswer[Literal["done", "partly_done", "dry_run"]]):
    """The answer of both.

    `changed`, `changed_global`: how many addresses AutoSend says it changed, in groups and of all mail. `left`: those
    that still are suppressed. `invalid`: what is no address.
    """

    changed: int | None = None
    changed_global: int | None = None
    left: list[str] | None = None
    invalid: list[InvalidAddress] | None = None
