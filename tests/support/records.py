"""What a sandbox holds, read from its store past the HTTP API: to compare before with after."""

import json
from collections import Counter
from typing import Any

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.automations.records import each_start
from autosend_mcp.sandbox.contacts.records import SELECT, contact_of
from autosend_mcp.sandbox.store import Store

Held = dict[str, list[dict[str, Any]]]

_TABLES = {
    "contacts": f"{SELECT} WHERE project = ? ORDER BY id",
    "lists": "SELECT * FROM lists WHERE project = ? ORDER BY id",
    "members": (
        "SELECT m.* FROM members m JOIN contacts c ON c.id = m.contact WHERE c.project = ? ORDER BY m.contact, m.list"
    ),
    "fields": "SELECT * FROM fields WHERE project = ? ORDER BY id",
    "suppression_groups": "SELECT * FROM suppression_groups WHERE project IN (?, 'account') ORDER BY id",
    "suppressions": "SELECT * FROM suppressions WHERE project IN (?, 'account') ORDER BY email, group_id",
}


def snapshot(store: Store, project: str = PROJECT) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table of the project as plain data, in a stable order."""
    with store.db.transaction():
        tables = {table: [dict(row) for row in store.db.rows(sql, project)] for table, sql in _TABLES.items()}
        started = store.db.rows("SELECT * FROM started WHERE project = ? ORDER BY last", project)
    for row in tables["contacts"]:
        row["custom_fields"] = json.dumps(contact_of(row.values())["customFields"])
        del row["hidden"]
    return tables | {"starts": [start for row in started for start in each_start(row)]}


def members_of(store: Store, list_id: str) -> list[str]:
    """Return the ids of the contacts in the list, or in the segment as it is computed now."""
    found, _ = store.contact_lists.page(PROJECT, list_id, "", 0, 1_000_000)
    return sorted(contact["id"] for contact in found)


def started_by(store: Store, project: str = PROJECT) -> list[tuple[str, str]]:
    """Return who started which automation, by address and name, oldest start first."""
    return [(row["email"], row["automation"]) for row in snapshot(store, project)["starts"]]


def starts_of(store: Store, project: str = PROJECT) -> dict[tuple[str, str], int]:
    """Return how often each contact started the automation of each list or segment, by the two ids."""
    rows = snapshot(store, project)["starts"]
    return dict(Counter((row["contact"], row["list"]) for row in rows if row["list"] is not None))


def lasting(state: Held) -> dict[str, Counter[str]]:
    """Return the rows without `updated_at`: setting a value that is there already may count as a change of the row."""
    return {
        table: Counter(str(sorted((k, v) for k, v in row.items() if k != "updated_at")) for row in rows)
        for table, rows in state.items()
    }


def names(store: Store) -> set[str]:
    """Return the names of the lists and custom fields there are."""
    rows = snapshot(store)
    return {row["name"] for table in ("lists", "fields") for row in rows[table]}
