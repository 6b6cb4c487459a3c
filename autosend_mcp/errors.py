"""The errors of a call, named by what happened to the world.

AutoSendError
├── NotSent   nothing left this machine, so nothing changed
├── Refused   AutoSend said no, so nothing changed
└── Unknown   a request left and no readable answer came back: it may have happened
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic_core import to_json

NOTHING_CHANGED = "Nothing changed."


class AutoSendError(Exception):
    """A call that did not succeed: what happened, whether anything changed, and what to do next.

    Args:
        what: What happened, one sentence in our own words.
        next_step: What the caller can do next, in our own words.
        user_step: What only the user can do about it, as an imperative such as "set AUTOSEND_API_KEY". The shell shows
            it as it is; the server turns it into advice for an assistant.
        changed: Whether anything changed; each kind has its own default.
        facts: Labelled data. Anything that came from AutoSend goes here and nowhere else: it is shown as JSON.
        status: HTTP status of the reply, if there was one.
        code: AutoSend's own code of the error, if it gave one.
        fields: Names of the fields AutoSend complained about.
        repeat_after: Seconds after which the same request may be sent again without risk; None if it may not.
        cause: Class name of the underlying error, for the log.
    """

    outcome: ClassVar[str] = "error"
    default_changed: ClassVar[str] = ""

    def __init__(
        self,
        what: str,
        next_step: str = "",
        *,
        user_step: str = "",
        changed: str | None = None,
        facts: Mapping[str, object] | None = None,
        status: int | None = None,
        code: str | None = None,
        fields: Sequence[str] = (),
        repeat_after: float | None = None,
        cause: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.user_step = user_step
        self.changed = self.default_changed if changed is None else changed
        self.facts = dict(facts or {})
        self.status = status
        self.code = code
        self.fields = tuple(fields)
        self.repeat_after = repeat_after
        self.cause = cause
        self.notes: list[str] = []

    @property
    def sentence(self) -> str:
        """What happened, whether anything changed, and what to do next; all in our own words."""
        user_step = f"{self.user_step[0].upper()}{self.user_step[1:]}." if self.user_step else ""
        return " ".join(part for part in (self.what, self.changed, self.next_step, user_step) if part)

    def __str__(self) -> str:
        """Return the whole text: the sentence, then the data."""
        return "\n".join(
            [self.sentence, *(f"{label}: {to_json(value).decode()}" for label, value in self.facts.items())]
        )


# What texts say to an assistant, and to the user at the shell instead.
_AT_THE_SHELL = {
    "Ask the user whether to apply these differences; if so, call": "To apply these differences, call",
    "Ask the user to check, or": "Check, or",
    " Ask the user first.": "",
    "; ask the user first": "",
    ", or ask the user": "",
    "if that is what the user wants": "if that is what you want",
    ", if the user wants it": "",
}


def address_user(error: AutoSendError) -> None:
    """Turn advice for an assistant into advice for the user at the shell."""
    for said, instead in _AT_THE_SHELL.items():
        error.next_step = error.next_step.replace(said, instead)


class NotSent(AutoSendError):
    """Nothing left this machine, so nothing changed."""

    outcome = "not_sent"
    default_changed = "Nothing was sent and nothing changed."


class Refused(AutoSendError):
    """AutoSend answered and said no, so nothing changed."""

    outcome = "refused"
    default_changed = NOTHING_CHANGED


class Unknown(AutoSendError):
    """A request left and no readable answer came back: it may have happened."""

    outcome = "unknown"
    default_changed = "Whether it was applied is not known."

    def looked_into(
        self, next_step: str, *, changed: str | None = None, facts: Mapping[str, object] | None = None
    ) -> "Unknown":
        """Return the error of the same lost reply, with what looking up afterwards found."""
        said = {**self.facts, **(facts or {})}
        return Unknown(
            self.what, next_step, changed=changed, facts=said, status=self.status, code=self.code, cause=self.cause
        )


class Unreadable(Unknown):
    """AutoSend answered, but the answer could not be read."""
