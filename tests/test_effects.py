"""What a dry run says of the automations that would start."""

from typing import Any

import pytest

from tests.support.seeded import JANE, seeded
from tests.support.worlds import answer_of

pytestmark = pytest.mark.anyio

NEW, MAY = "Any live automation for new contacts would start.", "Live automations for new contacts may start."
LISTS = "Any live automation of these lists would start; AutoSend does not say which there are."
CHANGED = "Live automations that watch for the changed values may start."
NIA = {"email": "nia@example.com"}
LISTED = {"listIds": ["Newsletter"]}
ROWS = {"contacts": [NIA, {"email": JANE, "firstName": "Janet"}]}


@pytest.mark.parametrize(
    ("tool", "arguments", "effects"),
    [
        ("create_contact", NIA, [NEW]),
        ("create_contact", NIA | LISTED, [NEW, LISTS]),
        ("upsert_contact", NIA, [NEW, CHANGED]),
        ("upsert_contact", NIA | LISTED, [NEW, LISTS, CHANGED]),
        ("upsert_contact", {"email": JANE, "firstName": "Janet"}, [CHANGED]),
        ("upsert_contacts", ROWS, [MAY]),
        ("upsert_contacts", ROWS | {"runWorkflow": True} | LISTED, [MAY, LISTS, CHANGED]),
        ("add_to_list", {"list": "Newsletter", "emails": [NIA["email"]]}, [LISTS, MAY]),
        ("add_to_list", {"list": "Offers", "emails": [JANE]}, [LISTS]),
    ],
)
async def test_a_dry_run_says_what_would_start(tool: str, arguments: dict[str, Any], effects: list[str]) -> None:
    async with seeded() as (client, _):
        answer = answer_of(await client.call_tool(tool, arguments | {"dryRun": True}))
    assert answer["plan"]["effects"] == " ".join(effects)
