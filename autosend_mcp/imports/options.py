"""What an import is to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

OptedOut = Literal["leave-out", "suppress", "import-without-lists"]
"""What becomes of the people who said no to mail."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What an import is to do.

    `lists`: names or ids. `columns`: fields by column, "" for one to leave out, `*` for all others. `split_name`: how
    whole names are divided. `header_line`: from 1, 0 for none. `dates`: the order of day, month and year, dmy, mdy or
    ymd. `decimal`: point or comma. `repeated`: whose values count where rows of one address contradict each other, last
    or first; refuse sends none. `opted_out_values` and `mailable`: by column, the values of people who may get no mail,
    and of those who may.
    """

    lists: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    run_workflow: bool = False
    create_fields: bool = False
    dry_run: bool = False
    encoding: str | None = None
    delimiter: str | None = None
    header_line: int | None = None
    split_name: str | None = None
    opted_out: OptedOut = "leave-out"
    opted_out_values: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    mailable: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    dates: str | None = None
    decimal: str | None = None
    repeated: str = "refuse"
