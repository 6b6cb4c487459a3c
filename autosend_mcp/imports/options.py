"""What an import is to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What an import is to do.

    `lists`: names or ids. `columns`: fields by column, "" for one to leave out.
    """

    lists: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    run_workflow: bool = False
    create_fields: bool = False
    dry_run: bool = False
    encoding: str | None = None
    delimiter: str | None = None
