"""The result of a call as Redis holds it for other workers: as data, and back."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown, Unreadable
from autosend_mcp.models.base import Answer
from autosend_mcp.models.schema import in_order
from autosend_mcp.server.in_flight import Result
from autosend_mcp.tools.context import ConfirmationNeeded

_ERRORS: tuple[type[AutoSendError], ...] = (Unreadable, NotSent, Refused, Unknown)
_PARTS = ("what", "next_step", "user_step", "changed", "facts", "status", "code", "fields", "repeat_after", "cause")


class SharedAnswer(Answer):
    """The answer of another worker: `data` as it is shown, `word` its outcome."""

    data: dict[str, Any] = Field(exclude=True)
    word: str = Field(exclude=True)

    @property
    def outcome_word(self) -> str:
        """The outcome, as the other worker said."""
        return self.word

    def payload(self) -> dict[str, Any]:
        """Return the answer with the notes that it has now."""
        return in_order({**self.data, **({"notes": self.notes} if self.notes else {})})


def as_data(result: Result) -> dict[str, Any]:
    """Return a result as data."""
    if isinstance(result, Answer):
        data = result.payload()
        return {"data": data, "notes": data.pop("notes", None), "word": result.outcome_word}
    if isinstance(result, ConfirmationNeeded):
        return {"question": result.question, "about": result.about}
    kind = next(index for index, error in enumerate(_ERRORS) if isinstance(result, error))
    return {"error": kind, "notes": result.notes, **{part: getattr(result, part) for part in _PARTS}}


def from_data(data: Mapping[str, Any]) -> Result:
    """Return the result again."""
    if "data" in data:
        return SharedAnswer.model_validate(data)
    if "question" in data:
        return ConfirmationNeeded(data["question"], data["about"])
    parts: dict[str, Any] = {part: data[part] for part in _PARTS}
    error = _ERRORS[int(data["error"])](**parts)
    error.notes = data["notes"]
    return error
