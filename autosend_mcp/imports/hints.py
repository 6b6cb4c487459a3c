"""What a caller could add so that an import can begin; the shell and the tool each say in which words."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from autosend_mcp.errors import AutoSendError, NotSent

Option = Literal["columns", "create_fields", "encoding", "restart"]


class Hint(NamedTuple):
    """An option of imports that would help.

    `column` and `field`: for `columns`, the name of one column as a sentence can show it, and a field that it could be.
    """

    option: Option
    column: str = ""
    field: str = "company"


class UnclearImport(NotSent):
    """The import cannot begin before the caller adds something."""

    def __init__(self, what: str, next_step: str = "", *, hints: Sequence[Hint]) -> None:
        super().__init__(what, next_step)
        self.hints = tuple(hints)


def explain(error: AutoSendError, phrases: Mapping[Option, str]) -> None:
    """Add to the next step how this caller gives the options that would help.

    `phrases`: a sentence for each option, with `{column}` and `{field}` where it names them.
    """
    if isinstance(error, UnclearImport):
        sentences = [phrases[hint.option].format(column=hint.column, field=hint.field) for hint in error.hints]
        error.next_step = " ".join(part for part in (error.next_step, *sentences) if part)
