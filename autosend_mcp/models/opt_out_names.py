"""What a name says of mail: that somebody left, that somebody agreed, or a status of either.

A name is the header of a column or of a custom field, or an argument: in the languages of the headers that imports
take, as words, in camelCase or run together. What it says is compared without case, accents and punctuation.
"""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from autosend_mcp.models.opt_out_patterns import (
    ABOUT_MAIL,
    AGREED,
    AGREED_INSIDE,
    ALSO_OF_OTHERS,
    BY_CHANNEL,
    BY_WHAT,
    CHANNELS,
    CONSENT_OF_OTHERS,
    COUNTS,
    GOT,
    LEFT,
    LEFT_INSIDE,
    MAIL_PERMISSION,
    MAIL_STATUS,
    MAYBE_AGREED,
    MAYBE_LEFT,
    PERMITS,
    RECEIVING,
    STATE,
    STATUS,
    TIME,
    VAGUE,
    WEAK_LEFT,
    WISHES,
)
from autosend_mcp.models.opt_out_refusals import BOTH_ANSWERS, LATER, MAY_REFUSE, NO, REFUSES
from autosend_mcp.models.opt_out_subjects import (
    ABOUT_MAILS,
    ASKS_TO_SEND,
    BY_MAIL,
    DETAIL,
    MAIL,
    NEWS,
    OTHERWISE,
    is_of_others,
    names_others,
)
from autosend_mcp.models.words import words_of

Says = Literal["left", "agreed", "status"]
Strength = Literal["sure", "likely", "maybe"]


class MailName(NamedTuple):
    """What a name says.

    `strength`: `sure`: it is about mail, whatever the values are. `likely`: it is where the values are a yes or no.
    `maybe`: nobody but the user knows. `is_time`: of when. `is_detail`: no more than why, by what or how often.
    `permits`: it is a permission, which somebody without one has not given. `of_leavers`: those who left are called
    so, or those who did something else. `either`: a yes as well as a no may be of somebody who left.
    """

    says: Says
    strength: Strength = "sure"
    is_time: bool = False
    is_detail: bool = False
    permits: bool = False
    of_leavers: bool = False
    either: bool = False


_MAX_NAME = 200
_QUESTION = 7  # words of a name that is a whole sentence, in which "by" or "form" need not be about details
_NEAR = 4  # words before a verb that a negation may be in


@lru_cache(maxsize=2_000)
def mail_name(name: str) -> MailName | None:
    """Return what a name says of mail; None where it says nothing."""
    name = name[:_MAX_NAME]
    words = re.sub(BOTH_ANSWERS, "", re.sub(BY_CHANNEL, " with ", words_of(name)))
    words = re.sub(r"(?<= )(e ?mail) ?\d+(?= )", r"\1", words)
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
        re.search(ABOUT_MAILS, words) and not re.search(ASKS_TO_SEND, words) and (not left or " rate " in words)
    ):
        return None
    if re.search(MAIL_STATUS, words):
        return MailName("status")
    if left:
        return _about(words, left.group(), _left(words))
    verb = re.search(RECEIVING, words)
    if verb and (verb.group() not in GOT or re.search(WISHES, words)):
        return _receiving(words, verb)
    if agreed := (re.search(AGREED, words) or re.search(AGREED_INSIDE, together)):
        return _agreed(words, agreed.group().strip())
    return _maybe(words)


def _about(words: str, what: str, found: MailName) -> MailName | None:
    """Return what was found, as far as a name with these words may be about mail; `what`: those that say it."""
    if re.search(BY_MAIL, words):
        return found
    also_of_others = re.search(ALSO_OF_OTHERS, f" {what.strip()} ") is not None
    if is_of_others(words):
        return None if also_of_others else found._replace(strength="maybe")
    if (also_of_others and names_others(words.replace(what.strip(), " "))) or _opts_for_others(words):
        return found._replace(strength="maybe", of_leavers=True)
    return found


