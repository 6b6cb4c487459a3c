"""Which columns are the address and the parts of a name: by what they are called, and by what is in them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from autosend_mcp.imports.file.header_words import WHOLE_NAME
from autosend_mcp.imports.file.known_headers import ALSO_WHOLE_LAST_NAMES, ALSO_WHOLE_NAMES, known, plain
from autosend_mcp.imports.file.survey import Content
from autosend_mcp.models.contacts.contact import FIRST_NAME, LAST_NAME

EMAIL = "email"
NAME_PARTS = (FIRST_NAME, LAST_NAME)


@dataclass(slots=True)
class Attributes:
    """The attribute of a contact that each of some columns is.

    `several`: columns of addresses of which none is meant first. `by_cells`: the column that is the address by its
    cells alone. `repeating`: columns of whole names that only say what the parts of a name in other columns say.
    """

    of: dict[str, str] = field(default_factory=dict[str, str])
    several: list[str] = field(default_factory=list[str])
    by_cells: str = ""
    repeating: list[str] = field(default_factory=list[str])


def find_attributes(names: Sequence[str], taken: Iterable[str], contents: Mapping[str, Content]) -> Attributes:
    """Return the attributes that these columns are. `taken`: those that other columns are already."""
    found, has = Attributes(), set(taken)
    candidates = defaultdict[str, dict[str, int]](dict)
    for name in names:
        if says := known(name):
            candidates[says.attribute][name] = says.rank
    _move_whole_names(candidates, has, contents)
    if EMAIL not in has:
        _find_address(found, names, candidates[EMAIL], contents)
    for attribute in [*candidates]:
        if candidates[attribute] and attribute not in {EMAIL, WHOLE_NAME, *has}:
            found.of |= dict.fromkeys(_first(candidates[attribute], contents), attribute)
    _find_whole_name(found, candidates, has, contents)
    return found


def _move_whole_names(candidates: dict[str, dict[str, int]], has: set[str], contents: Mapping[str, Content]) -> None:
    """Take a column named by an ambiguous word for whole names, where it is alone and most cells are several words."""
    for part, other, words in (
        (FIRST_NAME, LAST_NAME, ALSO_WHOLE_NAMES),
        (LAST_NAME, FIRST_NAME, ALSO_WHOLE_LAST_NAMES),
    ):
        if not candidates[other] and other not in has:
            for name in [name for name in candidates[part] if plain(name) in words]:
                if _of(contents, name).holds_words:
                    candidates[WHOLE_NAME][name] = candidates[part].pop(name)


def _of(contents: Mapping[str, Content], name: str) -> Content:
    return contents.get(name) or Content()


def _first(candidates: Mapping[str, int], contents: Mapping[str, Content]) -> list[str]:
    """Return those of the lowest rank; of several, those that are not blank."""
    filled = [name for name in candidates if _of(contents, name).filled]
    rank = min((candidates[name] for name in filled or candidates), default=0)
    first = [name for name in candidates if candidates[name] == rank]
    return [name for name in first if name in filled] or first


def _find_address(
    found: Attributes, names: Sequence[str], candidates: Mapping[str, int], contents: Mapping[str, Content]
) -> None:
    """Find the column of the address by its name, where its cells do not belie that; else by the cells."""
    holding = [name for name in names if _of(contents, name).holds_addresses]
    called = {name: rank for name, rank in candidates.items() if name in holding or not holding}
    first = _first(called, contents) if called else holding
    if (len(first) > 1 and called and min(called.values())) or (len(first) > 1 and not called):
        found.several = first
    else:
        found.of |= dict.fromkeys(first, EMAIL)
        found.by_cells = "" if called else "".join(first)


def _find_whole_name(
    found: Attributes, candidates: Mapping[str, Mapping[str, int]], has: set[str], contents: Mapping[str, Content]
) -> None:
    """Find the column of whole names, where no others hold the parts; beside one part, it is the other part.

    Beside both parts, it counts only if it has names that they do not have.
    """
    parts = has | set(found.of.values())
    have = [part for part in NAME_PARTS if part in parts]
    if not candidates[WHOLE_NAME]:
        return
    name = _first(candidates[WHOLE_NAME], contents)[0]
    if len(have) == len(NAME_PARTS):
        repeating = [name for name in candidates[WHOLE_NAME] if _of(contents, name).repeats_parts]
        alone = [name for name in repeating if _of(contents, name).alone]
        found.of |= dict.fromkeys(alone[:1], WHOLE_NAME)
        found.repeating = [name for name in repeating if name not in alone[:1]]
    elif not have:
        found.of[name] = WHOLE_NAME
    elif not _of(contents, name).holds_words:
        found.of[name] = LAST_NAME if have == [FIRST_NAME] else FIRST_NAME
