"""Answers and errors as an assistant reads them, within the bound on the size of an answer."""

import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from autosend_mcp.errors import AutoSendError
from autosend_mcp.models.base import Answer, Step, WriteAnswer
from autosend_mcp.models.bounds import MAX_ANSWER_BYTES, SHORTENED, shortened, size
from autosend_mcp.models.text import compact_json, visible_data

UNSEEN = "Characters that cannot be seen are not shown here; they would be sent."
UNDO_TOO_LONG = "What would take this back is too long to be shown."

_MAX_WHOLE = 6_000  # what is longer may have to be cut
_MAX_NOTES = 6_000


def noted(answer: Answer, notes: list[str]) -> Answer:
    """Return the answer with these notes before its own."""
    return answer.model_copy(update={"notes": notes + (answer.notes or [])}) if notes else answer


def fitted(answer: Answer) -> tuple[dict[str, Any], str]:
    """Return the answer as data and as JSON, within the bound on its size."""
    data = noted(answer, [UNSEEN] if _plans_unseen(answer) else []).payload()
    text = compact_json(data)
    if len(text.encode()) > _MAX_WHOLE:
        data = _cut_to_fit(data)
        text = compact_json(data)
    return data, text


def as_commands(steps: Iterable[Step], target: str | None) -> str | None:
    """Return the commands that take a write back, for the user at the shell, where each call is its own process.

    `target`: the file of the sandbox; empty for AutoSend; None for a sandbox in memory, which ends with the process.
    """
    if target is None:
        return None
    sandbox = ["--sandbox", target] if target else []
    calls = (["autosend-mcp", "call", *sandbox, step.tool, compact_json(step.arguments)] for step in steps)
    return " && ".join(shlex.join(call) for call in calls)


def _plans_unseen(answer: Answer) -> bool:
    return isinstance(answer, WriteAnswer) and visible_data(answer.plan) != answer.plan


def _cut_to_fit(data: dict[str, Any]) -> dict[str, Any]:
    """Return a long answer without its undo and with long values cut, with a note on each."""
    undo, notes = data.pop("undo", None), data.pop("notes", [])
    if size(undo) > _MAX_WHOLE:  # commands are whole, or not there
        notes.append(UNDO_TOO_LONG)
        undo = None
    room = MAX_ANSWER_BYTES - size(undo) - min(size(notes), _MAX_NOTES) - len(SHORTENED) - 50
    if size(data) > room:
        data = shortened(data, room)
        notes.append(SHORTENED)
    if size(notes) > _MAX_NOTES:
        notes = shortened(notes, _MAX_NOTES)
    return data | ({"undo": undo} if undo else {}) | ({"notes": notes} if notes else {})


def error_text(error: AutoSendError, notes: Sequence[str]) -> str:
    """Return the whole text of an error, within the bound on its size."""
    error.facts = visible_data(error.facts)
    shown = list(dict.fromkeys([*notes, *error.notes]))
    room = MAX_ANSWER_BYTES - len(error.sentence.encode()) - size(shown) - 200
    if size(error.facts) > room:
        error.facts = shortened(error.facts, room)
        shown.append(SHORTENED)
    return "\n".join([str(error), *(f"Note: {note}" for note in shown)])
