"""The arguments and the answer of `create_contact`, and what there is to say of a contact that was written."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field

from autosend_mcp.models.base import JsonObject, Write, step
from autosend_mcp.models.comparison import differences, listed
from autosend_mcp.models.contacts.contact import Contact, Person
from autosend_mcp.models.values import MAX_ENTRIES, Name

VERIFIED = "AutoSend's reply was lost; a look-up then found this contact, created at about the time of this call."
AUTOMATIONS_START = "Any live automation of these lists starts now."
AUTOMATIONS_WOULD = "Any live automation of these lists would start; AutoSend does not tell which there are."
LISTS_JOINED = f"{AUTOMATIONS_START} AutoSend does not show the contact's lists, so joining them was not checked."
LISTS_UNKNOWN = "Whether it joined the lists is not known; if it did, their live automations start now."


class CreateContact(Person, Write):
    """The arguments of `create_contact`; also the body of `POST /contacts`, with the ids of the lists."""

    list_ids: list[Name] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Contact lists (not segments) to join, by name or id.",
        examples=[["Newsletter"]],
    )


class WrittenContact(Contact):
    """The answer of a tool that writes one contact. With dryRun it has a `plan` and no contact."""

    model_config = ConfigDict(json_schema_extra={"required": ["outcome"]})

    plan: JsonObject | None = None
    undo: list[JsonObject] | None = None

    @classmethod
    def planned(cls, plan: dict[str, Any]) -> Self:
        """The answer to a dry run."""
        return cls.model_construct(outcome="dry_run", plan=plan)

    @classmethod
    def showing(cls, contact: Contact, **more: Any) -> Self:
        """The answer that shows this contact."""
        held = {name: getattr(contact, name) for name in Contact.model_fields}
        return cls.model_construct(_fields_set=None, **held | more)


class CreatedContact(WrittenContact):
    """The answer of `create_contact`."""

    outcome: Literal["created", "dry_run"]

    @classmethod
    def of(cls, contact: Contact, asked: Mapping[str, Any], *, verified: bool) -> Self:
        """The contact as created, with what the caller should know of it. `verified`: found after a lost reply."""
        notes = [VERIFIED] if verified else []
        notes += list_notes(contact, asked, verified=verified)
        if differs := differences(asked, contact):
            notes.append(f"AutoSend's reply does not show these as asked: {listed(differs)}.")
        back = step("delete_contacts", emails=[contact.email], confirm=contact.email)
        return cls.showing(contact, outcome="created", undo=[back], notes=notes)


def list_notes(contact: Contact, asked: Mapping[str, Any], *, verified: bool) -> list[str]:
    """What is known of the lists that were asked for."""
    if not asked.get("listIds"):
        return []
    if contact.list_ids is None:
        return [LISTS_UNKNOWN if verified else LISTS_JOINED]
    return [AUTOMATIONS_START]
