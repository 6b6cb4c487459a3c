"""What happened in a situation, and the rules that say whether it was right: the same for every server.

A rule looks at the requests that arrived, at what the API holds afterwards and at the answer, never at who gave it.
Where a server does not have what a situation asks for, its verdict is "cannot".
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from jsonschema import Draft202012Validator

from benchmarks.peer_line import Asked, Held, Json

PATIENCE = 60.0
"""Seconds that a client waits for an answer: the limit of many hosts and of the SDKs."""
MAX_TRIES = 10

Word = Literal["right", "wrong", "cannot"]


@dataclass(frozen=True)
class Answer:
    """What a call gave. `in_time`: within `PATIENCE`; `meanwhile`: a ping was answered while it was under way."""

    text: str = ""
    failed: bool = False
    structured: Any = None
    seconds: float = 0.0
    in_time: bool = True
    meanwhile: bool = True


@dataclass(frozen=True)
class Outcome:
    """What was seen. `control`: the bodies of the same call with the value itself instead of JSON text."""

    email: str
    answer: Answer
    key_setting: str = ""
    key: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])
    writes: list[Asked] = field(default_factory=list[Asked])
    applied: int = 0
    held: Held | None = None
    control: list[Any] = field(default_factory=list[Any])
    output_schema: Json | None = None
    needs_email: bool = True
    stderr: str = ""

    @property
    def said(self) -> str:
        """The answer in small letters."""
        return self.answer.text.lower()

    @property
    def found(self) -> bool:
        """Whether the answer names the stored contact by its id or address."""
        held = self.held
        return held is not None and (held.id.lower() in self.said or held.email.lower() in self.said)

    @property
    def quick(self) -> bool:
        """Whether a write followed the one before sooner than the second that the API asked for."""
        return any(after.at - before.at < 0.9 for before, after in zip(self.writes, self.writes[1:], strict=False))


@dataclass(frozen=True)
class Verdict:
    """One verdict, and why it is not "right"."""

    word: Word
    why: str = ""


Rule = Callable[[Outcome], Verdict]


def _all(*points: tuple[object, str]) -> Verdict:
    """Return "right" if all points hold, else "wrong" with the first that does not."""
    return next((Verdict("wrong", why) for holds, why in points if not holds), Verdict("right"))


def refuses(outcome: Outcome) -> Verdict:
    """An error that names the address, and nothing is stored."""
    if not outcome.needs_email and not outcome.email:
        return Verdict("cannot", "its API takes contacts without an address")
    return _all(
        (outcome.answer.failed, "no error"),
        (not outcome.applied, "stored all the same"),
        ("email" in outcome.said or "e-mail" in outcome.said, "does not say that it is the address"),
    )


def names_the_misspelt(outcome: Outcome) -> Verdict:
    """The answer, be it an error or not, names the argument that there is not."""
    return _all(("emial" in outcome.said, "dropped without a word"))


def takes_it(outcome: Outcome) -> Verdict:
    """The contact is created by one write, without an error."""
    return _all(
        (not outcome.answer.failed, "refused"),
        (outcome.applied == 1 and outcome.held, f"{outcome.applied} writes carried out"),
    )


def reads_the_text(outcome: Outcome) -> Verdict:
    """The API gets the same bodies as with the value itself."""
    return _all(
        (not outcome.answer.failed, "refused"),
        ([one.body for one in outcome.writes] == outcome.control, "sent as something else"),
    )


def stores_no_blanks(outcome: Outcome) -> Verdict:
    """No address is stored with blanks: it is created without them by one write, or refused with the reason."""
    blanks = outcome.applied and any(outcome.email in one.content.decode(errors="replace") for one in outcome.writes)
    stored = not outcome.answer.failed and outcome.applied == 1
    refused = outcome.answer.failed and not outcome.applied and "email" in outcome.said
    return _all((not blanks, "stored with the blanks"), (stored or refused, "neither stored nor refused"))


def names_the_key(outcome: Outcome) -> Verdict:
    """An error that names the setting which holds the key, and does not show the key."""
    return _all(
        (outcome.answer.failed, "no error"),
        (outcome.key not in outcome.answer.text, "shows the key"),
        (outcome.key_setting.lower() in outcome.said, "does not name the setting"),
        (len(outcome.writes) <= 1, "tried again"),
    )


def passes_on(*words: str) -> Rule:
    """Return the rule that an error passes one of these words on."""

    def passed_on(outcome: Outcome) -> Verdict:
        """An error after one write that passes on what the API says."""
        return _all(
            (outcome.answer.failed, "no error"),
            (len(outcome.writes) == 1, f"{len(outcome.writes)} writes"),
            (any(word in outcome.said for word in words), "does not pass on what the API says"),
        )

    return passed_on


def waits_once(outcome: Outcome) -> Verdict:
    """It waits as long as the API asks and creates the contact. Who only reports the limit cannot."""
    if outcome.answer.failed and len(outcome.writes) == 1:
        return Verdict("cannot", "reports it and does not try again")
    return _all(
        (not outcome.answer.failed, "an error after trying again"),
        (not outcome.quick, "tried again sooner than asked"),
        (outcome.applied == 1, f"{outcome.applied} writes carried out"),
    )


def gives_up(outcome: Outcome) -> Verdict:
    """An error in time, after at most 10 tries, none sooner than the API asks."""
    return _all(
        (outcome.answer.in_time, f"no answer in {PATIENCE:.0f} s"),
        (outcome.answer.failed, "no error"),
        (len(outcome.writes) <= MAX_TRIES, f"{len(outcome.writes)} tries"),
        (not outcome.quick, "tried again sooner than asked"),
    )


def sends_once(outcome: Outcome) -> Verdict:
    """One write, and in time an error without HTML, or the stored contact by its id or address; others are answered."""
    return _all(
        (len(outcome.writes) <= 1, f"the write was sent {len(outcome.writes)} times"),
        (outcome.answer.in_time, f"no answer in {PATIENCE:.0f} s"),
        (outcome.answer.meanwhile, "answers nobody meanwhile"),
        (outcome.said.strip(), "empty answer"),
        ("<html" not in outcome.said, "shows HTML"),
        (outcome.answer.failed or outcome.found, "success without the contact"),
    )


def shows_the_record(outcome: Outcome) -> Verdict:
    """One write; the answer names the contact by its id or address, and fits the tool's output schema if it has one."""
    schema, structured = outcome.output_schema or {}, outcome.answer.structured
    unfit = list(Draft202012Validator(schema).iter_errors(structured))  # pyright: ignore[reportUnknownMemberType]
    return _all(
        (not outcome.answer.failed, "an error"),
        (len(outcome.writes) == 1, f"{len(outcome.writes)} writes"),
        (outcome.found, "does not name the contact"),
        (not unfit, "does not fit its output schema"),
    )


def keeps_the_key(outcome: Outcome) -> Verdict:
    """The key stands in nothing that was written to stderr, and in no answer."""
    return _all(
        (outcome.key not in outcome.answer.text, "the key is in an answer"),
        (outcome.key not in outcome.stderr, "the key is on stderr"),
    )


def respects_the_no(said_yes: Held | None, said_no: list[Held | None]) -> Verdict:
    """Who said no, in the file or to the service before, may get no mail after the import, and who agreed may."""
    return _all(
        (not any(held and held.mailable for held in said_no), "one who opted out may get mail"),
        (said_yes and said_yes.mailable, "who agreed was not imported"),
    )
