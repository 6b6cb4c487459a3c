"""What the cells of an import's status columns say, in the languages of the headers that are taken.

The words are compared as `plain` leaves them: without case, accents and punctuation.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Literal

from autosend_mcp.imports.file.opt_out_tables import (
    AGREEING,
    BLANK,
    COURTEOUS,
    INACTIVE,
    MARKS,
    NO,
    NO_MAIL,
    PAID,
    SUBSCRIBED,
    UNSUBSCRIBED,
    YES,
    Meaning,
    listed,
)
from autosend_mcp.imports.values.booleans import read_boolean
from autosend_mcp.models.words import plain

Reason = Literal["UNSUBSCRIBE", "BOUNCE", "COMPLAINT"]


_BOUNCES = re.compile(
    r"bounc|rebond|rebot|rimbalz|studs|odbi|clean|invalid|undeliver|unzustell|バウンス|不達|退信|^[45]\d\d"
)
_COMPLAINTS = re.compile(r"spam|complain|abuse|junk|beschwerde|plainte|queja|reclam|klacht|skarg|жалоб|迷惑|苦情|投诉")
# A word with something behind it: "Bounced (hard)", "Unsubscribed on 2024-01-03", "unsubscribed: by mail".
_FURTHER = re.compile(
    r"([^\W\d_][\w -]{2,40}?)\s*(?:\(.*\)|\[.*\]|[:,/\u2013\u2014].+| - .+| (?:on|am|le|el|il|op|den|by|via|at|"
    r"since) .+)"
)
_NOT = re.compile(
    r"(?:(?:i|we) )?(?:do not|does not|did not|don t|ne pas|won t|will not|would not|not|no|nicht|kein\w*|ne|non|nao|"
    r"niet|nie|ikke|inte|ej|не) (?:(?:to|want|wish|like) )*(.+?)(?: pas)?"
)
_CHANNELS = listed(
    "email, emails, mail, mails, sms, text, mms, push, phone, mobile, call, calls, whatsapp, web, post, letter,"
    "mailings, e"
)
_NO_CHANNELS = {"web", "e"}  # alone, they are how somebody said it, or a code
_MAIL_CHANNELS = listed("email, emails, mail, mails, mailings")
_BETWEEN = re.compile(r"[\[,;|+/]")
_SMTP = re.compile(
    r"[45]\.\d{1,2}\.\d{1,3}|[45]\d\d[ -]#?[45]\.\d{1,2}\.\d{1,3}.*", re.DOTALL
)  # what a mail server answered
_PLAIN_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9._+-]*@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_PLAIN_ADDRESSES = re.compile(rf"(?:{_PLAIN_ADDRESS.pattern}\n)+")
_MONTH = (
    r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mai|okt|dez|janv|fevr|avr|juin|juil|aout|ene|abr|ago|dic)\w*"
)
_DATE = re.compile(
    r"\d{4}[-/.]\d\d?[-/.]\d\d?.*|\d\d?[-/.]\d\d?[-/.]\d{2,4}([ t,].*)?|(19|20)\d{6}|[12]\d{9}(\d{3})?(\.\d+)?|"
    rf"(\w+ )?\d\d?(st|nd|rd|th)?[- ./]+{_MONTH}[- .,/]+\d{{2,4}}.*|(\w+,? )?{_MONTH} \d\d?(st|nd|rd|th)?,? \d{{4}}.*|"
    r"\d{4}年\d\d?月\d\d?日.*"
)

# Words that are written together: "SoftBounced", "IspComplained".
_TOGETHER = re.compile(
    r"(?!un(?!sub)|no|never)\w*(?:unsubscri|opt(?:ed)?out|bounc|complain|suppress|black_?list|block_?list|mailblocked)\w*"
)
_NEGATIVE = re.compile(r"-\d+")  # a code: -1 is no yes
_SAYING_NO: set[Meaning] = {"unsubscribed", "no mail", "inactive"}
_MAX_PHRASE = 100
_MEANINGS: dict[str, Meaning] = {
    **dict.fromkeys(PAID, "paid"),
    **dict.fromkeys(SUBSCRIBED, "subscribed"),
    **dict.fromkeys(INACTIVE, "inactive"),
    **dict.fromkeys(NO_MAIL, "no mail"),
    **dict.fromkeys(UNSUBSCRIBED, "unsubscribed"),
    **dict.fromkeys([*BLANK, ""], "blank"),
}


def meaning_of(text: str) -> Meaning:
    """Return what a cell says."""
    return "address" if "@" in text and _PLAIN_ADDRESS.fullmatch(text) else _meaning_of(text)


def are_addresses(texts: Collection[str]) -> bool:
    """Return whether each is plainly an address, as `meaning_of` would say of one after the other."""
    lines = "\n".join([*texts, ""])
    return lines.count("\n") == len(texts) and _PLAIN_ADDRESSES.fullmatch(lines) is not None


@lru_cache(maxsize=20_000)
def _meaning_of(text: str) -> Meaning:
    stripped = text.strip()
    words = plain(stripped)
    known: Meaning = MARKS.get(stripped) or _yes_or_no(words, stripped) or _MEANINGS.get(words, "")
    if _NEGATIVE.fullmatch(stripped):
        return ""
    if known:
        return known
    if _SMTP.fullmatch(stripped) or _TOGETHER.fullmatch(stripped.casefold()):
        return "no mail"
    if _DATE.fullmatch(stripped.casefold()):
        return "blank" if stripped.startswith("0000") else "date"
    if "@" in stripped:
        return "address" if " " not in stripped else ""
    return _of_several_words(stripped, words) if len(stripped) < _MAX_PHRASE else ""


def _of_several_words(text: str, words: str) -> Meaning:
    """Return what a cell says that is a known word with others around it, or the channels that somebody chose."""
    if text == "[]":
        return "blank"
    if _BETWEEN.search(text) and (has_mail := mail_among(text)) is not None:
        return "subscribed" if has_mail else "no mail"
    if further := _FURTHER.fullmatch(text):
        meaning = _MEANINGS.get(plain(further[1]), "")
        if meaning in _SAYING_NO:
            return meaning
    negated = _NOT.fullmatch(words)
    if negated is None:
        return ""
    if negated[1] in AGREEING:
        return "no mail"
    return "inactive" if _MEANINGS.get(negated[1]) == "subscribed" else ""


def mail_among(text: str) -> bool | None:
    """Return whether mail is among the channels that a cell names; None for a cell of anything else."""
    channels = set(plain(text).split()) if len(text) < _MAX_PHRASE else set[str]()
    if channels <= _NO_CHANNELS or not _CHANNELS.issuperset(channels):
        return None
    return not _MAIL_CHANNELS.isdisjoint(channels)


def _yes_or_no(words: str, text: str) -> Literal["yes", "no", ""]:
    first, *rest = words.split() or [""]
    if words in YES or (first in YES and len(first) > 1 and all(word in COURTEOUS for word in rest)):
        return "yes"
    if words in NO or (first in NO and len(first) > 1 and all(word in COURTEOUS for word in rest)):
        return "no"
    known = read_boolean(words) if len(words) > 1 or not words.isascii() else None
    if known is None and not text.isascii():
        known = read_boolean(text)
    return "" if known is None else "yes" if known else "no"


def reason_of(text: str) -> Reason:
    """Return AutoSend's word for why somebody whose cell says this may get no mail."""
    words = plain(text)
    if _COMPLAINTS.search(words):
        return "COMPLAINT"
    return "BOUNCE" if _BOUNCES.search(words) else "UNSUBSCRIBE"
