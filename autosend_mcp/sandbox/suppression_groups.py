"""Suppression groups: who gets no mail at all (a global group), and who opted out of some of it.

Sources: the pages "List suppression groups", "Bulk suppress emails" and "Bulk unsuppress emails".
"""

import secrets
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.envelope import Handler, body_of, check, not_found, pagination, success
from autosend_mcp.sandbox.validation import (
    email_problems,
    emails_problems,
    normalized,
    paging_problems,
    problem,
    text_problems,
)

_COLUMNS = ("id", "project", "group_id", "name", "description", "is_global", "created_at", "updated_at")
_ENTRY = ("project", "email", "group_id", "reason", "created_at")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class SuppressionGroups:
    """The groups and entries of every project. The default and the global group are made when first needed."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def seed(self, project: str, name: str, *, is_global: bool = False) -> str:
        """Return the `groupId` of the group of this name, made if there is none."""
        with self._db.transaction():
            sql = "SELECT group_id FROM suppression_groups WHERE project = ? AND name = ? AND is_global = ?"
            found = self._db.row(sql, project, name, is_global)
            if found:
                return str(found["group_id"])
            group_id = "".join(secrets.choice(_LETTERS) for _ in range(6))
            row_id, now = self._db.new_id(), self._db.timestamp()
            self._db.insert("suppression_groups", _COLUMNS, row_id, project, group_id, name, "", is_global, now, now)
            return group_id

    def all(self, project: str, *, include_global: bool) -> list[dict[str, Any]]:
        """Return the project's groups, with how many addresses each holds."""
        sql = "SELECT group_id, COUNT(*) AS n FROM suppressions WHERE project = ? GROUP BY group_id"
        counts = {row["group_id"]: row["n"] for row in self._db.rows(sql, project)}
        sql = "SELECT * FROM suppression_groups WHERE project = ? AND is_global <= ? ORDER BY rowid"
        rows = self._db.rows(sql, project, include_global)
        return [_group_of(row) | {"suppressionCount": counts.get(row["group_id"], 0)} for row in rows]

    def of(self, project: str, email: str) -> list[dict[str, Any]]:
        """Return the groups that hold the address."""
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
        """Return a page of who is suppressed where and why, oldest entry first, and how many entries there are."""
        where = (
            " FROM suppressions s JOIN suppression_groups g USING (project, group_id) WHERE s.project = ?"
            " AND (? IS NULL OR s.group_id = ?) AND (? IS NULL OR s.email = ?) AND g.is_global >= ?"
        )
        values = (project, group_id, group_id, email, email, only_global)
        total = self._db.row(f"SELECT COUNT(*) AS n{where}", *values)["n"]
        rows = self._db.rows(f"SELECT s.*{where} ORDER BY s.rowid LIMIT ? OFFSET ?", *values, limit, start)
        return [_entry_of(row) for row in rows], total

    def suppressed(self, project: str, emails: Iterable[str]) -> set[str]:
        """Return those of the addresses that get no mail at all."""
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
        """Put addresses into a group, by default the default or the global group; return how many were not in it.

        Raises:
            Refused: There is no such group.
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
        """Take addresses out of a group, by default out of all; return how many were in any.

        Raises:
            Refused: There is no such group.
        """
        with self._db.transaction():
            _, everything = self._standard(project)
            only = everything if is_global else self._known(project, group_id) if group_id else None
            sql = "DELETE FROM suppressions WHERE project = ? AND email = ? AND (? IS NULL OR group_id = ?)"
            return sum(self._db.run(sql, project, email, only, only) > 0 for email in dict.fromkeys(emails))

    def _standard(self, project: str) -> tuple[str, str]:
        """Return the default and the global group."""
        return self.seed(project, "Default"), self.seed(project, "Global suppressions", is_global=True)

    def _known(self, project: str, group_id: str) -> str:
        sql = "SELECT 1 FROM suppression_groups WHERE project = ? AND group_id = ?"
        if not self._db.row(sql, project, group_id):
            raise not_found("Suppression group", "GROUP_NOT_FOUND")
        return group_id


class SuppressionGroupEndpoints:
    """Each method answers one endpoint under /suppression-groups; only those that touch contacts are here."""

    def __init__(self, groups: SuppressionGroups) -> None:
        self._groups = groups

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Return the handler of each method and path."""
        return {
            ("GET", "/suppression-groups"): self.all,
            ("POST", "/suppression-groups/entries"): self.entries,
            ("POST", "/suppression-groups/email/entries"): self.of_email,
            ("POST", "/suppression-groups/emails/suppress"): self.suppress,
            ("POST", "/suppression-groups/emails/unsuppress"): self.unsuppress,
        }

    async def all(self, request: Request, project: str) -> Response:
        """Return the project's groups, with `includeGlobal=true` also the global ones."""
        include_global = request.query_params.get("includeGlobal", "").lower() == "true"
        found = self._groups.all(project, include_global=include_global)
        return success({"groups": found})

    async def entries(self, request: Request, project: str) -> Response:
        """Return one page of the suppressed addresses: in one group, in a global one, or anywhere."""
        body = await body_of(request)
        check(paging_problems(body))
        page, limit = body.get("page", 1), body.get("limit", 20)
        entries, total = self._groups.entries(
            project,
            group_id=body.get("groupId"),
            email=normalized(str(body["email"])) if body.get("email") else None,
            only_global=bool(body.get("isGlobal")),
            start=(page - 1) * limit,
            limit=limit,
        )
        return success({"entries": entries, "pagination": pagination(page, limit, total)})

    async def of_email(self, request: Request, project: str) -> Response:
        """Return the groups that hold one address."""
        body = await body_of(request)
        check(email_problems(body.get("email")))
        return success({"groups": self._groups.of(project, normalized(body["email"]))})

    async def suppress(self, request: Request, project: str) -> Response:
        """Put the addresses into a group."""
        body = await _suppression(request)
        group_id, reason, is_global = body.get("groupId"), body.get("reason"), bool(body.get("isGlobal"))
        count = self._groups.suppress(project, body["emails"], group_id, reason, is_global=is_global)
        return success({"suppressed": count})

    async def unsuppress(self, request: Request, project: str) -> Response:
        """Take the addresses out of a group, or out of all."""
        body = await _suppression(request)
        group_id, is_global = body.get("groupId"), bool(body.get("isGlobal"))
        count = self._groups.unsuppress(project, body["emails"], group_id, is_global=is_global)
        return success({"unsuppressed": count})


async def _suppression(request: Request) -> dict[str, Any]:
    """Return the body of a bulk suppress or unsuppress, with normalized addresses."""
    body = await body_of(request)
    problems = [*emails_problems(body), *text_problems(body, {"groupId": None, "reason": None})]
    if not isinstance(body.get("isGlobal"), bool | None):
        problems.append(problem("isGlobal", "isGlobal must be a boolean"))
    check(problems)
    return body | {"emails": [normalized(email) for email in body["emails"]]}


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
