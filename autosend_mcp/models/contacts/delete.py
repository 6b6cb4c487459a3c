"""The arguments and the answer of `delete_contacts`.

Source: AutoSend's documentation, "Remove contacts", "Delete contact by id" and "Delete contact by user id".
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from autosend_mcp.models.base import WriteAnswer, WriteBody, broken_rule
from autosend_mcp.models.shapes import InvalidAddress
from autosend_mcp.models.values import FOR_EMAILS, MAX_ENTRIES, Name

MAX_IDS = 20  # each costs a request, of which there are two a second


# What is shown of a contact that would go.
SHOWN = ("email", "firstName", "lastName")
BY_USER_ID = "userId"


Confirm = Annotated[Name, BeforeValidator(lambda given: str(given) if isinstance(given, int) else given)]


class DeleteContacts(WriteBody):
    """The arguments of `delete_contacts`."""

    spellings: ClassVar[Mapping[str, str]] = {**FOR_EMAILS, **dict.fromkeys(("id", "contactId", "contactIds"), "ids")}

    emails: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_ENTRIES,
        description="By address.",
        examples=[["jane@example.com"]],
    )
    ids: list[Name] | None = Field(default=None, min_length=1, max_length=MAX_IDS, description="Or by contact id.")
    user_id: Name | None = Field(default=None, description="Or by userId, which cannot be looked up first.")
    confirm: Confirm | None = Field(
        default=None, description="After the user agrees: the address (or userId) if one goes, the number if several."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.emails, self.ids, self.user_id)) != 1:
            raise broken_rule("give one of emails, ids and userId")
        return self


class DeletedContacts(WriteAnswer[Literal["deleted", "partly_deleted", "dry_run"]]):
    """The answer of `delete_contacts`. `deleted`: the addresses that are gone; of many only their `count`.

    `invalid`: what is no address, so that nobody could be deleted for it.
    """

    count: int | None = None
    deleted: list[str] | None = None
    not_found: list[str] | None = None
    not_deleted: list[str] | None = None
    invalid: list[InvalidAddress] | None = None
