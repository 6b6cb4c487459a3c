"""What a caller could add so that an import can begin; the shell and the tool each say in which words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from autosend_mcp.errors import AutoSendError, NotSent

Option = Literal[
    "columns", "leave_out", "only", "split_name", "create_fields", "header_line", "no_header", "dates", "decimal",
    "repeated", "encoding", "restart",
]  # fmt: skip


class Hint(NamedTuple):
    """An option of imports that would help.

    `column` and `field`: for `columns` and `leave_out`, the name of one column, and a field that it could be. `field`:
    for any other, a value to give.
    """

    option: Option
    column: str = ""
    field: str = ""


class UnclearImport(NotSent):
    """The import cannot begin before the caller adds something."""

    def __init__(self, what: str, next_step: str = "", *, hints: Sequence[Hint]) -> None:
        super().__init__(what, next_step)
        self.hints = tuple(dict.fromkeys(hints))


class Phrases(NamedTuple):
    """How a caller gives options.

    `texts`: a sentence for each, with `{mapped}` where a column is said to be a field, or `{field}` for a value.
    `mapped`: how that is said of a column and a field, as it can be copied.
    """

    texts: Mapping[Option, str]
    mapped: Callable[[str, str], str]


def explain(error: AutoSendError, phrases: Phrases) -> None:
    """Add to the next step how this caller gives the options that would help."""
    if isinstance(error, UnclearImport):
        sentences = [
            phrases.texts[hint.option].format(mapped=phrases.mapped(hint.column, hint.field), field=hint.field)
            for hint in error.hints
        ]
        error.next_step = " ".join(part for part in (error.next_step, *sentences) if part)
