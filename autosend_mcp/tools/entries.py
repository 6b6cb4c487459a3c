"""The addresses that a call names, read one by one: a bad one keeps no other back."""

from collections.abc import Iterable
from typing import Any

from autosend_mcp.errors import NOTHING_CHANGED, NotSent
from autosend_mcp.models.addresses import read_addresses
from autosend_mcp.tools.context import Context

NO_ADDRESS = "Not one of these is an address."


def addresses_in(context: Context, given: Iterable[str]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the addresses, each once, and the entries that are none, by their row, with the reason.

    Raises:
        NotSent: None of the entries is an address.
    """
    emails, invalid = read_addresses(given, context.notes)
    if not emails:
        why = [{"row": one["row"], "why": one["why"]} for one in invalid]
        raise NotSent(NO_ADDRESS, "Fix them and call again.", changed=NOTHING_CHANGED, facts={"invalid": why})
    return emails, invalid
