"""The section of automations: what started each, newest first. A row of `started` holds all that one write started."""

import json
from typing import Any

from autosend_mcp.sandbox.page.section import ROWS, Seen, Shown, shown_time

_NUMBER = "w.last - json_array_length(w.starts) + 1 + s.key"
_STARTS = f"""SELECT {_NUMBER} AS number, w.at, w.email, w.reason, json_extract(s.value, '$[0]') AS automation_id,
    json_extract(s.value, '$[1]') AS automation, json_extract(s.value, '$[2]') AS "trigger" FROM"""
_EACH = "json_each(w.starts) s"
_HOLDS = "(instr(lower(w.email), lower(?)) OR instr(lower(json_extract(s.value, '$[1]')), lower(?)))"
_UP_TO = "w.last <= coalesce((SELECT MIN(last) FROM started WHERE last >= ?), ?)"


class Starts:
    """The starts of automations."""

    name = "automations"
    title = "Automations"
    columns = ("At", "Automation", "Contact", "Started by", "Mail")
    nothing = "No automation was started yet."

    def rows(self, seen: Seen, text: str, before: int | None) -> list[Shown]:
        """Return the newest rows, as every section does."""
        holds, searched = (_HOLDS, [text, text]) if text else ("1", list[object]())
        is_older, older = ("1", list[object]()) if before is None else (f"{_NUMBER} < ?", [before])
        up_to, bounds = ("1", list[object]()) if before is None else (_UP_TO, [before - 1, before])
        # Only some rows are looked into, down the key of the table, however many there are.
        some = f"""(SELECT * FROM started w WHERE EXISTS (SELECT 1 FROM {_EACH} WHERE {holds}) AND {up_to}
            ORDER BY last DESC LIMIT {ROWS + 2}) w CROSS JOIN {_EACH}"""  # noqa: S608 - constants
        sql = f"{_STARTS} {some} WHERE {holds} AND {is_older} ORDER BY w.last DESC, s.key DESC LIMIT {ROWS + 1}"
        return [_start(row) for row in seen.store.db.rows(sql, *searched, *bounds, *searched, *older)]

    def row(self, seen: Seen, key: int) -> Shown | None:
        """Return one row, as every section does."""
        its = f"started w CROSS JOIN {_EACH} WHERE w.last = (SELECT MIN(last) FROM started WHERE last >= ?)"  # noqa: S608 - constants
        sql = f"{_STARTS} {its} AND {_NUMBER} = ?"
        row = seen.store.db.row(sql, key, key)
        return _start(row) if row else None

    def count(self, seen: Seen, text: str = "") -> int:
        """Return how many rows there are, as every section does: the last has their number."""
        if not text:
            return seen.store.db.row("SELECT MAX(last) FROM started")[0] or 0
        sql = f"SELECT COUNT(*) FROM started w CROSS JOIN {_EACH} WHERE {_HOLDS}"  # noqa: S608 - constants
        return seen.store.db.row(sql, text, text)[0]


def started_by(trigger: dict[str, Any]) -> str:
    """Return what started an automation, in words."""
    if "contactListId" in trigger:
        return f"joined {trigger.get('listName') or 'All Contacts'}"
    if "changes" in trigger:
        return f"changed: {json.dumps(trigger['changes'], ensure_ascii=False)}"
    return "new contact"


def _start(row: Any) -> Shown:
    trigger, subject = json.loads(row["trigger"]), None if row["reason"] else row["automation"]
    mail = subject or f"none: {row['reason']}"
    detail = {name: row[name] for name in ("at", "automation", "automation_id", "email", "reason")}
    return Shown(
        row["number"],
        (
            shown_time(row["at"]),
            row["automation"],
            row["email"],
            started_by(trigger),
            mail,
        ),
        detail | {"subject": subject, "trigger": trigger},
    )
