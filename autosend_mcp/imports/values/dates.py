"""Dates as people and programs write them, as ISO dates: the order of day, month and year is known or asked for."""

# ruff: noqa: E501, RUF001 - letters of other scripts, and words of many languages in a line

import re
import unicodedata
from datetime import date, time
from functools import lru_cache

from autosend_mcp.models.import_choices import ORDERS

_ISO = re.compile(r"(\d{4}-\d\d-\d\d)([T ][\d:.]+ ?(Z|[+-]\d\d(:?\d\d)?|UTC|GMT)?)?")
_EMPTY = re.compile(r"(0{1,4}[-/.]0{1,2}[-/.]0{1,4}|1900-01-00)([T ]00:00(:00(\.0+)?)?Z?)?")
_TIME = r"(?:[,T ]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*([ap]\.?m\.?)?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d)?(?:\s*\([A-Z]+\))?)?"
_NUMERIC = re.compile(rf"(\d{{1,4}})\s*([-/.])\s*(\d{{1,2}})\s*\2\s*(\d{{1,4}})\.?{_TIME}", re.IGNORECASE)
_EAST = re.compile(rf"(\d{{4}})\s*[年년]\s*(\d{{1,2}})\s*[月월]\s*(\d{{1,2}})\s*[日일]{_TIME}", re.IGNORECASE)
_WORDS = re.compile(
    rf"(?:[^\W\d]+\.?,?\s+)?(?:(\d{{1,2}})(?:st|nd|rd|th|\.|º|er)?[\s-]+(?:(?:de|d'|of)\s+)?([^\W\d]+)\.?|([^\W\d]+)\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?)"
    rf"(?:,|[\s-])\s*(?:(?:de|del|of)\s+)?(\d{{4}})\.?(?:\s+г\.)?{_TIME}",
    re.IGNORECASE,
)
_MONTHS = """
    jan january januar janvier enero gennaio janeiro januari styczeń stycznia tammikuu tammikuuta января январь leden ledna ocak ene gen janv sty
    feb february februar février febrero febbraio fevereiro februari luty lutego helmikuu helmikuuta февраля февраль únor února şubat févr fev lut
    mar march märz mars marzo março maart marzec marca maaliskuu maaliskuuta марта март březen března mart mär mrt mrz
    apr april avril abril aprile kwiecień kwietnia huhtikuu huhtikuuta апреля апрель duben dubna nisan abr avr kwi
    may mai mayo maggio maio mei maj maja toukokuu toukokuuta мая май květen května mayıs mag
    jun june juni juin junio giugno junho czerwiec czerwca kesäkuu kesäkuuta июня июнь červen června haziran giu cze
    jul july juli juillet julio luglio julho lipiec lipca heinäkuu heinäkuuta июля июль červenec července temmuz juil lug lip
    aug august août agosto augustus augusti sierpień sierpnia elokuu elokuuta августа август srpen srpna ağustos ago aou sie
    sep sept september septembre septiembre settembre setembro wrzesień września syyskuu syyskuuta сентября сентябрь září eylül set wrz
    oct october oktober octobre octubre ottobre outubro październik października lokakuu lokakuuta октября октябрь říjen října ekim okt ott out paź
    nov november novembre noviembre novembro listopad listopada marraskuu marraskuuta ноября ноябрь kasım lis
    dec december dezember décembre diciembre dicembre dezembro grudzień grudnia joulukuu joulukuuta декабря декабрь prosinec prosince aralık dez dic déc gru
"""
_SERIAL = re.compile(r"[2-5]\d{4}(\.\d+)?")
_YEAR = re.compile(r"\d{4}")
_CENTURY = 1000
_MAX_LENGTH = 100


def _folded(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in letters if char.isalpha())


_MONTH_OF = {
    _folded(word): number for number, line in enumerate(_MONTHS.strip().splitlines(), start=1) for word in line.split()
}


def is_empty_date(text: str) -> bool:
    """Return whether the text is what databases write for no date: 0000-00-00."""
    return text[:1] in {"0", "1"} and _EMPTY.fullmatch(text) is not None


@lru_cache(maxsize=10_000)
def orders_of(text: str) -> tuple[str, ...] | None:
    """Return the orders in which the text is a date; all of them if it says so itself, None if it is no date."""
    if _YEAR.search(text) is None:
        return None
    if read_date(text, None):
        return ORDERS
    found = tuple(order for order in ORDERS if read_date(text, order))
    return found or None


def read_date(text: str, order: str | None) -> str | None:  # noqa: PLR0911 - one for each way of writing
    """Return the date, with the time if there is one, in ISO 8601; None if it is none in this order.

    Without an `order`, only what can be read in one way is a date. What is in ISO 8601 stays as it is.
    """
    if len(text) > _MAX_LENGTH:  # patterns with optional words take long over long texts
        return None
    if iso := _ISO.fullmatch(text):
        return _iso(text, iso)
    if found := _EAST.fullmatch(text):
        return _made((found[1], found[2], found[3]), found.groups()[3:])
    if found := _WORDS.fullmatch(text):
        month = _MONTH_OF.get(_folded(found[2] or found[3]))
        return _made((found[5], str(month), found[1] or found[4]), found.groups()[5:]) if month else None
    found = _NUMERIC.fullmatch(text)
    if found is None:
        return None
    one, two, three = found[1], found[3], found[4]
    clock = found.groups()[4:]
    if len(one) == 4:
        return _made((one, two, three), clock)
    if order in {None, "ymd"} or len(three) != 4:
        return None
    return _made((three, two, one) if order == "dmy" else (three, one, two), clock)


def _iso(text: str, parts: "re.Match[str]") -> str | None:
    try:
        date.fromisoformat(parts[1])
    except ValueError:
        return None
    zone = parts[3] or ""
    if zone in {"UTC", "GMT"}:
        return f"{text[: -len(zone)].rstrip()}Z"
    return f"{text}:00" if zone[:1] in {"+", "-"} and not parts[4] else text


def _made(day: tuple[str, str, str], clock: tuple[str | None, ...]) -> str | None:
    year, month, of_month = map(int, day)
    if year < _CENTURY:
        return None
    try:
        shown = date(year, month, of_month).isoformat()
        return shown if clock[0] is None else f"{shown}T{_time(clock)}"
    except ValueError:
        return None


def _time(clock: tuple[str | None, ...]) -> str:
    hours, minutes, seconds, half, zone = clock
    hour = int(hours or 0)
    if half:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    zone = "Z" if zone in {"UTC", "GMT"} else zone or ""
    if zone[:1] in {"+", "-"} and len(zone) < 6:
        zone = f"{zone[:3]}:{zone[3:] or '00'}"
    return time(hour, int(minutes or 0), int(seconds or 0)).isoformat() + zone


def why_no_date(text: str) -> str:
    """Return why the text is no date, as a rule: "must be a date, such as ..."."""
    found = _NUMERIC.fullmatch(text)
    if found and len(found[1]) < 4 and len(found[4]) < 4:
        return 'must be a date with a year of four digits, such as "2024-03-01"'
    if _SERIAL.fullmatch(text):
        return 'must be a date, such as "2024-03-01", not the number by which a spreadsheet keeps one'
    return 'must be a date, such as "2024-03-01"'
