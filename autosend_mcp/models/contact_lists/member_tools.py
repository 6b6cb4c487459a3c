"""The arguments and answers of the tools that change who is in a list.

Source: AutoSend's documentation, "Add contacts to a list" and "Remove contacts from a list".
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from autosend_mcp.models.base import JsonObject, WriteAnswer, WriteBody, broken_rule
from autosend_mcp.models.shapes import InvalidAddress
from autosend_mcp.models.values import FOR_EMAILS, FOR_LIST, MAX_ENTRIES, Name


class ListMembers(WriteBody):
    """A list, and the people to put in or take out: by address or by id, not both."""

    spellings: ClassVar[Mapping[str, str]] = {
        **FOR_LIST,
        **FOR_EMAILS,
        **dict.fromkeys(("id", "ids", "contactId"), "contactIds"),
    }

    contact_list: Name = Field(
        alias="list", description="The contact list (not a segment), by name or id.", examples=["Newsletter"]
    )
    emails: list[str] | None = Field(
        default=None, min_length=1, max_length=MAX_ENTRIES, description="Their addresses.", examples=[["a@example.com"]]
    )
    contact_ids: list[Name] | None = Field(
        default=None, min_length=1, max_length=MAX_ENTRIES, description="Or their contact ids."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.emails is None) is (self.contact_ids is None):
            raise broken_rule("give either emails or contactIds")
        return self


class AddToList(ListMembers):
    """The arguments of `add_to_list`: a list, and the people to put in, or the list that they are in."""

    from_list: Name | None = Field(
        default=None, description="Or everybody in this list or segment, by name or id; they stay in it."
    )
    cursor: str | None = Field(default=None, description="With fromList: nextCursor from the previous answer.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if sum(way is not None for way in (self.emails, self.contact_ids, self.from_list)) != 1:
            raise broken_rule("give either emails or contactIds, or fromList")
        return self


class AddedToList(WriteAnswer[Literal["done", "partly_done", "dry_run"]]):
    """The answer of `add_to_list`.

    `added`: how many are new in the list. `created`: how many of them were no contacts before, and `newContacts`: who,
    if not all. `optedOut`: whom AutoSend sends no mail to. `invalid`: what is no address. `notAdded`: who else was not
    added, and why.
    """

    contact_list: JsonObject | None = Field(default=None, validation_alias="list", serialization_alias="list")
    added: int | None = None
    created: int | None = None
    already_in_list: int | None = None
    new_contacts: list[str] | None = None
    opted_out: list[str] | None = None
    invalid: list[InvalidAddress] | None = None
    not_added: JsonObject | None = None
    next_cursor: str | None = None


class RemovedFromList(WriteAnswer[Literal["done", "partly_done", "dry_run"]]):
    """The answer of `remove_from_list`."""

    contact_list: JsonObject | None = Field(default=None, validation_alias="list", serialization_alias="list")
    removed: int | None = None
    not_in_list: int | None = None
    invalid: list[InvalidAddress] | None = None
    errors: list[str] | None = None
