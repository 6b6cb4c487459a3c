"""Suppression groups: who gets no mail at all (a global group), and who opted out of some of it.

Source: the pages "List suppression groups", "Bulk suppress emails" and "Bulk unsuppress emails".
"""

import secrets
from collections.abc import Iterable
from typing import Any

from autosend_mcp.sandbox.database import Database

_COLUMNS = ("id", "project", "group_id", "name", "description", "is_global", "created_at", "updated_at")
_ENTRY = ("project", "email", "group_id", "reason", "created_at")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class UnknownGroupError(Exception):
    """The project has no suppression group with this id."""


class Suppressions:
    """The groups and entries of every project. The default and the global group are made when first needed."""

    def __init__(self, db: Database) -> None:
        """Over this database."""
        self._db = db

    def seed_group(self, project: str, name: str, *, is_global: bool = False) -> str:
        """Make a group, unless one of that name is there; its `groupId`."""
        with self._db.transaction():
            sql = "SELECT group_id FROM suppression_groups WHERE project = ? AND name = ? AND is_global = ?"
            known = self._db.row(sql, project, name, is_global)
            if known:
                return str(known["group_id"])
            group_id = "".join(secrets.choice(_LETTERS) for _ in range(6))
            row_id, now = self._db.new_id(), self._db.timestamp()
            self._db.insert("suppression_groups", _COLUMNS, row_id, project, group_id, name, "", is_global, now, now)
            return group_id

    def groups(self, project: str, *, include_global: bool) -> list[dict[str, Any]]:
        """The project's groups, with how many addresses each holds."""
        sql = "SELECT * FROM suppression_groups WHERE project = ? AND is_global <= ? ORDER BY rowid"
        counts = {
            row["group_id"]: row["n"]
            for row in self._db.rows(
                "SELECT group_id, COUNT(*) AS n FROM suppressions WHERE project = ? GROUP BY group_id", project
            )
        }
        rows = self._db.rows(sql, project, include_global)
        return [_group_of(row) | {"suppressionCount": counts.get(row["group_id"], 0)} for row in rows]

    def groups_of(self, project: str, email: str) -> list[dict[str, Any]]:
        """The groups that hold the address."""
        rows = self._db.rows(
            "SELECT g.* FROM suppression_groups g JOIN suppressions s USING (project, group_id)"
            " WHERE g.project = ? AND s.email = ? ORDER BY g.rowid",
            project,
            email,
        )
        return [_group_of(row) for row in rows]

    def entries(
        self, project: str, *, group_id: str | None, email: str | None, only_global: bool, start: int, limit: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Who is suppressed where and why, by when it was entered; and how many entries there are."""
        where = (
            " FROM suppressions s JOIN suppression_groups g USING (project, group_id) WHERE s.project = ?"
            " AND (? IS NULL OR s.group_id = ?) AND (? IS NULL OR s.email = ?) AND g.is_global >= ?"
        )
        named = (project, group_id, group_id, email, email, only_global)
        total = self._db.row(f"SELECT COUNT(*) AS n{where}", *named)
        rows = self._db.rows(f"SELECT s.*{where} ORDER BY s.rowid LIMIT ? OFFSET ?", *named, limit, start)
        return [_entry_of(row) for row in rows], total["n"] if total else 0

    def suppressed(self, project: str, emails: Iterable[str]) -> set[str]:
        """Those of the addresses that get no mail at all."""
        sql = (
            "SELECT s.email FROM suppressions s JOIN suppression_groups g USING (project, group_id)"
            " WHERE g.is_global AND s.project = ? AND s.email IN (?)"
        )
        return {row["email"] for row in self._db.among(sql, emails, project)}

    def suppress(
        self,
        project: str,
        emails: Iterable[str],
        group_id: str | None = None,
        reason: str | None = None,
        *,
        is_global: bool = False,
    ) -> int:
        """Put addresses into a group, without one into the default or the global group; how many were not in it.

        Raises:
            UnknownGroupError: There is no such group.
        """
        with self._db.transaction():
            default, everything = self._standard(project)
            into = everything if is_global else self._known(project, group_id) if group_id else default
            now = self._db.timestamp()
            return sum(
                self._db.insert("suppressions", _ENTRY, project, email, into, reason, now)
                for email in dict.fromkeys(emails)
            )

    def unsuppress(
        self, project: str, emails: Iterable[str], group_id: str | None = None, *, is_global: bool = False
    ) -> int:
        """Take addresses out of a group, without one out of all; how many were in any.

        Raises:
            UnknownGroupError: There is no such group.
        """
        with self._db.transaction():
            _, everything = self._standard(project)
            only = everything if is_global else self._known(project, group_id) if group_id else None
            sql = "DELETE FROM suppressions WHERE project = ? AND email = ? AND (? IS NULL OR group_id = ?)"
            return sum(self._db.run(sql, project, email, only, only) > 0 for email in dict.fromkeys(emails))

    def _standard(self, project: str) -> tuple[str, str]:
        return (
            self.seed_group(project, "Default"),
            self.seed_group(project, "Global suppressions", is_global=True),
        )

    def _known(self, project: str, group_id: str) -> str:
        sql = "SELECT 1 FROM suppression_groups WHERE project = ? AND group_id = ?"
        if not self._db.row(sql, project, group_id):
            raise UnknownGroupError
        return group_id


def _entry_of(row: Any) -> dict[str, Any]:
    return {
        "id": f"{row['group_id']}-{row['email']}",
        "email": row["email"],
        "groupId": row["group_id"],
        "reason": row["reason"],
        "createdAt": row["created_at"],
        "updatedAt": row["created_at"],
    }


def _group_of(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "groupId": row["group_id"],
        "name": row["name"],
        "description": row["description"],
        "isGlobal": bool(row["is_global"]),
        "isActive": True,
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }
