"""Many contacts at once: the arguments and answers of `upsert_contacts` and `delete_contacts`.

Source: AutoSend's documentation, "Bulk update contacts", "Remove contacts", "Delete contact by id" and "Delete contact
by user id".
"""

from typing import Annotated, Any, Literal, Self, cast

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from autosend_mcp.models.base import JsonObject, Write, Written, broken_rule
from autosend_mcp.models.values import MAX_ENTRIES, EmailAddress, Name

MAX_IDS = 20  # each costs a request, of which there are two a second


def _row(value: object) -> object:
    if not isinstance(value, dict):
        raise broken_rule("must be an object with an email")
    return cast("object", value)


# A row is validated by itself, later: one bad row does not keep the others from being sent.
Row = Annotated[
    dict[str, Any],
    BeforeValidator(_row),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                "email": {"type": "string"},
                "firstName": {"type": "string"},
                "lastName": {"type": "string"},
                "userId": {"type": "string"},
                "customFields": {"type": "object"},
            },
        }
    ),
]


class UpsertContacts(Write):
    """The arguments of `upsert_contacts`."""

    contacts: list[Row] = Field(
        min_length=1,
        max_length=MAX_ENTRIES,
        description="Up to 100, each with the fields of upsert_contact; email is required.",
        examples=[[{"email": "jane@example.com", "customFields": {"plan": "pro"}}]],
    )
    list_ids: list[Name] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Contact lists that all of them join afterwards, by name or id.",
        examples=[["Newsletter"]],
    )
    run_workflow: bool = Field(
        default=False, description="Start the automations that watch for changed values. Lists start theirs anyway."
    )


class UpsertedContacts(Written):
    """The answer of `upsert_contacts`.

    `counts`: how many have which outcome. `contacts`: the addresses by outcome (created, updated, unchanged, merged,
    invalid, failed, unknown), with the row and why where it is not as asked. `lists`: what became of each list.
    """

    outcome: Literal["done", "partly_done", "dry_run"]
    counts: JsonObject | None = None
    contacts: JsonObject | None = None
    lists: list[JsonObject] | None = None


class DeleteContacts(Write):
    """The arguments of `delete_contacts`."""

    emails: list[EmailAddress] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_ENTRIES,
        description="By address, up to 100.",
        examples=[["jane@example.com"]],
    )
    ids: list[Name] | None = Field(
        default=None, min_length=1, max_length=MAX_IDS, description=f"Or by contact id, up to {MAX_IDS}."
    )
    user_id: Name | None = Field(default=None, description="Or by userId, which cannot be looked up first.")
    confirm: Annotated[Name, BeforeValidator(lambda given: str(given) if isinstance(given, int) else given)] | None = (
        Field(
            default=None,
            description="What goes, once the user has agreed: the address (or userId) of one, the count of several.",
        )
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.emails, self.ids, self.user_id)) != 1:
            raise broken_rule("give one of emails, ids and userId")
        return self


class DeletedContacts(Written):
    """The answer of `delete_contacts`. `deleted`: the addresses that are gone."""

    outcome: Literal["deleted", "partly_deleted", "dry_run"]
    deleted: list[str] | None = None
    not_found: list[str] | None = None
    not_deleted: list[str] | None = None