def _left(words: str) -> MailName:
    if re.search(rf" (?:{NO}) (?:been )?(?:opt(ed)? ?out|unsub\w*) ", words):
        return MailName("agreed", permits=True)
    left = re.search(LEFT, words)
    before = words[: left.start()] if left else ""
    if negated := re.search(rf" ({NO})(?: been| yet| want to| wish to)*$", before):
        return MailName("left" if negated[1] == "no" else "agreed", "maybe")
    rest = re.sub(LEFT, " ", re.sub(LEFT, " ", words))  # twice: words side by side share a blank
    if re.search(rf" (?:{NO}) ", rest):
        return MailName("agreed", "maybe", permits=True, of_leavers=True, either=True)
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
        return MailName("left", "maybe", either=True)
    return MailName("agreed", "likely" if is_mail else "maybe", permits=True)


def _agreed(words: str, what: str) -> MailName | None:
    others, is_time = is_of_others(words), bool(re.search(TIME, words))
    if re.search(rf" (?:{STATE}|type) ", words):
        return MailName("status", "maybe", permits=not others)
    if re.search(DETAIL, words) and len(words.split()) < _QUESTION:
        return MailName("agreed", "maybe", is_detail=True)
    if (negated := is_negated(words, what)) or re.search(REFUSES, words):
        return MailName("left", "sure" if negated or "subscri" not in words else "maybe", is_time=is_time)
    if others and re.search(CONSENT_OF_OTHERS, f" {what} "):
        return None
    if (may_refuse := _may_refuse(words)) or _may_be_to_others(words):
        return MailName("left" if may_refuse else "agreed", "maybe", is_time, permits=not others, either=may_refuse)
    vague = re.search(VAGUE, words) and not re.search(MAIL_PERMISSION, words)
    permits = re.search(PERMITS, words) is not None
    return MailName("agreed", "likely" if vague else "sure", is_time=is_time, permits=permits)


def _may_be_to_others(words: str) -> bool:
    """Return whether somebody may have agreed to other things than mail, or may not have agreed."""
    agreeing = rf"{CONSENT_OF_OTHERS}|{AGREED}|{ABOUT_MAIL}|{RECEIVING}|{ASKS_TO_SEND}"
    return names_others(re.sub(agreeing, " ", words.replace(" ", "  ")))


def _opts_for_others(words: str) -> bool:
    """Return whether somebody opted into or out of something that need not be mail."""
    found = re.search(r" opt(?:ed)? ?(?:in|out)s? (?:for|of|to|into|from)(?= )", words)
    return found is not None and not re.search(NEWS, words) and names_others(words.replace(found.group(), " "))


def _maybe(words: str) -> MailName | None:
    """Return what a name says that is about mail only if its values are."""
    if re.search(COUNTS, words):
        return None
    is_time = bool(re.search(TIME, words))
    if re.search(rf"{WEAK_LEFT}|{MAYBE_LEFT}|{MAYBE_AGREED}", words) and is_of_others(words):
        return None
    if re.search(WEAK_LEFT, words):
        return MailName("left", "maybe", is_time=is_time, of_leavers=True)
    if re.search(DETAIL, words) and not re.search(STATUS, words):
        return None
    patterns: tuple[tuple[str, Says], ...]
    patterns = ((MAYBE_LEFT, "left"), (MAYBE_AGREED, "agreed"), (STATUS, "status"))
    permits = False
    found: Says | None = next((says for pattern, says in patterns if re.search(pattern, words)), None)
    if found is None and re.search(ABOUT_MAIL, words):
        found, permits = "agreed", True
    either = found == "agreed" and _may_refuse(words)
    if either:
        found = "left"
    return MailName(found, "maybe", is_time=is_time, permits=permits, either=either) if found else None


def _may_refuse(words: str) -> bool:
    without_numbers = re.sub(r" no (?=of |\d)| \d+ off(?= )", " ", words)
    return re.search(rf"{MAY_REFUSE}|{WEAK_LEFT}| (?:{NO}) ", without_numbers) is not None


def is_negated(words: str, what: str) -> bool:
    """Return whether a word of negation stands right before these words, or one word before them."""
    return bool(re.search(rf" (?:{NO}) (?:\w+ )?{re.escape(what)} ", words))


def is_opt_out(name: str, value: object = None) -> bool:
    """Return whether a field or argument of this name is about who may get mail; with `false`, also of a newsletter."""
    found = mail_name(name)
    return found is not None and (found.strength == "sure" or (found.strength == "likely" and value is False))
