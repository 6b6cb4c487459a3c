"""The arguments and the answer of `upsert_contact`."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from autosend_mcp.models.contacts.contact import PersonChange
from autosend_mcp.models.contacts.create import CreateContact, WrittenContact
from autosend_mcp.models.shapes import FieldChanges


class UpsertContact(PersonChange, CreateContact):
    """The arguments of `upsert_contact`; the body of `POST /contacts/email`."""

    spellings: ClassVar[Mapping[str, str]] = CreateContact.spellings


class UpsertedContact(WrittenContact[Literal["created", "updated", "unchanged", "dry_run"]]):
    """The answer of `upsert_contact`. `changes`: what it had before and has now, by field."""

    changes: FieldChanges | None = None
