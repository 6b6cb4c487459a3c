"""How the cells of each column are to be read: its type, the order of its dates, the sign before its decimals.

Whatever could bend a value stops the import, with the option that settles it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from autosend_mcp.imports.file.chunks import Chunk
from autosend_mcp.imports.file.column import Column
from autosend_mcp.imports.file.field_names import CUSTOM_PREFIX, bare
from autosend_mcp.imports.hints import Hint, UnclearImport
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.values.blanks import may_say_nothing
from autosend_mcp.imports.values.damage import may_be_damaged
from autosend_mcp.imports.values.evidence import KINDS, Evidence
from autosend_mcp.models.text import counted, quoted, visible

_ODD_AT_MOST = 20  # among this many cells one may be odd before the type is taken for text without a word
_CODE_NAMES = re.compile(
    r"zip|plz|postal|postleit|postcode|postnummer|phone|telefon|telefax|\bfax|mobil|handy|celular|iban|\bbic\b|sku|\bean\b|"
    r"isbn|\bupc\b|\bcep\b|\bcap\b|\bcp\b|\bids?\b|code|kod\b|\b(nr|no|num|number|numero|numéro|número)$|nummer\b|numer\b|\bvat\b|\bssn\b|"
    r"\bnif\b|\bcpf\b|\bcnpj\b|siret|siren|matricul|serial|account|konto|passport|reference|\bref\b|индекс|телефон|инн|"
    r"郵便|邮编|邮政|電話|电话|手机|番号|우편|전화"
)
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])|[\W_]+")


def read_columns(chunks: Iterable[Chunk], columns: Sequence[Column], options: ImportOptions) -> list[str]:
    """Say in each column how its cells are read; return notes on what was taken off or counts as nothing.

    Raises:
        UnclearImport: A column can be read in more than one way, or one odd cell keeps it from being of a type.
    """
    evidence = {column.name: Evidence(_is_strict(column), _is_open(column)) for column in columns if column.field}
    for chunk in chunks:
        for name, seen in evidence.items():
            if not seen.is_open:
                kind, cells, number = chunk.plain(name)
                if kind and not may_say_nothing(cells) and not may_be_damaged("".join(cells)):
                    seen.cells += number  # there is nothing else to see in them
                    continue
            line_of = chunk.line_of(name)
            for value, times in chunk.cells(name):
                if value is not None and value != "":
                    seen.see(value, times, line_of)
    problems = list[str]()
    hints = list[Hint]()
    for column in columns:
        if column.field:
            _decide(column, evidence[column.name], options, problems, hints)
    if problems:
        raise UnclearImport(" ".join(problems), hints=hints)
    return _notes(columns, evidence)


def _is_strict(column: Column) -> bool:
    return not column.field.startswith(CUSTOM_PREFIX) or column.kind != "string"


def _is_open(column: Column) -> bool:
    """Return whether the type, or how values of the type are written, hangs on the cells."""
    if not column.field.startswith(CUSTOM_PREFIX):
        return False
    return (column.new and not column.is_typed) or column.kind in {"number", "date"}


def is_code_name(name: str) -> bool:
    """Return whether the name is one of codes: a postal code, a phone number, an id."""
    return _CODE_NAMES.search(" ".join(part for part in _WORD.split(name)).lower()) is not None


def _decide(column: Column, seen: Evidence, options: ImportOptions, problems: list[str], hints: list[Hint]) -> None:
    column.guarded = seen.is_guarded
    if not column.field.startswith(CUSTOM_PREFIX):
        return
    if column.new and not column.is_typed:
        column.kind = _kind(column, seen, problems, hints)
    if column.kind == "number":
        column.decimal = options.decimal or _decimal(column, seen, problems, hints)
    elif column.kind == "date":
        column.order = options.dates or _order(column, seen, problems, hints)


def _kind(column: Column, seen: Evidence, problems: list[str], hints: list[Hint]) -> str:
    """Return the type of a new field: that of all cells, else text."""
    likely = max(KINDS, key=lambda kind: seen.fits[kind])
    odd = seen.filled - seen.fits[likely]
    if not seen.filled or seen.is_guarded or (likely == "number" and (seen.codes or _is_code(column, seen))):
        return "string"
    if not odd:
        return likely
    if seen.fits[likely] >= _ODD_AT_MOST * odd:
        cell, name = seen.odd[likely], quoted(column.name)
        problems.append(
            f"{name}: line {cell.line} is no {likely} ({quoted(cell.text)}), {seen.fits[likely]:,} others are."
        )
        field = bare(column.field)
        hints += [Hint("columns", column.name, f"{field}:{likely}"), Hint("columns", column.name, f"{field}:string")]
    return "string"


def _is_code(column: Column, seen: Evidence) -> bool:
    return seen.looks_like_codes or is_code_name(column.name)


def _decimal(column: Column, seen: Evidence, problems: list[str], hints: list[Hint]) -> str:
    """Return which sign divides decimals: by the cells that say so; "" where none matters."""
    if len(seen.decimals) > 1:
        point, comma = seen.decimals["point"], seen.decimals["comma"]
        if not seen.unclear:
            return ""
        what = f"line {point.line} has a decimal point ({quoted(point.text)}), line {comma.line} a comma"
        problems.append(f"{quoted(column.name)}: {what}, so line {seen.unclear.line} can be read in two ways.")
    elif seen.decimals:
        return next(iter(seen.decimals))
    elif seen.unclear is None:
        return ""
    elif seen.no_groups:  # the others have no sign between thousands, so this one has none either
        return "comma" if "," in seen.unclear.text else "point"
    else:
        problems.append(f"{quoted(column.name)}: line {seen.unclear.line}, {_two_ways(seen.unclear.text)}.")
    hints.append(Hint("decimal"))
    return ""


def _two_ways(text: str) -> str:
    whole = text.replace(",", "").replace(".", "")
    parted = text.replace(",", ".")
    return f"{quoted(text)} can be {whole} or {parted}"


def _order(column: Column, seen: Evidence, problems: list[str], hints: list[Hint]) -> str:
    """Return the order in which all dates can be read; "" where it does not matter."""
    if seen.ordered is None:
        return ""
    if len(seen.orders) == 1:
        return next(iter(seen.orders))
    what = "can be day or month first" if seen.orders else "and others are in different orders"
    problems.append(f"{quoted(column.name)}: line {seen.ordered.line}, {quoted(seen.ordered.text)} {what}.")
    hints.append(Hint("dates"))
    if column.new:
        hints.append(Hint("columns", column.name, f"{bare(column.field)}:string"))
    return ""


def _notes(columns: Sequence[Column], evidence: Mapping[str, Evidence]) -> list[str]:
    used = [column for column in columns if column.field]
    notes = [
        f"The apostrophe, = or tab before each cell of {quoted(column.name)} was taken off; its cells are texts."
        for column in used
        if column.guarded
    ]
    said = [
        f"{', '.join(f'{quoted(text)} ({count})' for text, count in nothing.most_common(5))} in {quoted(column.name)}"
        for column in used
        if (nothing := evidence[column.name].nothing)
    ]
    total = sum(evidence[column.name].nothing.total() for column in used)
    if said:
        cells = counted(total, "cell says nothing and was", "cells say nothing and were")
        notes.append(f"{cells} read as blank: {'; '.join(said[:10])}.")
    return notes + _damage_notes(used, evidence)


def _damage_notes(used: Sequence[Column], evidence: Mapping[str, Evidence]) -> list[str]:
    """Return for each kind of damage how many cells have it, and some of them."""
    shown: dict[str, list[str]] = {}
    total = Counter[str]()
    for column in used:
        for (damage, text), count in evidence[column.name].damaged.items():
            total[damage] += count
            shown.setdefault(damage, []).append(f"{quoted(visible(text)[:40])} in {quoted(column.name)}")
    return [
        f"{counted(total[damage], 'cell was', 'cells were')} damaged before this file was written, and sent so: "
        f"{damage}, as in {'; '.join(some[:3])}. Better fix the export."
        for damage, some in shown.items()
    ]
