"""The rows of suppression groups: who gets no mail at all (a global group), and who opted out of some of it.

Sources: the pages of "Suppression groups", and "Suppressions".
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.envelope import not_found
from autosend_mcp.sandbox.options import Options

_COLUMNS = ("id", "project", "group_id", "name", "description", "is_global", "is_active", "created_at", "updated_at")
_ENTRY = ("project", "email", "group_id", "reason", "created_at")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_ACCOUNT = "account"
"""Stands for the project of what all projects share."""


class SuppressionGroups:
    """The groups and entries of every project, which has a default and a global group from the start."""

    def __init__(self, db: Database, options: Options) -> None:
        self._db = db
        self._options = options

    def seed(self, project: str, name: str, *, is_global: bool = False) -> str:
        """Return the `groupId` of the group of this name, made if there is none."""
        with self._db.transaction():
            owner = self._owner(project) if is_global else project
            sql = "SELECT group_id FROM suppression_groups WHERE project = ? AND name = ? AND is_global = ?"
            found = self._db.row(sql, owner, name, is_global)
            return str(found["group_id"]) if found else self._insert(owner, name, is_global=is_global)

    def standard(self, project: str) -> tuple[str, str]:
        """Return the default and the global group, which every project has."""
        with self._db.transaction():
            return self.seed(project, "Default"), self.seed(project, "Global suppressions", is_global=True)

    def all(self, project: str) -> list[dict[str, Any]]:
        """Return the project's groups and the global ones, with how many addresses each holds."""
        with self._db.transaction():
            self.standard(project)
            sql = "SELECT group_id, COUNT(*) AS n FROM suppressions WHERE project IN (?, ?) GROUP BY group_id"
            counts = {row["group_id"]: row["n"] for row in self._db.rows(sql, *self._owners(project))}
            sql = "SELECT * FROM suppression_groups WHERE project IN (?, ?) ORDER BY rowid"
            rows = self._db.rows(sql, *self._owners(project))
            return [_group_of(row) | {"suppressionCount": counts.get(row["group_id"], 0)} for row in rows]

    def get(self, project: str, group_id: str) -> dict[str, Any]:
        """Return the group.

        Raises:
            Refused: There is no such group.
        """
        for group in self.all(project):
            if group["groupId"] == group_id:
                return group
        raise not_found("Suppression group", "GROUP_NOT_FOUND")

    def create(self, project: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Create a group and return it; None if the name is taken and names are unique."""
        with self._db.transaction():
            groups = self.all(project)
            if self._options.same_group_name == "refuse" and any(one["name"] == body["name"] for one in groups):
                return None
            active = body.get("isActive", True)
            group_id = self._insert(project, body["name"], body.get("description") or "", is_active=active)
            return self.get(project, group_id)

    def update(self, project: str, group_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change what is given; a group whose `isActive` is not given is active, as the page says.

        Raises:
            Refused: There is no such group.
        """
        with self._db.transaction():
            group = self.get(project, group_id) | {"isActive": True}
            group |= {name: body[name] for name in ("name", "description", "isActive") if body.get(name) is not None}
            sql = (
                "UPDATE suppression_groups SET name = ?, description = ?, is_active = ?, updated_at = ?"
                " WHERE group_id = ? AND project IN (?, ?)"
            )
            values = (group["name"], group["description"], group["isActive"], self._db.timestamp())
            self._db.run(sql, *values, group_id, *self._owners(project))
            return self.get(project, group_id)

    def delete(self, project: str, group_id: str) -> None:
        """Delete the group, and its entries."""
        with self._db.transaction():
            for table in ("suppressions", "suppression_groups"):
                sql = f"DELETE FROM {table} WHERE project = ? AND group_id = ?"  # noqa: S608 - a constant
                self._db.run(sql, project, group_id)

    def of(self, project: str, email: str) -> list[dict[str, Any]]:
        """Return the groups that hold the address."""
        rows = self._db.rows(
            "SELECT g.* FROM suppression_groups g JOIN suppressions s USING (project, group_id)"
            " WHERE g.project IN (?, ?) AND s.email = ? ORDER BY g.rowid",
            *self._owners(project),
            email,
        )
        return [_group_of(row) for row in rows]

    def entries(self, project: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return who is suppressed where and why, oldest entry first, by the filters of the page that are given."""
        sql = (
            "SELECT s.*, g.is_global FROM suppressions s JOIN suppression_groups g USING (project, group_id)"
            " WHERE s.project IN (?, ?) AND (? IS NULL OR s.group_id = ?) AND (? IS NULL OR s.reason = ?)"
            " AND (? IS NULL OR s.email = ?) AND (? IS NULL OR instr(s.email, lower(?)))"
            " AND (? IS NULL OR s.created_at >= ?) AND (? IS NULL OR s.created_at <= ?) ORDER BY s.rowid"
        )
        names = ("groupId", "reason", "email", "search", "startDate", "endDate")
        filters = [asked.get(name) or None for name in names for _ in range(2)]
        rows = self._db.rows(sql, *self._owners(project), *filters)
        if asked.get("isGlobal"):
            rows = [row for row in rows if row["is_global"]]
        elif not self._options.entries_show_global and not asked.get("groupId"):
            rows = [row for row in rows if not row["is_global"]]
        return [_entry_of(row) for row in rows]

    def suppressed(self, project: str, emails: Iterable[str]) -> set[str]:
        """Return those of the addresses that get no mail at all."""
        sql = (
            "SELECT s.email FROM suppressions s JOIN suppression_groups g USING (project, group_id)"
            " WHERE g.is_global AND s.project = ? AND s.email IN (?)"
        )
        return {row["email"] for row in self._db.among(sql, emails, self._owner(project))}

    def suppress(
        self,
        project: str,
        emails: Iterable[str],
        group_id: str | None = None,
        reason: str | None = None,
        *,
        is_global: bool = False,
    ) -> int:
        """Put addresses into a group, by default the default or the global group; return how many AutoSend counts.

        Raises:
            Refused: There is no such group.
        """
        with self._db.transaction():
            default, everything = self.standard(project)
            into = everything if is_global else group_id or default
            owner = self._owner(project) if self.get(project, into)["isGlobal"] else project
            now, wanted = self._db.timestamp(), list(dict.fromkeys(emails))
            new = sum(self._db.insert("suppressions", _ENTRY, owner, email, into, reason, now) for email in wanted)
            return new if self._options.suppressed_counts == "new" else len(wanted)

    def unsuppress(
        self, project: str, emails: Iterable[str], group_id: str | None = None, *, is_global: bool = False
    ) -> int:
        """Take addresses out of a group, by default out of all, or of the global ones; return how many were in any.

        Raises:
            Refused: There is no such group.
        """
        with self._db.transaction():
            if group_id and not is_global:
                out_of = [self.get(project, group_id)["groupId"]]
            else:
                globally = self._options.unsuppress_all == "with_global"
                groups = self.all(project)
                out_of = [
                    one["groupId"] for one in groups if one["isGlobal"] is is_global or (globally and not is_global)
                ]
            sql = "DELETE FROM suppressions WHERE email = ? AND group_id = ? AND project IN (?, ?)"
            owners = self._owners(project)
            return sum(
                sum(self._db.run(sql, email, group, *owners) for group in out_of) > 0 for email in dict.fromkeys(emails)
            )

    def _insert(
        self, owner: str, name: str, description: str = "", *, is_global: bool = False, is_active: bool = True
    ) -> str:
        group_id, row_id, now = (
            "".join(secrets.choice(_LETTERS) for _ in range(5)),
            self._db.new_id(),
            self._db.timestamp(),
        )
        values = (row_id, owner, group_id, name, description, is_global, is_active, now, now)
        self._db.insert("suppression_groups", _COLUMNS, *values)
        return group_id

    def _owner(self, project: str) -> str:
        """Return the project that global groups are stored for."""
        return _ACCOUNT if self._options.global_groups == "account" else project

    def _owners(self, project: str) -> tuple[str, str]:
        return project, self._owner(project)


def _entry_of(row: Any) -> dict[str, Any]:
    name = f"{row['project']} {row['group_id']} {row['email']}"
    return {
        "id": hashlib.sha256(name.encode()).hexdigest()[:24],
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
        "isActive": bool(row["is_active"]),
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }
