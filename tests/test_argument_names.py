"""What callers call things: other names of arguments, another address of a contact, names that AutoSend reserves."""

from typing import Any

import pytest

from tests.support.seeded import JANE, seeded, wrote
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio

SPELT: list[tuple[str, dict[str, Any]]] = [
    ("create_contact", {"emailAddress": "n@example.com", "lists": ["Newsletter"]}),
    ("create_contact", {"email_address": "n@example.com", "contact_list_ids": ["Newsletter"]}),
    ("upsert_contact", {"email": JANE, "list": "Offers"}),
    ("upsert_contacts", {"rows": [{"email": JANE, "firstName": "J"}], "lists": "Offers"}),
    ("add_to_list", {"listName": "Offers", "email": JANE}),
    ("remove_from_list", {"list_id": "Newsletter", "addresses": [JANE]}),
    ("find_contacts", {"segment": "Pro"}),
    ("find_contacts", {"contactList": "Newsletter"}),
    ("get_contact", {"emailAddress": JANE}),
    ("delete_contacts", {"email": JANE}),
    ("delete_contact_list", {"name": "Offers"}),
    ("start_import", {"csv": "email\na@example.com\n", "lists": ["Offers"]}),
]


@pytest.mark.parametrize(("tool", "asked"), SPELT)
async def test_an_argument_is_taken_under_another_name_that_means_it(tool: str, asked: dict[str, Any]) -> None:
    preview = {} if tool in {"find_contacts", "get_contact"} else {"dryRun": True}
    async with seeded(toolsets="contacts,lists,imports") as (client, _):
        answer = answer_of(await client.call_tool(tool, asked | preview))
    assert "Ignored" not in str(answer.get("notes"))


@pytest.mark.parametrize("name", ["newEmail", "new_address", "emailNew", "changeEmail", "updatedEmail", "oldMail"])
async def test_another_address_is_answered_with_what_to_do(name: str) -> None:
    async with seeded() as (client, line):
        for tool, asked in (
            ("upsert_contact", {"email": JANE, name: "j@new.example"}),
            ("upsert_contacts", {"contacts": [{"email": JANE, name: "j@new.example"}]}),
        ):
            text = error_of(await client.call_tool(tool, asked))
            assert f"{name}: no such argument. AutoSend cannot change the address of a contact." in text
            assert "opt-outs do not move" in text
        assert wrote(line) == []
