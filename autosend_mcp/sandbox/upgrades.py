"""What is done to a file of an older version when it is opened."""

from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.tables import ADDED, COUNTED, STARTED, VERSION


def add_columns(db: Database) -> None:
    """Add the columns that the file lacks, inside a transaction, and bring over what has another table by now."""
    for table, added in ADDED.items():
        existing = {row["name"] for row in db.rows(f"PRAGMA table_info ({table})")}
        missing = {column: kind for column, kind in added.items() if column not in existing} if existing else {}
        for column, kind in missing.items():
            db.run(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
        if table == "lists" and missing:
            now = db.timestamp()
            db.run("UPDATE lists SET created_at = ?, updated_at = ? WHERE created_at IS NULL", now, now)
        if table == "starts" and existing:
            _run_all(db, STARTED)


def count_anew(db: Database) -> None:
    """Count anew what is kept, inside a transaction, and note that the file is of the newest version from now on."""
    _run_all(db, COUNTED)
    db.run(f"PRAGMA user_version = {VERSION}")


def _run_all(db: Database, script: str) -> None:
    for statement in filter(str.strip, script.split(";")):
        db.run(statement)
