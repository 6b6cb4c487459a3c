"""Every row of a file validated and kept in the journal, before anything is sent.

The rows are read with the models of the tools. Rows of one address become one; where they contradict each other, none
is sent.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from pydantic import ValidationError

from autosend_mcp.imports.file.cells import Inference, arguments_of
from autosend_mcp.imports.file.columns import Column
from autosend_mcp.imports.file.rows import FileRow
from autosend_mcp.imports.file.tables import Table
from autosend_mcp.imports.journal import Journal, JournalRow
from autosend_mcp.imports.progress import Tally
from autosend_mcp.models.arguments import problem_lines
from autosend_mcp.models.comparison import custom_fields
from autosend_mcp.models.contacts.contact import Person
from autosend_mcp.models.text import compact_json, visible
from autosend_mcp.tools.contacts.rows import Row, in_one_line, merge
from autosend_mcp.tools.property_checks import property_problems

_AT_ONCE = 1_000
_SHOWN_PROBLEMS = 20


def infer(table: Table, columns: Sequence[Column]) -> None:
    """Give each new custom field the type that all of its values have."""
    new = [(column, Inference()) for column in columns if column.new]
    if not new:
        return
    for row in table.rows():
        for column, inference in new:
            inference.see(row.values.get(column.name))
    for column, inference in new:
        column.kind = inference.kind


def stage(table: Table, columns: Sequence[Column], defined: Mapping[str, str], journal: Journal, tally: Tally) -> None:
    """Read every row into the journal; `defined`: the types of the custom fields, the new ones too.

    Raises:
        FileError: The file cannot be read to its end.
    """
    rows = (_staged(row, columns, defined) for row in table.rows())
    while some := list(islice(rows, _AT_ONCE)):
        journal.add(some)
        tally.read += len(some)
        if tally.stopped:
            return
    after = ""
    while groups := journal.repeated(after):
        after = groups[-1][0].email
        journal.change(row for group in groups for row in _merged(group))


def _staged(row: FileRow, columns: Sequence[Column], defined: Mapping[str, str]) -> JournalRow:
    """Return the row as it is kept: with the values of a contact, or with the reason why it is invalid."""
    if row.problem:
        return _invalid(row, "", row.problem)
    given = arguments_of(row.values, columns)
    notes: list[str] = []
    try:
        person = Person.model_validate(given, context=notes)
    except ValidationError as error:
        problems = problem_lines(Person, error)[:_SHOWN_PROBLEMS]
        return _invalid(row, visible(str(given.get("email") or "")[:300]), in_one_line(problems))
    expected = person.attributes()
    if problems := property_problems(custom_fields(expected), defined):
        return _invalid(row, person.email, in_one_line(problems))
    return JournalRow(row.number, row.line, person.email, compact_json(expected), None, " ".join(notes))


def _invalid(row: FileRow, email: str, reason: str) -> JournalRow:
    return JournalRow(row.number, row.line, email, "{}", "invalid", reason)


def _merged(group: Sequence[JournalRow]) -> Iterator[JournalRow]:
    """Yield the rows of one address with what `merge` makes of them."""
    rows = [Row(row.line, row.email, json.loads(row.expected)) for row in group]
    merge(rows, "line")
    for kept, row in zip(group, rows, strict=True):
        outcome = None if row.outcome == "unknown" else row.outcome
        yield kept._replace(expected=compact_json(row.expected), outcome=outcome, reason=row.why)
