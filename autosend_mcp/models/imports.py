"""Imports of files: the arguments and answers of `start_import`, `get_import` and `stop_import`."""

import csv
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from autosend_mcp.models.base import Answer, Body, JsonObject, WriteBody, broken_rule
from autosend_mcp.models.import_choices import DECIMALS, ORDERS, REPEATED, SPLITS
from autosend_mcp.models.shapes import ImportedList
from autosend_mcp.models.text import compact_json
from autosend_mcp.models.values import FOR_LISTS, MAX_ENTRIES, Name, sendable

MAX_TEXT_BYTES = 100_000


def _not_too_long(text: str) -> str:
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise broken_rule("must be at most 100 kB; a longer one goes into a file, or in several parts")
    return text


def _as_lines(value: object, info: ValidationInfo) -> object:
    """Return rows that are no text, but objects, lists of cells or lines, as the text that they stand for."""
    rows = cast("list[Any]", value if isinstance(value, list) else [value])
    kinds: set[type] = {type(row) for row in rows}
    if kinds == {dict}:
        text = "\n".join(compact_json(row) for row in rows)
    elif kinds == {list}:
        csv.writer(written := StringIO(), lineterminator="\n").writerows(rows)
        text = written.getvalue()
    elif kinds == {str} and rows is value:
        text = "\n".join(rows)
    else:
        return cast("object", value)
    cast("list[str]", info.context).append(f"text: {len(rows)} rows were read as the lines of a file.")
    return text


FileText = Annotated[str, BeforeValidator(_as_lines), AfterValidator(sendable), AfterValidator(_not_too_long)]


def _one_of(values: tuple[str, ...]) -> Callable[[str], str]:
    """Return a check that a value is one of these: no enum, of which a host that must give each argument takes one."""

    def check(value: str) -> str:
        if value not in values:
            raise broken_rule(f"must be {', '.join(values[:-1])} or {values[-1]}")
        return value

    return check


class StartImport(WriteBody):
    """The arguments of `start_import`."""

    spellings: ClassVar[Mapping[str, str]] = {
        **FOR_LISTS,
        "createCustomFields": "createFields",
        "csv": "text",
        "rows": "text",
        "contacts": "text",
    }

    text: FileText | None = Field(
        default=None,
        description="The content: CSV or TSV with a header line, or JSON objects. At most 100 kB.",
        examples=["email,firstName\njane@example.com,Jane"],
    )
    file: Name | None = Field(
        default=None, description="Or the name of a file in the import directory; no path, no URL.", examples=["a.csv"]
    )
    import_id: Name | None = Field(
        default=None, description="Or, alone, the importId of a dry run, once the user agrees to what it showed."
    )
    columns: dict[Name, str] | None = Field(
        default=None,
        max_length=300,
        description='Which field a column is, where its name does not say: {"E-Mail":"email","Rank":"level",'
        '"Notes":""}. A custom field by its name; empty leaves the column out, and "*":"" all but names and addresses.',
        examples=[{"E-Mail": "email", "Notes": ""}],
    )
    list_ids: list[Name] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Contact lists that all contacts join, by name or id.",
        examples=[["Newsletter"]],
    )
    opted_out: Literal["leave-out", "suppress", "import-without-lists"] = Field(
        default="leave-out",
        description="People who opted out, by the file or AutoSend: suppress stops all mail to them.",
    )
    opted_out_values: dict[Name, list[str]] | None = Field(
        default=None,
        description="Values of a status column that mean no mail, as the user says.",
        examples=[{"Status": ["churned"]}],
    )
    mailable: dict[Name, list[str]] | None = Field(
        default=None, description="Those that allow mail, as the user says.", examples=[{"Status": ["current"]}]
    )
    create_fields: bool = Field(default=False, description="Define the custom fields that AutoSend does not know.")
    run_workflow: bool = Field(default=False, description="Start the automations that watch for changed values.")
    encoding: Name | None = Field(
        default=None, description="Encoding of the file, if it is not detected.", examples=["cp1251"]
    )
    delimiter: Name | None = Field(default=None, description="Character between cells, or tab, if it is not detected.")
    header_line: int = Field(default=0, ge=-1, description="Line of the header, if it is not found; -1: there is none.")
    split_name: Annotated[Name, AfterValidator(_one_of(SPLITS))] | None = Field(
        default=None, description=f"How whole names are divided: {', '.join(SPLITS)}.", examples=["last-blank"]
    )
    dates: Annotated[Name, AfterValidator(_one_of(ORDERS))] | None = Field(
        default=None, description="Order of day, month and year in dates such as 03/04/2024: dmy, mdy or ymd."
    )
    decimal: Annotated[Name, AfterValidator(_one_of(DECIMALS))] | None = Field(
        default=None, description="What stands before decimals where 1.234 could be either: point or comma."
    )
    repeated: Annotated[Name, AfterValidator(_one_of(REPEATED))] | None = Field(
        default=None,
        description="Whose values count where rows of one address contradict: last or first; else neither is sent.",
    )
    restart: bool = Field(default=False, description="Start an interrupted import again, from the first row.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = sum(source is not None for source in (self.text, self.file, self.import_id))
        if sources != 1:
            raise broken_rule("give one of text, file and importId" if sources else "give text or file")
        rest = {name: known for name, known in type(self).model_fields.items() if name not in {"import_id", "dry_run"}}
        if self.import_id is not None and any(getattr(self, name) != known.default for name, known in rest.items()):
            raise broken_rule("give importId alone: what its dry run showed is done")
        return self


class GetImport(Body):
    """The arguments of `get_import`."""

    import_id: Name = Field(description="importId from start_import.")
    cursor: str | None = Field(default=None, description="nextCursor from the previous answer, for further problems.")


class StopImport(Body):
    """The arguments of `stop_import`."""

    import_id: Name = Field(description="importId from start_import.")


class ImportState(Answer):
    """How far an import is.

    `outcome`: reading, defining_fields, sending, done, partly_done (not every row was applied), dry_run, stopped or
    failed. `fieldsDefined`: by this import; delete_custom_field takes each back. `counts`:
    rows by what became of them. `lists`: how many people joined each, or would.
    `problems`: rows that were not applied, with the line in the file.
    """

    outcome: str
    import_id: str | None = None
    rows: int | None = None
    settled: int | None = None
    fields_defined: list[str] | None = None
    fields_to_define: int | None = None
    seconds_left: int | None = None
    counts: JsonObject | None = None
    lists: list[ImportedList] | None = None
    problems: list[JsonObject] | None = None
    next_cursor: str | None = None
    files: list[str] | None = None
    next_step: str | None = None

    @property
    def outcome_word(self) -> str:
        """How far the import is, in one word."""
        return self.outcome


class StartedImport(ImportState):
    """The answer of `start_import`. `readAs`: format, encoding, delimiter, and what each column is; not what a dry
    run showed, nor, without one, what goes without saying."""

    read_as: JsonObject | None = None
