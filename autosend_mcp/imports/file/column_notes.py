"""What is worth saying of the columns as they were matched: whatever nobody asked for."""

from collections.abc import Iterable, Mapping, Sequence

from autosend_mcp.imports.file.attributes import EMAIL, NAME_PARTS
from autosend_mcp.imports.file.column import Column, LeftOut
from autosend_mcp.imports.file.field_names import named
from autosend_mcp.imports.file.header_words import WHOLE_NAME
from autosend_mcp.imports.file.known_headers import known
from autosend_mcp.imports.file.names import divided
from autosend_mcp.imports.file.survey import Content
from autosend_mcp.models.text import counted, quoted

_WHY: dict[LeftOut, str] = {
    "set by AutoSend": "Left out, because AutoSend sets such values itself: {}.",
    "blank": "Left out, because every row is blank there: {}.",
    "nested": "Left out, because a contact has no place for lists of objects: {}.",
    "repeating": "Left out, because other columns have the first and the last names: {}.",
    "another": "Left out, because only names and addresses were asked for: {}.",
}


def column_notes(columns: Sequence[Column], given: Mapping[str, str], contents: Mapping[str, Content]) -> list[str]:
    """Return notes on the columns that are left out or taken for something, though the caller did not name them."""
    notes = [
        why.format(named(column.name for column in left))
        for reason, why in _WHY.items()
        if (left := [column for column in columns if column.left_out == reason])
    ]
    parts = {column.field for column in columns} >= {*NAME_PARTS}
    for column in columns:
        content = contents.get(column.name) or Content()
        if column.field == EMAIL and column.name not in given and column.name != EMAIL and known(column.name) is None:
            are = "is an address" if content.addresses == 1 else "are addresses"
            cells = f"{content.addresses:,} of {counted(content.filled, 'cell')} {are}"
            notes.append(f"{quoted(column.name)} was taken for the address: {cells}.")
        if column.field == EMAIL and content.named:
            notes.append(_beside(column, content))
        elif column.field == WHOLE_NAME and content.examples:
            notes.append(_divided(column, content.alone_examples if parts else content.examples, parts=parts))
    return notes


def _divided(column: Column, examples: Iterable[str], *, parts: bool) -> str:
    where = ", in rows without any" if parts else ""
    return f"{quoted(column.name)} is read as first and last name{where}: {_shown(examples, column.split)}."


def _shown(wholes: Iterable[str], split: str) -> str:
    return "; ".join(f"{quoted(whole)} as {' and '.join(map(quoted, divided(whole, split)))}" for whole in wholes)


def _beside(column: Column, content: Content) -> str:
    beside = counted(content.named, "address has a name beside it", "addresses have names beside them")
    if not column.split:
        return f"{beside}, left out, because another column has the names."
    return f"{beside}, read as first and last name: {_shown(content.names, column.split)}."
