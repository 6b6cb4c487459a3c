"""What an import was read as and how far it is, as data: for the answers of tools and for the shell's events."""

from collections.abc import Mapping
from typing import get_args

from pydantic.alias_generators import to_camel

from autosend_mcp.imports.file.column import Column
from autosend_mcp.imports.file.header_words import WHOLE_NAME
from autosend_mcp.imports.hints import Hint, Phrases, sentences
from autosend_mcp.imports.journal_rows import Outcome
from autosend_mcp.imports.progress import Progress
from autosend_mcp.imports.run import Import
from autosend_mcp.models.contacts.contact import FIRST_NAME, LAST_NAME
from autosend_mcp.models.text import counted

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def progress_of(progress: Progress) -> dict[str, object]:
    """Return how far it is."""
    shown: dict[str, object] = {
        "rows": progress.total,
        "settled": progress.settled,
        "counts": counts_of(progress),
        "rowsPerSecond": round(progress.rate, 1),
    }
    return shown | ({"secondsLeft": round(left)} if (left := progress.seconds_left) else {})


def counts_of(progress: Progress) -> dict[str, int]:
    """Return the numbers of rows by outcome, in camel case; those above 0."""
    return _in_camel_case({name: progress.outcomes[name] for name in OUTCOMES})


def _in_camel_case(counts: Mapping[str, int]) -> dict[str, int]:
    return {to_camel(name.replace(" ", "_")): count for name, count in counts.items() if count}


def joining_of(progress: Progress) -> list[dict[str, object]]:
    """Return what becomes of the people who are to join each list."""
    return [{"list": name, **_in_camel_case(counts)} for name, counts in progress.joining.items() if counts]


def fields_of(column: Column) -> list[str]:
    """Return the fields that the column is: none where it is left out, two for a whole name."""
    return [FIRST_NAME, LAST_NAME] if column.field == WHOLE_NAME else [column.field] if column.field else []


def not_blank(column: Column) -> bool:
    """Return whether the column is worth a line: a note names those that are blank in every row."""
    return column.left_out != "blank"


def reading_of(imported: Import) -> dict[str, object]:
    """Return what the file was read as."""
    table = imported.table
    return {
        "format": table.format,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "columns": {column.name: ", ".join(fields_of(column)) for column in imported.columns if not_blank(column)},
        "newFields": {column.field: column.kind for column in imported.columns if column.new},
        "lists": [contact_list.name for contact_list in imported.lists],
        "whoMayGetMail": imported.opt_outs_read,
        "resumed": imported.resumed,
    }


def suggest(imported: Import, phrases: Phrases) -> None:
    """Note what the caller could add, now that the file is read."""
    if refused := imported.progress.contradicting:
        said = sentences([Hint("repeated")], phrases)
        rows = counted(refused, "row contradicts", "rows contradict")
        imported.notes.append(" ".join([f"{rows} another of the same address.", *said]))
        imported.notes_read = len(imported.notes)
