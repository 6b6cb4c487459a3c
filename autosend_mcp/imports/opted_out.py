"""Who of an import may get no mail: by the file, and by AutoSend's suppression list."""

from collections.abc import Mapping, Sequence
from math import ceil

from anyio import to_thread

from autosend_mcp.api import suppression_groups
from autosend_mcp.errors import AutoSendError
from autosend_mcp.imports.file.column import ALL_OTHERS
from autosend_mcp.imports.file.field_names import alike, bare
from autosend_mcp.imports.file.opt_outs import OptOuts, find_opt_outs
from autosend_mcp.imports.file.tables import Table
from autosend_mcp.imports.hints import Hint, UnclearImport
from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.options import ImportOptions, OptedOut
from autosend_mcp.imports.sending.requests import Requests
from autosend_mcp.models.suppression_groups.emails import SuppressionEntry

EVERYBODY = "Everybody in this file opted out: it is a list of people who may get no mail, not of contacts ({})."
NOT_LOOKED_UP = "Whom AutoSend suppresses could not be looked up; AutoSend itself reports whom it keeps out of a list."
BY_AUTOSEND = "AutoSend suppresses this address"

_MAX_PAGES = 50  # of AutoSend's entries


def read_opt_outs(table: Table, name: str, options: ImportOptions) -> OptOuts:
    """Return who in the file said no.

    Raises:
        NotSent: That is not clear, or everybody did, and is not to be suppressed.
    """
    found = find_opt_outs(table, name, options.opted_out_values, options.mailable, fate=options.opted_out)
    if found.is_everybody and found.fate != "suppress":
        why = next((no.why for row in table.rows() if (no := found.said_no(row.values))), "")
        raise UnclearImport(EVERYBODY.format(why), hints=[Hint("suppress")])
    return found


def left_for_opt_outs(columns: Sequence[str], found: OptOuts, defined: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that are no fields: those that say who may get mail, unless a custom field is called so.

    Of a file of people who are only to be suppressed, all but the address.
    """
    if found.is_everybody:
        return {ALL_OTHERS: ""}
    return {name: "" for name in columns if name in found.names and not alike(bare(name), defined)}


async def leave_suppressed_out(requests: Requests, journal: Journal, opted_out: OptedOut) -> list[str]:
    """Let nobody join a list whom AutoSend sends no mail to; return what to report."""
    entries = await _suppressed(requests, journal)
    if entries is None:
        return [NOT_LOOKED_UP]
    reasons = {
        entry.email.lower(): f"{BY_AUTOSEND} ({entry.reason})" if entry.reason else BY_AUTOSEND for entry in entries
    }
    if reasons:
        imports = opted_out == "import-without-lists"
        await to_thread.run_sync(lambda: journal.opt_out(reasons, imports=imports))
    return []


async def _suppressed(requests: Requests, journal: Journal) -> list[SuppressionEntry] | None:
    """Return the entries of those whom AutoSend sends no mail at all; None where they cannot be looked up.

    All entries are read, or each address is searched for: whichever takes fewer requests.
    """
    try:
        first = await requests.read(suppression_groups.search_entries(only_global=True))
        pages = ceil((first.total or 0) / suppression_groups.PAGE)
        emails = await to_thread.run_sync(journal.addresses, _MAX_PAGES)
        entries = list(first.entries)
        if pages > 1 and len(emails) < min(pages, _MAX_PAGES + 1):
            for email in emails:
                request = suppression_groups.search_entries(only_global=True, email=email)
                entries += (await requests.read(request)).entries
        elif pages > _MAX_PAGES:
            return None
        else:
            for page in range(2, pages + 1):
                request = suppression_groups.search_entries(only_global=True, page=page)
                entries += (await requests.read(request)).entries
    except AutoSendError:
        return None
    return entries
