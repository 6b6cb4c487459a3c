"""Pages of a long answer: an opaque cursor, and a bound on the size of each."""

import base64
import binascii
import zlib
from collections.abc import Iterator, Mapping, Sequence
from csv import DictWriter
from io import StringIO
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field

from autosend_mcp.errors import NotSent
from autosend_mcp.models.base import Answer, Body
from autosend_mcp.models.bounds import MAX_ANSWER_BYTES, SHORTENED, shortened, size
from autosend_mcp.models.text import compact_json

_ROOM = MAX_ANSWER_BYTES - 2_000  # for the rest of the answer


_USUAL = 20  # also where a host that requires every argument says 0


class Pageable(Body):
    """Arguments that ask for a page."""

    limit: Annotated[int, BeforeValidator(lambda given: given or _USUAL)] = Field(
        default=_USUAL, ge=1, le=100, description="How many to return: 20 by default, at most 100."
    )
    cursor: str | None = Field(default=None, description="nextCursor from the previous answer.")


class Paged(Answer):
    """An answer of which there may be more: `nextCursor` is there if so; `total` where AutoSend says."""

    total: int | None = None
    next_cursor: str | None = None


def write_cursor(start: int, limit: int, about: str) -> str:
    """Return the cursor of the entry numbered `start`. `about` names the question, which a cursor belongs to."""
    text = f"{start}.{limit}.{zlib.crc32(about.encode())}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, limit: int, about: str) -> tuple[int, int]:
    """Return where to go on, and the limit that the question began with.

    Raises:
        NotSent: It is no cursor of ours, or one of another question.
    """
    if cursor is None:
        return 0, limit
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        start, first_limit, check = (int(part) for part in text.split("."))
    except (ValueError, binascii.Error):
        raise NotSent("The cursor is not one of this server's.", "Call again without cursor to start over.") from None
    if check != zlib.crc32(about.encode()) or not (0 <= start <= 10**9 and 1 <= first_limit <= 100):
        raise NotSent(
            "The cursor belongs to another question.",
            "Repeat the other arguments as they were, or call again without cursor.",
        )
    return start, first_limit


def fitting(rows: Sequence[dict[str, Any]], *, as_csv: bool = False) -> tuple[list[dict[str, Any]], list[str] | None]:
    """Return the rows from the first on that fit in one answer; at least one, cut and with a note if it is too long.

    `as_csv`: they are shown as `csv_of` has them, where a quotation mark is longer.
    """
    kept: list[dict[str, Any]] = []
    room = _ROOM
    for row in rows:
        room -= max(size(row), size(csv_of([row])) if as_csv else 0) + 1
        if room < 0:
            break
        kept.append(row)
    if kept or not rows:
        return kept, None
    return [shortened(rows[0], _ROOM)], [SHORTENED]


def csv_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the rows as lines of CSV below a header: a column for each member, and for each member of a member.

    Of a list of objects the names are shown. Values are as they are, also those that a spreadsheet takes for formulas.
    """
    flat = [dict(_cells("", row)) for row in rows]
    written = StringIO(newline="")
    writer = DictWriter(written, list(dict.fromkeys(name for row in flat for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return written.getvalue().split("\n")[:-1]  # no value has a line break: texts of AutoSend are made visible


def _cells(path: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _cells(f"{path}{name}.", cast("dict[str, Any]", value))
        elif isinstance(value, list):
            yield f"{path}{name}", "; ".join(_named(one) for one in cast("list[Any]", value))
        else:
            yield f"{path}{name}", compact_json(value) if isinstance(value, bool) else value


def _named(value: Any) -> str:
    return str(cast("dict[str, Any]", value).get("name", "")) if isinstance(value, dict) else str(value)


def page(
    rows: Sequence[dict[str, Any]], cursor: str | None, limit: int, about: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the rows that the cursor stands for, and the cursor of what follows."""
    start, limit = read_cursor(cursor, limit, about)
    shown, _ = fitting(rows[start : start + limit])
    following = start + len(shown)
    return shown, write_cursor(following, limit, about) if following < len(rows) else None
