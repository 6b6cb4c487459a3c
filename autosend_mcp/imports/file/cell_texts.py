"""The cells of any column as texts, counted by what they say of mail."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import cast

from autosend_mcp.imports.file.chunks import Chunk, Cut
from autosend_mcp.imports.file.opt_out_tables import Meaning, listed
from autosend_mcp.imports.file.opt_out_words import are_addresses, mail_among, meaning_of
from autosend_mcp.models.opt_out_refusals import MAY_REFUSE, NO, REFUSES, REFUSING
from autosend_mcp.models.opt_out_subjects import MAILS
from autosend_mcp.models.text import visible
from autosend_mcp.models.words import plain, words_of

BLANK = "(blank)"
A_DATE = "(a date)"
_MAX_VALUES = 200  # different values of a column that are counted one by one
_MAX_NEGATED = 200  # characters of a cell that are looked at for a no
_MAX_TAGGED = 2_000  # and for what somebody noted of mail
_REFUSED = (
    r" (no|not|none|non|nicht|nein|kein\w*|pas|sans|sin|sem|nao|senza|geen|niet|nee|nie|bez|inga|inget|inte|ej|ikke|"
    r"nei|ei|nem|ne|yok|hayir|red|ret|reddet\w*|\w+m[iu]yor\w*|\w+me(di|yen)|не|нет|без|ні|нема|δεν|οχι|khong|tidak|"
    r"jangan) |ไม่|नहीं|ない|なし|"
    r"ません|不|未|无|無|否|拒|禁|안 |않|없|거부|미동의|لا |לא |"
    rf"{REFUSES}|{MAY_REFUSE}"
)
_BETWEEN = re.compile(r"[,;|#/\n\t]|:{1,3}")
_SEVERAL = re.compile(r"[,;|\[#/\n\t:]")
# Words that say it also among others: in a tag, in a note.
_TAG = re.compile(
    r"(?<! not)(?<! never)(?<! no)(?<! nicht)(?<!n t)(?<! yet)(?<! longer)(?<! not been) (?:unsubscribed|unsubbed|"
    r"un ?subscribe me|(?:to|please|pls) unsubscribe|opted out|opt ?out|optedout|do ?not ?(?:e ?mail|contact)|"
    r"don t (?:e ?mail|contact)|"
    r"(?:removed?|taken?|deleted?)(?: me| us| him| her| them)?(?: off)?(?: from| off) "
    r"(?:(?!suppression |block |black |deny )\w+ ){0,3}(?:list|mailings?|newsletter)|"
    r"take (?:me|us|him|her|them) off|stop (?:e ?mailing|mailing|contacting|sending)|"
    r"no more (?:e ?mails?|mails|newsletters?)|blocklisted|blacklisted|suppressed|abgemeldet|"
    rf"keine (?:werbung|e ?mails?|mails|newsletter)|{REFUSING}|"
    rf"(?:please|bitte|por favor|graag|prosze) (?:{NO}) (?:\w+ ){{0,3}}(?:{MAILS})|"
    r"desabonnee?|desinscrite?|dado de baja|disiscritt[oa]|descadastrad[oa]|uitgeschreven|afgemeld|wypisan[yae]|"
    r"avregistrerad|отписан\w?|отписал\w*) |退订|配信停止|購読解除"
)
_AGREED = listed("subscribed, is subscribed, opted in, opt in, granted, consented, consent, accepted, allowed")
_ADDRESS = re.compile(r"[^\s,;|]*(?:://|@)[^\s,;|]*")  # of a page or of a person: no word of it counts
_MAX_VALUE = 60  # characters of one that are shown


@dataclass(slots=True)
class Cells:
    """What all cells of one column are: how many say what, and which values there are.

    `of_mail`: the name of the column says something of mail. `negated`: one of its cells says no in words that are not
    known. `codes`: the cells, as long as each is one letter or digit.
    """

    of_mail: bool = False
    meanings: Counter[Meaning] = field(default_factory=Counter[Meaning])
    words: set[str] = field(default_factory=set[str])
    tags: Counter[str] = field(default_factory=Counter[str])
    negated: bool = False
    codes: set[str] | None = field(default_factory=set[str])

    @property
    def are_codes(self) -> bool:
        """Return whether each cell is one letter or digit, and not all of them say yes."""
        return bool(self.codes) and any(meaning_of(code) != "yes" for code in self.codes or ())

    @property
    def say_unsubscribed(self) -> bool:
        """Return whether any cell says that somebody unsubscribed, alone or among other words."""
        return self.have("unsubscribed") or bool(self.tags)

    def see(self, cell: object, times: int = 1) -> None:
        """Take this many more cells that are equal into account."""
        text = text_of(cell)
        meaning = meaning_of(text)
        self.meanings[meaning] += times
        if self.codes is not None and meaning != "blank":
            self.codes = {*self.codes, text.strip()} if len(text.strip()) == 1 else None
        if meaning:
            if len(self.words) < _MAX_VALUES:
                self.words.add(plain(text))
        elif len(text) < _MAX_TAGGED:
            words = f" {plain(text)} "
            if self.of_mail and not self.negated and len(text) < _MAX_NEGATED:
                self.negated = re.search(_REFUSED, words) is not None
            if tag := tag_in(text, words):
                self.tags[tag] += times

    def see_all(self, chunk: Chunk, name: str) -> None:
        """Take all cells of a column of a chunk into account, as `see` does."""
        if isinstance(chunk, Cut) and are_addresses(texts := dict.fromkeys(chunk.column(name))):
            self.meanings["address"] += len(chunk)
            self.codes = None
            for text in texts:
                if len(self.words) == _MAX_VALUES:
                    break
                self.words.add(plain(text))
            return
        for cell, times in chunk.cells(name):
            self.see(cell, times)

    def have(self, *meanings: Meaning) -> bool:
        """Return whether any cell says one of these."""
        return any(self.meanings[meaning] for meaning in meanings)


def text_of(cell: object) -> str:
    """Return a cell as text: also a boolean, a number, or a list or object of a JSON file."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, list):
        listed = cast("list[object]", cell)
        if not any(isinstance(one, dict | list) for one in listed):
            return ", ".join(map(text_of, listed))
        leaves = [*_leaves(listed)]
        tagged = ", ".join(dict.fromkeys(leaf for leaf in leaves if tag_in(f"{leaf},")))
        return tagged or ", ".join(leaves)[:_MAX_NEGATED]
    return "" if cell is None or isinstance(cell, dict) else str(cell)


