"""All rows of the sandbox as they were at one time, so that a reset brings them back with their ids."""

from autosend_mcp.sandbox.database import Database


class Snapshot:
    """The rows of every table, beside the database in memory; none before `take`."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._taken = False

    def take(self) -> None:
        """Keep the rows as they are now."""
        if not self._taken:
            self._db.run("ATTACH ':memory:' AS seed")
        self._taken = True
        with self._db.transaction():
            for table in self._tables():
                self._db.run(f"DROP TABLE IF EXISTS seed.{table}")
                self._db.run(f"CREATE TABLE seed.{table} AS SELECT * FROM main.{table}")  # noqa: S608 - own names

    def restore(self) -> None:
        """Bring the rows back; without a `take`, delete all."""
        with self._db.transaction():
            self._db.run("PRAGMA defer_foreign_keys = ON")
            for table in self._tables():
                self._db.run(f"DELETE FROM main.{table}")  # noqa: S608 - own names
            for table in self._tables() if self._taken else ():
                self._db.run(f"INSERT INTO main.{table} SELECT * FROM seed.{table}")  # noqa: S608 - own names
        self._db.define()

    def _tables(self) -> list[str]:
        sql = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        return [row["name"] for row in self._db.rows(sql)]
