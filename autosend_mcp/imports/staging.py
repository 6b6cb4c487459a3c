"""What is done before the first row is sent: every row validated and stored in the journal, new custom fields defined.

The rows are validated with the models of the tools. Rows of one address become one; where they contradict each other,
none is sent unless the options say whose values count.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from pydantic import ValidationError

from autosend_mcp.errors import NotSent
from autosend_mcp.imports.file.cells import arguments_of
from autosend_mcp.imports.file.chunks import Chunk, Cut
from autosend_mcp.imports.file.column import Column
from autosend_mcp.imports.file.field_names import CUSTOM_PREFIX
from autosend_mcp.imports.file.opt_outs import OptOuts
from autosend_mcp.imports.file.rows import FileRow
from autosend_mcp.imports.file.tables import Table
from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.journal_rows import IN_NO_LIST, TO_SUPPRESS, JournalRow, StagedRow
from autosend_mcp.imports.plain_rows import PlainRows
from autosend_mcp.imports.progress import Progress
from autosend_mcp.models.arguments import problem_lines
from autosend_mcp.models.comparison import custom_fields
from autosend_mcp.models.contacts.contact import Person
from autosend_mcp.models.property_tools import CreateCustomField
from autosend_mcp.models.text import compact_json, quoted, visible
from autosend_mcp.tools.contacts.rows import Row, in_one_line, merge
from autosend_mcp.tools.property_checks import property_problems

_MAX_PROBLEMS = 20


def stage(
    table: Table,
    columns: Sequence[Column],
    journal: Journal,
    progress: Progress,
    *,
    defined: Mapping[str, str],
    opt_outs: OptOuts,
    repeated: str,
) -> None:
    """Read every row into the journal. `defined`: the types of the custom fields, the new ones too.

    `repeated`: see `ImportOptions`.

    Raises:
        FileError: The file cannot be read to its end.
    """
    read = _Reading(columns, defined, PlainRows(columns, defined), opt_outs)
    for chunk in table.chunks():
        journal.add(read.staged(chunk))
        progress.read += len(chunk)
        if progress.stopped:
            return
    if opt_outs.opted_out or opt_outs.all_of:
        journal.spread_opt_outs(imports=opt_outs.fate == "import-without-lists")
    after = ""
    while groups := journal.repeated(after):
        after = groups[-1][0].email
        merged = [row for group in groups for row in _merged(group, repeated)]
        progress.contradicting += sum(row.outcome == "invalid" for row in merged)
        journal.update(merged)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the rows of one file are read."""

    columns: Sequence[Column]
    defined: Mapping[str, str]
    plain: PlainRows
    opt_outs: OptOuts

    def staged(self, chunk: Chunk) -> Sequence[StagedRow]:
        """Return the rows as `_staged` does; most of a delimited file are read column by column."""
        if not isinstance(chunk, Cut):
            return [*map(self._staged, chunk.rows)]
        numbers = range(chunk.first, chunk.first + len(chunk))
        emails, texts, odd = self.plain.texts(chunk)
        usual = repeat(None), repeat(""), repeat(0)  # its outcome, reason and lists
        rows: list[StagedRow] = [*zip(numbers, chunk.lines, emails, texts, *usual, strict=False)]
        for index in {*odd, *self.opt_outs.saying_no(chunk)}:
            rows[index] = self._staged(chunk.row(index))
        return rows

    def _staged(self, row: FileRow) -> JournalRow:
        """Return the row with the values of a contact, or with the reason why it is not sent."""
        if row.problem:
            return _invalid(row, "", row.problem)
        no = self.opt_outs.said_no(row.values)
        if no is None:
            return self._validated(row)
        if self.opt_outs.fate == "import-without-lists":
            staged = self._validated(row)
            reason = f"{no.why}; in no list. {staged.reason}".strip()
            return staged._replace(reason=reason, joins=IN_NO_LIST) if staged.outcome is None else staged
        email = self._address(row.values)
        if self.opt_outs.fate == "leave-out" or not email:
            unsuppressed = "; not suppressed, for it has no valid address" if self.opt_outs.fate == "suppress" else ""
            return JournalRow(row.number, row.line, email, "{}", "opted out", no.why + unsuppressed, IN_NO_LIST)
        return JournalRow(row.number, row.line, email, compact_json({"reason": no.reason}), None, no.why, TO_SUPPRESS)

    def _address(self, values: Mapping[str, Any]) -> str:
        """Return the address of a row; nothing where it has none that is valid."""
        given = arguments_of(values, [column for column in self.columns if column.field == "email"])
        try:
            return Person.model_validate(given, context=[]).email
        except ValidationError:
            return ""

    def _validated(self, row: FileRow) -> JournalRow:
        """Return the row with the values of a contact, or with the reason why it is invalid."""
        if expected := self.plain.read(row.values):
            return JournalRow(row.number, row.line, expected["email"], compact_json(expected), None, "")
        unread: list[str] = []
        given = arguments_of(row.values, self.columns, unread)
        notes: list[str] = []
        try:
            person = Person.model_validate(given, context=notes)
        except ValidationError as error:
            problems = problem_lines(Person, error)[:_MAX_PROBLEMS]
            return _invalid(row, visible(str(given.get("email") or "")[:300]), in_one_line(problems))
        expected = person.attributes()
        if problems := unread or property_problems(custom_fields(expected), self.defined):
            return _invalid(row, person.email, in_one_line(problems))
        return JournalRow(row.number, row.line, person.email, compact_json(expected), None, " ".join(notes))


def _invalid(row: FileRow, email: str, reason: str) -> JournalRow:
    return JournalRow(row.number, row.line, email, "{}", "invalid", reason)


def _merged(group: Sequence[JournalRow], repeated: str) -> Iterator[JournalRow]:
    """Yield the rows of one address with what `merge` makes of them."""
    rows = [Row(row.line, row.email, json.loads(row.expected)) for row in group]
    merge(rows, "line", repeated)
    for kept, row in zip(group, rows, strict=True):
        outcome = None if row.outcome == "unknown" else row.outcome
        yield kept._replace(expected=compact_json(row.expected), outcome=outcome, reason=row.why)


def new_field(column: Column) -> CreateCustomField:
    """Return the custom field that the column needs.

    Raises:
        NotSent: There can be none of this name.
    """
    name = column.field.removeprefix(CUSTOM_PREFIX)
    try:
        return CreateCustomField.of(name, column.kind)
    except ValidationError as error:
        why = in_one_line(problem_lines(CreateCustomField, error))
        what = f"The column {quoted(column.name)} cannot be a custom field. {why}"
        raise NotSent(what, "Say which field it is, or leave it out.") from None