def _leaves(value: object, name: str = "") -> Iterator[str]:
    """Yield what stands in objects and lists, the name of a member in place of true, and of false what it denies."""
    if isinstance(value, list):
        for one in cast("list[object]", value):
            yield from _leaves(one, name)
    elif isinstance(value, dict):
        members = cast("dict[str, object]", value)
        of_mail = all(mail_among(one) is not False for one in members.values() if isinstance(one, str))
        for member, one in members.items():
            if one is not False:
                yield from _leaves(one, member)
            elif of_mail and plain(words_of(member)) in _AGREED:
                yield "not subscribed"
    elif value is True:
        yield name
    elif value:
        yield str(value)


def shown(text: str) -> str:
    """Return how a value is shown and counted."""
    meaning = meaning_of(text)
    if meaning in ("blank", "date"):
        return BLANK if meaning == "blank" else A_DATE
    return visible(text.strip())[:_MAX_VALUE]


def tag_in(text: str, words: str = "") -> str:
    """Return the first part of a cell that says that somebody unsubscribed, all of a text that says it among others.

    `words`: those of the text, where they are known.
    """
    if len(text) >= _MAX_TAGGED:
        return ""
    said = text
    if "://" in text or "@" in text:
        said, words = _ADDRESS.sub("", text), ""
    exact = next((part for part in parts_of(said) if meaning_of(part) == "unsubscribed"), "")
    if exact or not _TAG.search(words or f" {plain(said)} "):
        return exact
    return next((part for part in parts_of(said) if _TAG.search(f" {plain(part)} ")), text)


def parts_of(text: str) -> Collection[str]:
    """Return the parts of a cell with several; none of any other."""
    return [part.strip(" \"'[]*") for part in _BETWEEN.split(text)] if _SEVERAL.search(text) else ()
