"""Cells that hold objects and lists: an object becomes columns such as `address.city`, a list of texts one text."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from autosend_mcp.imports.file.field_names import named
from autosend_mcp.imports.file.rows import FileRow

_MAX_DEPTH = 8
_MAX_SHOWN = 4  # columns


@dataclass(slots=True)
class Spreading:
    """What is spread. `whole`: columns that the caller names, so that they stay as they are. `cells`: those of a
    delimited file whose cells are objects, as JSON.

    `objects`, `lists`: the columns that objects and lists became. `several`: those in which a list has several objects,
    so that none of its lists is spread. `empty`: those in which an object is.
    """

    whole: Collection[str] = ()
    cells: frozenset[str] = frozenset()
    objects: dict[str, None] = field(default_factory=dict[str, None])
    lists: dict[str, None] = field(default_factory=dict[str, None])
    several: set[str] = field(default_factory=set[str])
    empty: set[str] = field(default_factory=set[str])

    def spread(self, name: str, value: object, depth: int = 0) -> Iterator[tuple[str, Any]]:
        """Yield the columns that the value of a member becomes, with their values."""
        if name in self.whole or depth > _MAX_DEPTH or not isinstance(value, dict | list):
            if depth:
                self.objects[name] = None
            yield name, value
            return
        if isinstance(value, list):
            listed = cast("list[object]", value)
            if not any(isinstance(one, dict | list) for one in listed):
                self.lists[name] = None
                yield name, _joined(listed)
            elif len(listed) > 1 or name in self.several:
                self.several.add(name)
                yield name, value
            else:
                yield from self.spread(name, listed[0], depth + 1)
            return
        if not value and not depth:
            self.empty.add(name)
            yield name, None
        for member, one in cast("dict[str, object]", value).items():
            yield from self.spread(f"{name}.{member}", one, depth + 1)

    def columns(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the names without those of objects that are empty in one row and spread in another."""
        every = [*names]
        return tuple(
            name for name in every if name not in self.empty or not any(one.startswith(f"{name}.") for one in every)
        )

    def again(self) -> None:
        """Begin to read the rows again: it is known by now in which columns lists have several objects."""
        self.objects.clear()
        self.lists.clear()

    def rows(self, rows: Iterable[FileRow]) -> Iterator[FileRow]:
        """Yield the rows of a delimited file with the objects in its cells spread."""
        if not self.cells:
            yield from rows
            return
        for row in rows:
            values: dict[str, Any] = {}
            for name, cell in row.values.items():
                found = _object_in(cell) if name in self.cells else None
                values |= {name: cell} if found is None else dict(self.spread(name, found))
            yield replace(row, values=values)

    @property
    def notes(self) -> tuple[str, ...]:
        """What should be said of it."""
        said = {
            "Objects in cells became columns of their own: {}.": self.objects,
            "Lists in cells became texts, with commas between: {}.": self.lists,
        }
        return tuple(text.format(_some(names)) for text, names in said.items() if names)


def _some(names: Collection[str]) -> str:
    shown = named([*names][:_MAX_SHOWN])
    return f"{shown} and {len(names) - _MAX_SHOWN:,} more" if len(names) > _MAX_SHOWN else shown


def _joined(listed: Sequence[object]) -> object:
    """Return a list of no objects as one value: the only one as it is, several as a text."""
    if len(listed) < 2:
        return listed[0] if listed else None
    return ", ".join(one if isinstance(one, str) else json.dumps(one) for one in listed if one is not None)


def _object_in(cell: object) -> Mapping[str, Any] | None:
    """Return the object that a cell holds as JSON; None where it holds none."""
    text = cell.strip() if isinstance(cell, str) else ""
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def columns_of_objects(rows: Iterable[FileRow], whole: Collection[str]) -> frozenset[str]:
    """Return the columns of a delimited file in which each cell that is not blank is an object."""
    objects, others = set[str](), {*whole}
    for row in rows:
        for name, cell in row.values.items():
            if cell and name not in others and cell.strip():
                (others if _object_in(cell) is None else objects).add(name)
    return frozenset(objects - others)
