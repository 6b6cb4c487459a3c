"""Which columns of a file say who may get mail, by their names and by all of their cells."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from autosend_mcp.imports.file.cell_texts import Cells, parts_of, shown, tag_in, text_of
from autosend_mcp.imports.file.opt_out_tables import Meaning
from autosend_mcp.imports.file.opt_out_words import mail_among, meaning_of, reason_of
from autosend_mcp.imports.file.status_patterns import (
    BARE_STATUS,
    BARE_TYPE,
    BOUNCED,
    ERROR,
    INACTIVE,
    LAPSED,
    NONE,
    OF_A_SERVER,
    OF_MAIL,
    OF_PAYMENTS,
    PAID_NAME,
    SUBSCRIBED,
    WHY,
    WHY_IT_BOUNCED,
)
from autosend_mcp.models.opt_out_names import MailName, Says, mail_name
from autosend_mcp.models.opt_out_subjects import is_about_another_channel, is_about_other_things, names_others
from autosend_mcp.models.words import plain, words_of

OTHERS = "*"
"""In what the caller states: all other values of the column that are not understood."""

_MAX_KNOWN = 2_000  # texts of a column

Verdict = Literal["no", "yes", "blank", "unclear"]

_SAYS_NO: set[Meaning] = {"unsubscribed", "no mail", "inactive"}
_READ_AS_CONSENT: set[Meaning] = {"yes", "no", "subscribed", "date", "blank", *_SAYS_NO}


@dataclass(slots=True)
class StatusColumn:
    """A column that says who may get mail, and how its cells are read.

    `asks`: what "inactive" and the like mean has to be asked. `either`: of each answer it has. `only_tags`: only words
    that are about mail count. `stated`: what the caller says of values, as `plain` leaves them; of `*`, all that are
    not understood.
    """

    name: str
    says: Says
    permits: bool = False
    is_time: bool = False
    is_detail: bool = False
    asks: bool = False
    either: bool = False
    only_tags: bool = False
    stated: Mapping[str, bool] = field(default_factory=dict[str, bool])
    counts: dict[Verdict, Counter[str]] = field(default_factory=dict[Verdict, Counter[str]])
    _known: dict[str, Verdict] = field(default_factory=dict[str, "Verdict"])

    def verdict(self, cell: object) -> Verdict:
        """Return what a cell says of its row."""
        text = text_of(cell)
        verdict = self._known.get(text)
        if verdict is None:
            verdict = self._verdict(text)
            if len(self._known) < _MAX_KNOWN:
                self._known[text] = verdict
        return verdict

    def _verdict(self, text: str) -> Verdict:
        meaning = meaning_of(text)
        if self.stated and (known := self._stated(text, meaning)) is not None:
            return "yes" if known else "no"
        verdict = self._read(text, meaning)
        if OTHERS in self.stated and verdict in ("unclear", "blank"):
            return "yes" if self.stated[OTHERS] else "no"
        return verdict

    def _read(self, text: str, meaning: Meaning) -> Verdict:
        """Return what a cell says by itself."""
        if self.only_tags:
            return "unclear" if meaning == "unsubscribed" or tag_in(text) else "blank"
        if self.either and meaning != "unsubscribed":
            return "blank" if meaning == "blank" else "unclear"
        if self.says == "left" and not self.is_detail and (has_mail := mail_among(text)) is not None:
            return "no" if has_mail else "yes"
        if meaning in _SAYS_NO:
            return self._of_a_word(meaning, plain(text))
        if not meaning and tag_in(text):
            return "unclear" if meaning_of(plain(text).partition(" ")[0]) == "yes" else "no"
        return self._of_leaving(meaning) if self.says == "left" else self._of_agreeing(meaning)

    def count(self, verdict: Verdict, cell: object, times: int) -> None:
        """Count so many equal cells."""
        self.counts.setdefault(verdict, Counter())[self._shown(text_of(cell))] += times

    def _shown(self, text: str) -> str:
        return shown((self.only_tags and tag_in(text)) or text)

    def _stated(self, text: str, meaning: Meaning) -> bool | None:
        parts = [text, self._shown(text), *(parts_of(text) if self.only_tags else ())]
        said = [self.stated[words] for words in map(plain, parts) if words in self.stated]
        if said:
            return all(said)
        return self.stated.get({"blank": "blank", "date": "a date"}.get(meaning, ""))

    def _of_a_word(self, meaning: Meaning, words: str) -> Verdict:
        if self.says == "left" and words in NONE:
            return "yes"
        return "unclear" if self.asks and meaning != "unsubscribed" else "no"

    def _of_agreeing(self, meaning: Meaning) -> Verdict:
        if meaning == "no":
            return "unclear" if self.asks else "no"
        if meaning in ("yes", "subscribed", "paid") or (meaning == "date" and self.says == "agreed"):
            return "yes"
        return "blank" if meaning == "blank" else "unclear"

    def _of_leaving(self, meaning: Meaning) -> Verdict:
        if meaning in ("yes", "date", "address"):
            return "unclear" if self.asks or (self.is_detail and meaning != "address") else "no"
        if not meaning and self.is_detail and WHY_IT_BOUNCED.search(words_of(self.name)):
            return "no"
        return "unclear" if not meaning else "yes"


def status_column(
    name: str, cells: Cells, stated: Mapping[str, bool], *, near_payments: bool, known: bool
) -> StatusColumn | None:
    """Return the column, if it says who may get mail or may do so; None for any other.

    `near_payments`: the file has columns about payments. `known`: it is a field of a contact by its name.
    """
    found = mail_name(name.rpartition("customFields.")[2])
    column = _found(name, found, cells, near_payments=near_payments, known=known) or _of_events(name, cells)
    if stated:
        says, asks = (found.says, found.strength == "maybe") if found else ("status", False)
        column = column or StatusColumn(name, says, asks=asks, only_tags=found is None)
        column.stated = stated
    return column


def _found(name: str, found: MailName | None, cells: Cells, *, near_payments: bool, known: bool) -> StatusColumn | None:
    if not cells.meanings.keys() - {"blank"}:
        return None
    if found or known:
        cells = replace(cells, negated=cells.negated and not known)  # addresses and names can hold any word
        column = _by_name(name, found, cells, near_payments=near_payments)
        if column or known:
            return column
    return None if is_about_another_channel(name) else _by_cells(name, cells)


def _of_events(name: str, cells: Cells) -> StatusColumn | None:
    """Return the column, where its cells say what became of mails, whatever its name is."""
    bounced = not cells.words.isdisjoint(BOUNCED) and not is_about_other_things(name) and not is_about_payments(name)
    return StatusColumn(name, "status", asks=True) if bounced else None


def _by_name(name: str, found: MailName | None, cells: Cells, *, near_payments: bool) -> StatusColumn | None:
    if found is None or (words_of(name).endswith("mail no ") and cells.have("")):  # a number
        return None
    column = StatusColumn(name, found.says, found.permits, found.is_time, found.is_detail, either=found.either)
    if found.either:
        return _asking(column, True)
    if found.says == "agreed":
        return _consent(column, found, cells, near_payments=near_payments)
    if found.strength == "sure" or (found.says == "status" and cells.say_unsubscribed):
        return column
    if found.says == "left":
        return _asking(column, cells.have("yes", "date", "address", *_SAYS_NO) or (found.of_leavers and cells.have("")))
    says_no = found.permits and (cells.negated or cells.have("no", "no mail"))
    return _status(column, cells, near_payments=near_payments) or _asking(column, says_no)


def is_about_payments(name: str) -> bool:
    """Return whether a column of this name is about plans and payments."""
    return PAID_NAME.search(words_of(name)) is not None


def _asking(column: StatusColumn, needed: bool) -> StatusColumn | None:
    column.asks = True
    return column if needed else None


def _consent(column: StatusColumn, found: MailName, cells: Cells, *, near_payments: bool) -> StatusColumn | None:
    if found.strength == "maybe":
        blank_beside_yes = column.permits and cells.have("blank") and cells.have("yes", "date", "subscribed")
        says_no = cells.have("no") if found.is_detail else cells.negated or cells.have("no", "no mail")
        return column if cells.say_unsubscribed else _asking(column, says_no or blank_beside_yes)
    if column.is_time and not cells.meanings.keys() - {"date", "blank"}:
        return column if column.permits and cells.have("blank") else None
    if found.strength == "sure":
        return column
    may_be_paid = OF_PAYMENTS.search(words_of(column.name)) is not None
    if may_be_paid and cells.have("inactive") and not cells.have("yes", "no", "unsubscribed"):
        return _status(column, cells, near_payments=near_payments)
    understood, answers = not cells.meanings.keys() - _READ_AS_CONSENT, cells.have("yes", "no")
    if not understood and (cells.are_codes or (column.permits and cells.have("blank") and not answers)):
        return _asking(column, True)
    return column if understood or answers or cells.negated or cells.say_unsubscribed or cells.have("no mail") else None


def _status(column: StatusColumn, cells: Cells, *, near_payments: bool) -> StatusColumn | None:
    """Return the column, where its name is that of any status."""
    words = words_of(column.name)
    column.says = "status"
    if BARE_TYPE.fullmatch(words):
        column.asks = cells.have("inactive") or " subscri" not in words
        return column if cells.have("no mail") and cells.have("subscribed", "unsubscribed") else None
    if not BARE_STATUS.fullmatch(words):
        return None
    if cells.are_codes and not near_payments:
        column.asks = True
        return column
    if cells.have("no mail") or any(map(SUBSCRIBED.fullmatch, cells.words)):
        return column
    if not cells.have("inactive"):
        return None
    inactive = {word for word in cells.words if meaning_of(word) == "inactive"}
    column.asks = near_payments or cells.have("paid") or not all(map(INACTIVE.fullmatch, inactive))
    is_paid = (near_payments or cells.have("paid")) and inactive <= LAPSED
    return None if is_paid else column


def _by_cells(name: str, cells: Cells) -> StatusColumn | None:
    """Return the column, where only its cells say something."""
    words = words_of(name)
    of_mail = OF_MAIL.search(words) or any(map(OF_A_SERVER.fullmatch, cells.words))
    if (WHY.search(words) or (ERROR.search(words) and of_mail)) and not cells.meanings.keys() - {
        "unsubscribed",
        "no mail",
        "blank",
    }:
        of_mail = of_mail or cells.have("unsubscribed") or any(reason_of(one) != "UNSUBSCRIBE" for one in cells.words)
        return StatusColumn(
            name,
            "left",
            is_detail=True,
            asks=not of_mail or names_others(OF_MAIL.sub(" ", ERROR.sub(" ", WHY.sub(" ", words)))),
        )
    return StatusColumn(name, "status", only_tags=True) if cells.say_unsubscribed else None


def stated_of(values: Mapping[str, Collection[str]], name: str, *, mailable: bool) -> dict[str, bool]:
    """Return what the caller states of the values of a column, as `plain` leaves them."""
    return {OTHERS if word.strip() == OTHERS else plain(word) or "blank": mailable for word in values.get(name, ())}
