"""Many contacts at once: the arguments and answers of `upsert_contacts` and `delete_contacts`.

Source: AutoSend's documentation, "Bulk update contacts", "Remove contacts", "Delete contact by id" and "Delete contact
by user id".
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import BeforeValidator, Field, WithJsonSchema

from autosend_mcp.models.base import JsonObject, WriteAnswer, WriteBody, broken_rule
from autosend_mcp.models.shapes import FieldChanges, JoinedList
from autosend_mcp.models.values import FOR_LISTS, MAX_ENTRIES, Name


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
                "mobile": {"type": "string"},
                "customFields": {"type": "object"},
                "clear": {"type": "array", "items": {"type": "string"}},
            },
        }
    ),
]


def _not_too_many(rows: object) -> object:
    if isinstance(rows, list) and len(cast("list[object]", rows)) > MAX_ENTRIES:
        raise broken_rule(
            f"must have at most {MAX_ENTRIES} entries. start_import (toolset imports) takes any number as CSV text, "
            "and the command autosend-mcp import any file"
        )
    return cast("object", rows)


class UpsertContacts(WriteBody):
    """The arguments of `upsert_contacts`."""

    spellings: ClassVar[Mapping[str, str]] = {**FOR_LISTS, "people": "contacts", "rows": "contacts"}

    contacts: Annotated[list[Row], BeforeValidator(_not_too_many)] = Field(
        min_length=1,
        max_length=MAX_ENTRIES,
        description="Each with the fields of upsert_contact.",
        examples=[[{"email": "jane@example.com", "customFields": {"plan": "pro"}}]],
    )
    list_ids: list[Name] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Contact lists that all of them join afterwards, by name or id.",
        examples=[["Newsletter"]],
    )
    only_new: bool = Field(default=False, description="Leave existing contacts as they are; they still join the lists.")
    run_workflow: bool = Field(
        default=False, description="Start the automations that watch for changed values. Lists start theirs anyway."
    )


class UpsertedContacts(WriteAnswer[Literal["done", "partly_done", "dry_run"]]):
    """The answer of `upsert_contacts`.

    `counts`: how many rows have which outcome (created, updated, unchanged, kept, merged, opted out, invalid, failed,
    unknown).
    `changes`: by address, what was overwritten. `contacts`: the other rows by outcome, but for the outcome that most
    have; with the row and why where it has not the values asked for. `lists`: what became of each list.
    """

    counts: JsonObject | None = None
    changes: FieldChanges | None = None
    contacts: JsonObject | None = None
    lists: list[JoinedList] | None = None
