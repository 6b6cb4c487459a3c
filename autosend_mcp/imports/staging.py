"""Every row of a file validated and kept in the journal, before anything is sent.

The rows are read with the models of the tools. Rows of one address become one; where they contradict each other, none
is sent.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from pydantic import ValidationError

from autosend_mcp.imports.file.cells import Inference, arguments_of
from autosend_mcp.imports.file.columns import Column
from autosend_mcp.imports.file.rows import FileRow
from autosend_mcp.imports.file.tables import Table
from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.progress import Tally
from autosend_mcp.models.arguments import problem_lines
from autosend_mcp.models.comparison import custom_fields
from autosend_mcp.models.contacts.contact import Person
from autosend_mcp.models.text import compact_json, visible
from autosend_mcp.tools.contacts.rows import Row, in_one_line, merge
from autosend_mcp.tools.property_checks import property_problems

_AT_ONCE = 1_000
_SHOWN_PROBLEMS = 20

Staged = tuple[int, int, str, str, str | None, str]


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
    for some in _by_the_thousand(_staged(row, columns, defined) for row in table.rows()):
        journal.add(some)
        tally.read += len(some)
        if tally.stopped:
            return
    after = ""
    while groups := journal.repeated(after):
        after = groups[-1][0][2]
        for group in groups:
            journal.change(_merged(group))


def _by_the_thousand(rows: Iterable[Staged]) -> Iterator[list[Staged]]:
    rest = iter(rows)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def _staged(row: FileRow, columns: Sequence[Column], defined: Mapping[str, str]) -> Staged:
    given = {} if row.problem else arguments_of(row.values, columns)
    email, reason = str(given.get("email") or "")[:300], row.problem
    if not reason:
        notes: list[str] = []
        try:
            person = Person.model_validate(given, context=notes)
            asked = person.attributes()
            if problems := property_problems(custom_fields(asked), defined):
                return row.number, row.line, person.email, "{}", "invalid", in_one_line(problems)
            return row.number, row.line, person.email, compact_json(asked), None, " ".join(notes)
        except ValidationError as error:
            reason = in_one_line(problem_lines(Person, error)[:_SHOWN_PROBLEMS])
    return row.number, row.line, visible(email), "{}", "invalid", reason


def _merged(group: Sequence[tuple[int, int, str, str]]) -> list[tuple[str, str | None, str, int]]:
    rows = [Row(line, email, json.loads(asked)) for _, line, email, asked in group]
    merge(rows, "line")
    return [
        (compact_json(row.expected), None if row.outcome == "unknown" else row.outcome, row.why, number)
        for row, (number, *_) in zip(rows, group, strict=True)
    ]
