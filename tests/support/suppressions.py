"""The groups of an address, and the requests about them."""

from autosend_mcp.sandbox.app import PROJECT
from tests.support.line import Line, answering

TOOLSETS = "contacts, suppressions"
UNKNOWN = "hether it was applied is not known."


def groups_of(line: Line, email: str) -> list[str]:
    return [group["name"] for group in line.sandbox.store.suppression_groups.of(PROJECT, email)]


REFUSED = answering(400, {"success": False, "error": {"message": "Not allowed"}})
