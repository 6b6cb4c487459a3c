"""Text and names from elsewhere, made safe to show; and JSON as it is sent and shown: compact."""

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import AfterValidator
from pydantic_core import to_json

# Characters that render as nothing although Unicode calls them letters, marks or symbols.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


_LINE_BREAKS = frozenset("\t\n\v\f\r\x85\u2028\u2029")


def visible(text: str) -> str:
    """Return the text without invisible, bidirectional or control characters; line breaks and tabs become spaces.

    Text from AutoSend was written by strangers; what a user cannot see, an assistant should not read.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if char in _LINE_BREAKS else char for char in text if char in _LINE_BREAKS or _shows(char))


def _shows(char: str) -> bool:
    if char in _BLANK or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef":
        return False
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


VisibleText = Annotated[str, AfterValidator(visible)]


def folded(name: str) -> str:
    """Return a name without what people do not write alike: case, width of letters, spacing."""
    return " ".join(unicodedata.normalize("NFKC", visible(name)).casefold().split())


def visible_data(value: Any) -> Any:
    """Return JSON data with every text in it made visible, the names too."""
    text = to_json(value)
    plain = text.isascii() and b"\\" not in text and b"\x7f" not in text  # a control character is escaped in JSON
    return value if plain else _visible_parts(value)


def with_visible_names(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members under visible names; of two that look alike, the one whose name is just that."""
    shown = {visible(name): value for name, value in members.items()}
    return shown if len(shown) == len(members) else shown | {name: v for name, v in members.items() if name in shown}


def _visible_parts(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {name: _visible_parts(v) for name, v in with_visible_names(cast("dict[str, Any]", value)).items()}
    if isinstance(value, list | tuple):
        return [_visible_parts(one) for one in cast("list[Any]", value)]
    return value


def quoted(name: str) -> str:
    """Return a name that somebody else chose as a JSON string, so that it is never taken for the server's own words."""
    return to_json(visible(name)[:80]).decode()


def counted(count: int, one: str, several: str = "") -> str:
    """Return a count with what is counted: `1 row`, `1,200 rows`; of `several`, where an s makes no plural."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def compact_json(value: object) -> str:
    """Return the value as one line of JSON, without spaces and with letters left as they are."""
    return to_json(value).decode()
