"""Suppression: the groups that people can opt out of, and the arguments and answers of the suppression tools.

Source: AutoSend's documentation, "List suppression groups", "Bulk suppress emails" and "Bulk unsuppress emails".
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from autosend_mcp.models.base import Answer, Body, JsonObject, WriteAnswer, WriteBody, broken_rule
from autosend_mcp.models.text import VisibleText
from autosend_mcp.models.values import MAX_ENTRIES, EmailAddress, Name, Text


class SuppressionGroup(Answer):
    """A suppression group as AutoSend returns it. Only `groupId` and `name` are taken for granted."""

    group_id: Annotated[VisibleText, Field(min_length=1)]
    name: VisibleText
    description: VisibleText | None = None
    is_global: bool | None = None
    suppression_count: int | None = None

    def shown(self) -> dict[str, object]:
        """Return what distinguishes it from others."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"notes"})


class SuppressionEntry(BaseModel):
    """An address in a suppression group. Only the address is taken for granted."""

    model_config = ConfigDict(alias_generator=to_camel)

    email: str
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class EntriesPage:
    """A page of suppression entries, and how many there are in all where AutoSend says."""

    entries: list[SuppressionEntry]
    total: int | None


class ListSuppressionGroups(Body):
    """The arguments of `list_suppression_groups`: none."""


class SuppressionGroups(Answer):
    """The answer of `list_suppression_groups`."""

    groups: list[JsonObject]


class _Suppression(WriteBody):
    emails: list[EmailAddress] = Field(
        min_length=1, max_length=MAX_ENTRIES, description="Up to 100 addresses.", examples=[["jane@example.com"]]
    )
    group: Name | None = Field(default=None, description="The group, by name or groupId.", examples=["Our blog"])

    everywhere: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.group is None) is not self.everywhere:
            raise broken_rule("give either group, or everywhere: true")
        return self

    def addresses(self) -> list[str]:
        """Return the addresses, each once."""
        return list(dict.fromkeys(self.emails))

    def request_body(self, group_id: str | None) -> dict[str, Any]:
        """Return the body of the request, for this group or without one."""
        return {"emails": self.addresses()} | ({"groupId": group_id} if group_id else {})


class SuppressEmails(_Suppression):
    """The arguments of `suppress_emails`."""

    everywhere: bool = Field(default=False, description="Or all mail, also transactional.")
    reason: Text | None = Field(default=None, description="Why, for the record.", examples=["asked by phone"])

    def request_body(self, group_id: str | None) -> dict[str, Any]:
        """Return the body of the request, for this group or for all mail."""
        body = {"emails": self.addresses(), "isGlobal": self.everywhere}
        body |= {"groupId": group_id} if group_id else {}
        return body | ({"reason": self.reason} if self.reason else {})


class UnsuppressEmails(_Suppression):
    """The arguments of `unsuppress_emails`."""

    everywhere: bool = Field(default=False, description="Or all groups they are in.")


class Suppressed(WriteAnswer[Literal["done", "dry_run"]]):
    """The answer of both. `changed`: how many addresses AutoSend says it changed."""

    changed: int | None = None
