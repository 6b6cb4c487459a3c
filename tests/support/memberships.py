"""What tests of who is in a list share: a list with contacts that are not in it, and what a reply may leave open."""

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.sandbox.options import Options
from tests.support.line import Line
from tests.support.records import starts_of

OLDER = Options(rate_limit=0, list_ids_in_replies=False)  # as on older pages

NEWSLETTER = {"id": "n1", "name": "Newsletter", "type": "list"}
UNKNOWN = "hether it was applied is not known."


def seed(line: Line, *names: str) -> str:
    """Create a list, and contacts of these names that are not in it; return the list's id."""
    for name in names:
        writes.create(line.sandbox.store, PROJECT, {"email": f"{name}@example.com"})
    return line.sandbox.store.contact_lists.seed(PROJECT, "Newsletter", "list")


def starts(line: Line) -> list[int]:
    return list(starts_of(line.sandbox.store).values())
