"""What a name says of mail: that somebody left, that somebody agreed, or a status of either.

A name is the header of a column or of a custom field, or an argument: in the languages of the headers that imports
take, as words, in camelCase or run together. What it says is compared without case, accents and punctuation.
"""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from autosend_mcp.models.opt_out_patterns import (
    ABOUT_MAIL,
    ABOUT_MAILS,
    AGREED,
    AGREED_INSIDE,
    BY_CHANNEL,
    BY_MAIL,
    BY_WHAT,
    CHANNELS,
    CONSENT_WORDS,
    COUNTS,
    DETAIL,
    ENGLISH_CONSENT,
    GOT,
    LEFT,
    LEFT_INSIDE,
    MAIL,
    MAIL_PERMISSION,
    MAIL_STATUS,
    MAYBE_AGREED,
    MAYBE_LEFT,
    NEWS,
    OTHER_CHANNEL,
    OTHERWISE,
    PERMITS,
    RECEIVING,
    STATE,
    STATUS,
    TIME,
    VAGUE,
    WISHES,
)
from autosend_mcp.models.opt_out_refusals import BOTH_ANSWERS, LATER, MAY_REFUSE, NO, REFUSES
from autosend_mcp.models.words import words_of

Says = Literal["left", "agreed", "status"]
Strength = Literal["sure", "likely", "maybe"]


class MailName(NamedTuple):
    """What a name says.

    `strength`: `sure`: it is about mail, whatever the values are. `likely`: it is where the values are a yes or no.
    `maybe`: nobody but the user knows. `is_time`: of when. `is_detail`: no more than why, by what or how often.
    `permits`: it is a permission, which somebody without one has not given.
    """

    says: Says
    strength: Strength = "sure"
    is_time: bool = False
    is_detail: bool = False
    permits: bool = False


_MAX_NAME = 200
_QUESTION = 7  # words of a name that is a whole sentence, in which "by" or "form" need not be about details
_NEAR = 4  # words before a verb that a negation may be in


@lru_cache(maxsize=2_000)
def mail_name(name: str) -> MailName | None:
    """Return what a name says of mail; None where it says nothing."""
    name = name[:_MAX_NAME]
    words = re.sub(BOTH_ANSWERS, "", re.sub(BY_CHANNEL, " with ", words_of(name)))
    together = re.sub(r"[\W_]+", "", name.casefold())
    left = re.search(LEFT, words)
    if left and left.start() and re.search(LATER, words):
        before = words[: left.start() + 1]
        return _asked(before, together="") or _left(words)
    return _asked(words, together)


def _asked(words: str, together: str) -> MailName | None:
    """Return what these words of a name say; `together`: the same run together."""
    left = re.search(LEFT, words) or re.search(LEFT_INSIDE, together)
    if (re.search(OTHERWISE, words) and not re.search(BY_MAIL, words)) or (
        re.search(ABOUT_MAILS, words) and (not left or " rate " in words)
    ):
        return None
    if left or re.search(MAIL_STATUS, words):
        return MailName("status") if re.search(MAIL_STATUS, words) else _left(words)
    verb = re.search(RECEIVING, words)
    if verb and (verb.group() not in GOT or re.search(WISHES, words)):
        return _receiving(words, verb)
    if agreed := (re.search(AGREED, words) or re.search(AGREED_INSIDE, together)):
        return _agreed(words, agreed.group().strip())
    return _maybe(words)


def is_about_another_channel(name: str) -> bool:
    """Return whether a name is about messages that are no mail."""
    words = words_of(name[:_MAX_NAME])
    return re.search(OTHER_CHANNEL, words) is not None and not re.search(BY_MAIL, words)


def _left(words: str) -> MailName:
    if re.search(rf" (?:{NO}) (?:been )?(?:opt(ed)? ?out|unsub\w*) ", words):
        return MailName("agreed", permits=True)
    left = re.search(LEFT, words)
    before = words[: left.start()] if left else ""
    if negated := re.search(rf" ({NO})(?: been| yet| want to| wish to)*$", before):
        return MailName("left" if negated[1] == "no" else "agreed", "maybe")
    is_time = bool(re.search(TIME, words))
    is_whether = (is_time and " time" in words) or re.search(CHANNELS, words) is not None
    is_detail = not is_whether and re.search(rf"{DETAIL}|{BY_WHAT}", words) is not None
    return MailName("left", is_time=is_time, is_detail=is_detail)


def _receiving(words: str, verb: "re.Match[str]") -> MailName:
    """Return what a question says that asks whether somebody wants to receive something."""
    is_mail = re.search(rf" (?:{MAIL}) ", words) or re.search(NEWS, words)
    before = words[: verb.start()].split()[-_NEAR:]
    negated = re.search(rf" (?:{NO}) ", f" {' '.join(before)} ") is not None
    if re.search(" (?:un|de)(?:tick|check|select) ", words):
        return MailName("agreed", "likely")
    if negated:
        return MailName("left", "sure" if is_mail else "maybe")
    if re.search(rf"{REFUSES}|{MAY_REFUSE}", words):
        return MailName("left", "maybe")
    return MailName("agreed", "likely" if is_mail else "maybe")


def _agreed(words: str, what: str) -> MailName | None:
    if re.search(rf" (?:{STATE}|type) ", words):
        return MailName("status", "maybe")
    if re.search(DETAIL, words) and len(words.split()) < _QUESTION:
        return None
    is_time = bool(re.search(TIME, words))
    if is_negated(words, what):
        return MailName("left", is_time=is_time)
    if re.search(REFUSES, words):
        return MailName("left", "maybe" if "subscri" in words else "sure", is_time=is_time)
    about_others = re.sub(CONSENT_WORDS, " ", words.replace(" ", "  ")).strip()
    if (may_refuse := _may_refuse(words)) or (re.search(ENGLISH_CONSENT, f" {what} ") and about_others):
        return MailName("left" if may_refuse else "agreed", "maybe", is_time=is_time)
    vague = re.search(VAGUE, words) and not re.search(MAIL_PERMISSION, words)
    return MailName("agreed", "likely" if vague else "sure", is_time=is_time, permits=bool(re.search(PERMITS, words)))


def _maybe(words: str) -> MailName | None:
    """Return what a name says that is about mail only if its values are."""
    if re.search(COUNTS, words) or (re.search(DETAIL, words) and not re.search(STATUS, words)):
        return None
    is_time = bool(re.search(TIME, words))
    patterns: tuple[tuple[str, Says], ...]
    patterns = ((MAYBE_LEFT, "left"), (MAYBE_AGREED, "agreed"), (STATUS, "status"))
    found: Says | None = next((says for pattern, says in patterns if re.search(pattern, words)), None)
    if found is None and re.search(ABOUT_MAIL, words):
        found = "agreed"
    if found == "agreed" and _may_refuse(words):
        found = "left"
    return MailName(found, "maybe", is_time=is_time) if found else None


def _may_refuse(words: str) -> bool:
    return re.search(rf"{MAY_REFUSE}| (?:{NO}) ", re.sub(r" no (?=of |\d)", " ", words)) is not None


def is_negated(words: str, what: str) -> bool:
    """Return whether a word of negation stands right before these words, or one word before them."""
    return bool(re.search(rf" (?:{NO}) (?:\w+ )?{re.escape(what)} ", words))


def is_opt_out(name: str, value: object = None) -> bool:
    """Return whether a field or argument of this name is about who may get mail; with `false`, also of a newsletter."""
    found = mail_name(name)
    return found is not None and (found.strength == "sure" or (found.strength == "likely" and value is False))
