"""The arguments and the answer of `create_contact`."""

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Literal, Self

from pydantic import ConfigDict, Field

from autosend_mcp.models.base import OutcomeT, WriteAnswer, WriteBody
from autosend_mcp.models.contacts.contact import Contact, Person
from autosend_mcp.models.values import FOR_LISTS, MAX_ENTRIES, Name


class CreateContact(Person, WriteBody):
    """The arguments of `create_contact`; also the body of `POST /contacts`, with the ids of the lists."""

    spellings: ClassVar[Mapping[str, str]] = {**Person.spellings, **FOR_LISTS}

    list_ids: list[Name] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Contact lists (not segments) to join, by name or id.",
        examples=[["Newsletter"]],
    )


# What an answer shows of a contact that was written: get_contact shows the rest.
_SHOWN = ("email", "first_name", "last_name", "user_id", "mobile", "custom_fields")


class WrittenContact(WriteAnswer[OutcomeT], Contact, Generic[OutcomeT]):
    """The answer of a tool that writes one contact. With dryRun it has a `plan` and no contact."""

    model_config = ConfigDict(json_schema_extra={"required": ["outcome"]})

    @classmethod
    def planned(cls, plan: dict[str, Any]) -> Self:
        """Return the answer to a dry run."""
        return cls.model_construct(outcome="dry_run", plan=plan)

    @classmethod
    def showing(cls, contact: Contact, **more: Any) -> Self:
        """Return the answer that shows this contact: its address and its values, without what nobody asks for."""
        shown = {name: getattr(contact, name) or None for name in _SHOWN}
        return cls.model_construct(_fields_set=None, **shown | more)


class CreatedContact(WrittenContact[Literal["created", "dry_run"]]):
    """The answer of `create_contact`."""
