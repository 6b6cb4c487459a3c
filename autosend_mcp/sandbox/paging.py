"""The page that a query asks for.

Source: the pages "List automations" and "List webhooks", whose `limit` is 50 by default and 100 at most.
"""

from starlette.requests import Request

from autosend_mcp.sandbox.envelope import check
from autosend_mcp.sandbox.validation import paging_problems

_MAX_DIGITS = 16  # so that SQLite takes the number of the first row


def page_of(request: Request, *, default: int = 50, maximum: int = 100) -> tuple[int, int]:
    """Return the number of the page, from 1, and how many rows it has at most.

    Raises:
        Refused: One of them is no such number.
    """
    asked = {name: text for name, text in request.query_params.items() if name in ("page", "limit")}
    numbers = {name: int(text) if text.isdecimal() and len(text) < _MAX_DIGITS else -1 for name, text in asked.items()}
    check(paging_problems(numbers, maximum))
    return numbers.get("page", 1), numbers.get("limit", default)
