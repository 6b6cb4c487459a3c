"""What a caller could add so that an import can begin; the shell and the tool each say in which words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic.alias_generators import to_camel

from autosend_mcp.errors import AutoSendError, NotSent
from autosend_mcp.models.text import counted

Option = Literal[
    "columns", "leave_out", "only", "split_name", "create_fields", "header_line", "no_header", "dates", "decimal",
    "repeated", "encoding", "guess", "opt_outs", "restart", "suppress",
]  # fmt: skip


class Hint(NamedTuple):
    """An option of imports that would help.

    `column` and `field`: for `columns` and `leave_out`, the name of one column, and a field that it could be. `field`:
    for any other, a value to give. `values`: for `opt_outs`, values of the column.
    """

    option: Option
    column: str = ""
    field: str = ""
    values: tuple[str, ...] = ()


class UnclearImport(NotSent):
    """The import cannot begin before the caller adds something."""

    def __init__(self, what: str, next_step: str = "", *, hints: Sequence[Hint]) -> None:
        super().__init__(what, next_step)
        self.hints = tuple(dict.fromkeys(hints))


class Phrases(NamedTuple):
    """How a caller gives options.

    `texts`: a sentence for each, with `{mapped}` where a column is said to be a field, or `{field}` for a value.
    `mapped`: how that is said of a column and a field, as it can be copied. `stated`: how that
    is said of values of a column, by `opted_out_values` or `mailable`; in a text, `{stated}` and `{mailable}`.
    """

    texts: Mapping[Option, str]
    mapped: Callable[[str, str], str]
    stated: Callable[[str, str, Sequence[str]], str]


def sentences(hints: Sequence[Hint], phrases: Phrases) -> list[str]:
    """Return how this caller gives the options that would help."""
    return [
        phrases.texts[hint.option].format(
            mapped=phrases.mapped(hint.column, hint.field),
            field=hint.field,
            stated=phrases.stated("opted_out_values", hint.column, hint.values),
            mailable=phrases.stated("mailable", hint.column, ["..."]),
        )
        for hint in hints
    ]


def explain(error: AutoSendError, phrases: Phrases) -> None:
    """Add to the next step how this caller gives the options that would help."""
    if isinstance(error, UnclearImport):
        error.next_step = " ".join(part for part in (error.next_step, *sentences(error.hints, phrases)) if part)


def another_import(counts: Mapping[str, int], begun: Mapping[str, Any], this: Mapping[str, Any]) -> UnclearImport:
    """Return the error for a journal that was `begun` for another import than `this`: how the two differ.

    `counts`: its rows by outcome.
    """
    sent = sum(counts.get(outcome, 0) for outcome in ("created", "updated", "failed", "unknown"))
    differs = next(name for name in this if begun[name] != this[name])
    what, again = {
        "file": ("This file has changed since", "Restore the file"),
        "options": ("With other options,", "Give the same options"),
        "target": ("With another API key or base URL,", "Set the same"),
    }[differs]
    error = UnclearImport(
        f"{what} an unfinished import of it was begun: {counted(sent, 'row')} settled by then.",
        f"{again} to go on with it.",
        hints=[Hint("restart")],
    )
    if differs == "options":
        then, now = begun["options"], this["options"]
        names = [name for name in now if then.get(name) != now[name]]
        error.facts["begun with"] = {to_camel(name): then.get(name) for name in names}
        error.facts["given now"] = {to_camel(name): now[name] for name in names}
    return error
