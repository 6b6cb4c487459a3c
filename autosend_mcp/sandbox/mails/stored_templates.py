"""The templates that mails can name by their id. A seed makes them: the sandbox does not have their endpoints."""

from collections.abc import Mapping
from typing import Any

from autosend_mcp.sandbox.database import Database

_COLUMNS = ("project", "id", "name", "subject", "html", "text")
_SHOWN = _COLUMNS[1:]


class StoredTemplates:
    """The templates of every project."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, project: str, template_id: str) -> dict[str, Any] | None:
        """Return a template, or None."""
        row = self._db.row("SELECT * FROM templates WHERE project = ? AND id = ?", project, template_id)
        return row and {name: row[name] for name in _SHOWN}

    def all(self, project: str) -> list[dict[str, Any]]:
        """Return the project's templates, oldest first."""
        rows = self._db.rows("SELECT * FROM templates WHERE project = ? ORDER BY rowid", project)
        return [{name: row[name] for name in _SHOWN} for row in rows]

    def store(self, project: str, template: Mapping[str, Any]) -> None:
        """Add a template, or replace the one of its id."""
        with self._db.transaction():
            self._db.run("DELETE FROM templates WHERE project = ? AND id = ?", project, template["id"])
            self._db.insert("templates", _COLUMNS, project, *map(template.get, _SHOWN))
