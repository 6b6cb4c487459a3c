"""Where pages of a long list began: so that the pages after one are found from there, not counted from the first.

Kept in memory for each list, as the number of a member with its key, by which members are sorted. A new contact is
greater than all and changes no place; where others join or leave, the places above them are forgotten.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from operator import itemgetter
from typing import Any, NamedTuple

from autosend_mcp.sandbox.database import Database

Place = tuple[int, Any]
"""How many members are before one, and its key."""

_MAX_PLACES = 1_000
_KEY = itemgetter(1)


class Found(NamedTuple):
    """A query of members: what they are sorted by, the rest of it with its values, and how many there are."""

    key: str
    rest: str
    values: tuple[Any, ...]
    total: int = 0


def keys_of_page(db: Database, project: str, list_id: str, found: Found, page: tuple[int, int]) -> list[Any]:
    """Return the keys of a page of members: counted from the last place that is known before them, or from the end.

    `page`: how many members are before it, and how many it has at most.
    """
    start, limit = page[0], max(min(page[1], found.total - page[0]), 0)
    places = None if found.key.startswith("+") else _places(db, project).setdefault(list_id, [])
    at = bisect_right(places, start, key=itemgetter(0)) if places else 0
    before = places[at - 1] if places and at else None
    ahead, behind = start - (before[0] if before else 0), found.total - start - limit
    rest, values, order, skipped = found.rest, found.values, "", ahead
    if behind < ahead:
        order, skipped = "DESC", behind
    elif before:
        rest, values = f"{rest} AND {found.key} >= ?", (*values, before[1])
    sql = f"SELECT {found.key} {rest} ORDER BY {found.key} {order} LIMIT ? OFFSET ?"
    keys = sorted(row[0] for row in db.rows(sql, *values, limit, skipped))
    if places is not None and keys and ahead:
        if len(places) >= _MAX_PLACES:
            del places[::2]
        insort(places, (start, keys[0]))
    return keys


def forget(db: Database, project: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Forget the places above contacts that joined or left lists: the ids of both."""
    if places := _places(db, project):
        for contact, list_id in pairs:
            if kept := places.get(list_id):
                del kept[bisect_left(kept, contact, key=_KEY) :]


def forget_all(db: Database, project: str) -> None:
    """Forget all places of a project."""
    _places(db, project).clear()


def _places(db: Database, project: str) -> dict[str, list[Place]]:
    return db.kept("places", project, dict[str, list[Place]])
