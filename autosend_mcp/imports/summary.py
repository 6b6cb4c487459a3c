"""What an import was read as and how far it is, as data: for the answer of a tool and for the events of the shell."""

from pydantic.alias_generators import to_camel

from autosend_mcp.imports.progress import Tally
from autosend_mcp.imports.run import Import

OUTCOMES = ("created", "would create", "updated", "would update", "unchanged", "merged", "invalid", "failed", "unknown")


def progress_of(tally: Tally) -> dict[str, object]:
    """How far it is, as data."""
    progress: dict[str, object] = {
        "rows": tally.total,
        "settled": tally.settled,
        "counts": counts_of(tally),
        "rowsPerSecond": round(tally.rate, 1),
    }
    return progress | ({"secondsLeft": round(left)} if (left := tally.seconds_left) else {})


def counts_of(tally: Tally) -> dict[str, int]:
    """Rows by what became of them, those that there are; as names in JSON."""
    return {to_camel(name.replace(" ", "_")): tally.outcomes[name] for name in OUTCOMES if tally.outcomes[name]}


def reading_of(imported: Import) -> dict[str, object]:
    """What the file was read as, as data."""
    table = imported.table
    assert table is not None  # noqa: S101 - it was read
    return {
        "format": table.format,
        "encoding": table.encoding,
        "guessedFrom": table.encoding_note,
        "delimiter": table.delimiter,
        "columns": {column.name: column.field for column in imported.columns},
        "newFields": {column.field: column.kind for column in imported.columns if column.new},
        "lists": [one.name for one in imported.lists],
        "resumed": imported.resumed,
    }
