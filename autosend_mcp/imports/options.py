"""What an import is to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What an import is to do.

    `lists`: names or ids. `columns`: fields by column, "" for one to leave out, `*` for all others. `split_name`: how
    whole names are divided. `header_line`: from 1, 0 for none.
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
