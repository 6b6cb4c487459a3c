"""The columns of a file: which field of a contact each one is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from autosend_mcp.errors import NotSent
from autosend_mcp.imports.file.attributes import EMAIL, NAME_PARTS, Attributes, find_attributes
from autosend_mcp.imports.file.field_names import CUSTOM_PREFIX, alike, bare, is_reserved, named, new_name
from autosend_mcp.imports.file.header_words import WHOLE_NAME
from autosend_mcp.imports.file.known_headers import known
from autosend_mcp.imports.file.survey import Content
from autosend_mcp.imports.hints import Hint, UnclearImport
from autosend_mcp.models.contacts.contact import FIRST_NAME, MOBILE, NAMES
from autosend_mcp.models.text import quoted
from autosend_mcp.models.values import RESERVED, SET_BY_AUTOSEND

PROBLEM = "import_problem"  # the column of a rejected file that says what to fix; left out when it comes back
NAME_BESIDE = "beside"  # how the name beside an address is divided: by its script
ALL_OTHERS = "*"  # in place of a column: each that is not named, and neither the address nor a name

_ATTRIBUTES = (EMAIL, *NAMES)

# Why a column is left out, where nobody asked for that.
LeftOut = Literal["", "blank", "set by AutoSend", "another"]


@dataclass(slots=True)
class Column:
    """One column: its name in the file, the field it is (`email`, `customFields.plan`; "" leaves it out), the type.

    `new`: a custom field that AutoSend does not define yet. `left_out`: why it is. A `field` of `name` is the whole
    name, which `split` says how to divide; it says that of the name beside an address, too.
    """

    name: str
    field: str
    kind: str = "string"
    new: bool = False
    left_out: LeftOut = ""
    split: str = ""


@dataclass(slots=True)
class _Matching:
    """The columns that are being matched, and what is unclear about them."""

    names: Sequence[str]
    given: Mapping[str, str]
    defined: Mapping[str, str]
    contents: Mapping[str, Content]
    split: str
    columns: dict[str, Column] = field(default_factory=dict[str, Column])

    def ordered(self) -> list[Column]:
        return [self.columns[name] for name in self.names]


def match_columns(
    names: Sequence[str],
    given: Mapping[str, str],
    defined: Mapping[str, str],
    *,
    create: bool,
    unnamed: Collection[str] = (),
    contents: Mapping[str, Content] | None = None,
    split: str = "",
) -> list[Column]:
    """Return the field that each column is.

    `given`: fields by column, "" for one to leave out; `*` for all others. `defined`: the types of the custom fields,
    by name. `unnamed`: columns that the file leaves without a name; they are left out. `contents`: what is in them;
    without it, none is taken for blank. `split`: how to divide whole names.

    Raises:
        NotSent: A column is nothing known, two are the same field, or none is the address.
    """
    if unknown := [name for name in given if name not in names and name != ALL_OTHERS]:
        raise NotSent(f"There is no column {named(unknown)}; there are {named(names)}.", "Fix its name.")
    matching = _Matching(names, dict.fromkeys(unnamed, "") | dict(given), defined, contents or {}, split)
    attributes = _match(matching)
    columns = matching.ordered()
    if not any(column.field in {WHOLE_NAME, *NAME_PARTS} for column in columns):
        for column in columns:
            column.split = (split or NAME_BESIDE) if column.field == EMAIL else ""
    _check_address(columns, attributes, matching)
    _check_new(columns, matching, create=create)
    _check_one_each(columns)
    return columns


def _match(matching: _Matching) -> Attributes:
    """Match each column: as it was said to be, as a field that is defined, as an attribute, else as a new field."""
    only = ALL_OTHERS in matching.given
    for name in matching.names:
        if name in matching.given:
            matching.columns[name] = _given(name, matching)
        elif column := _known(name, matching, only=only):
            matching.columns[name] = column
    rest = [name for name in matching.names if name not in matching.columns]
    taken = {column.field for column in matching.columns.values()}
    attributes = find_attributes(rest, taken, matching.contents)
    for name in rest:
        attribute = attributes.of.get(name, "")
        if only and attribute not in {EMAIL, WHOLE_NAME, *NAME_PARTS}:
            matching.columns[name] = Column(name, "", left_out="another")
        elif attribute and not (attribute == MOBILE and alike(bare(name), matching.defined)):  # older than AutoSend's
            matching.columns[name] = Column(name, attribute, split=matching.split if attribute == WHOLE_NAME else "")
        else:
            matching.columns[name] = _other(name, matching)
    return attributes


def _given(name: str, matching: _Matching) -> Column:
    """Return a column that the caller said to be this field."""
    wanted = matching.given[name].strip()
    if not wanted or wanted in _ATTRIBUTES:
        return Column(name, wanted)
    if (attribute := RESERVED.get(wanted)) in _ATTRIBUTES:  # first_name is firstName
        return Column(name, attribute or "")
    custom = bare(wanted)
    says = known(wanted)
    if custom == wanted and custom not in matching.defined and says and not says.rank and says.attribute in _ATTRIBUTES:
        return Column(name, says.attribute)
    return _custom(name, custom, matching.defined)


def _known(name: str, matching: _Matching, *, only: bool) -> Column | None:
    """Return a column that its very name settles, if it does."""
    if name == PROBLEM:
        return Column(name, "")
    if bare(name) in matching.defined and name not in _ATTRIBUTES:
        return Column(name, "", left_out="another") if only else _custom(name, bare(name), matching.defined)
    return Column(name, "", left_out="set by AutoSend") if bare(name) in SET_BY_AUTOSEND else None


def _other(name: str, matching: _Matching) -> Column:
    """Return a column that is a custom field; a new one that has no value is left out."""
    custom = bare(name)
    near = alike(custom, matching.defined)
    column = _custom(name, near[0] if len(near) == 1 else custom if near else new_name(custom), matching.defined)
    content = matching.contents.get(name)
    if column.new and content is not None and not content.filled and not is_reserved(custom):
        return Column(name, "", left_out="blank")
    return column


def _custom(name: str, custom: str, defined: Mapping[str, str]) -> Column:
    return Column(name, f"{CUSTOM_PREFIX}{custom}", defined.get(custom) or "string", new=custom not in defined)


def _check_address(columns: Sequence[Column], attributes: Attributes, matching: _Matching) -> None:
    if any(column.field == EMAIL for column in columns):
        return
    if attributes.several:
        what = f"Several columns hold addresses: {_counted(attributes.several, matching.contents)}."
        raise UnclearImport(what, hints=[Hint("columns", attributes.several[0], EMAIL)])
    what = f"No column is the address. There are: {_shown(columns)}."
    counts = {name: content.addresses for name, content in matching.contents.items() if content.addresses}
    likely = max(counts, key=counts.__getitem__, default="COLUMN")
    raise UnclearImport(what, hints=[Hint("columns", likely, EMAIL)])


def _counted(names: Iterable[str], contents: Mapping[str, Content]) -> str:
    return ", ".join(
        f"{quoted(name)} ({contents[name].addresses} of {contents[name].filled} cells)" if name in contents else name
        for name in names
    )


def _check_new(columns: Sequence[Column], matching: _Matching, *, create: bool) -> None:
    """Raise UnclearImport, with all that is unclear of columns that are no attribute and no field that is defined."""
    given = matching.given
    reserved = [column for column in columns if column.new and is_reserved(bare(column.field))]
    if reserved:
        what = f"AutoSend reserves these names, so they cannot be custom fields: {_shown(reserved)}."
        others = [Hint("columns", column.name, f"{bare(column.field)}2") for column in reserved[:1]]
        raise UnclearImport(what, hints=[*others, Hint("leave_out", reserved[0].name)])
    whats, hints = list[str](), list[Hint]()
    for column in (column for column in columns if column.field == WHOLE_NAME and not column.split):
        example = next(iter(_examples(column, matching)), "Jane Doe")
        whats.append(f"{quoted(column.name)} holds whole names, such as {quoted(example)}.")
        hints += [Hint("split_name"), Hint("columns", column.name, FIRST_NAME)]
    guessed = [column for column in columns if column.new and column.name not in given]
    objects = [column for column in guessed if column.name in matching.contents and _holds_objects(column, matching)]
    if objects:
        example = quoted(_examples(objects[0], matching)[0])
        whats.append(f"Each cell of {_shown(objects)} is a JSON object, such as {example}.")
        hints += [Hint("leave_out", objects[0].name), Hint("columns", objects[0].name, bare(objects[0].field))]
    if guessed and not create:
        whats.append(
            f"These columns are no field of a contact, and no custom field that AutoSend defines: {_shown(guessed)}."
        )
        hints += [Hint("only"), Hint("leave_out", guessed[0].name), Hint("create_fields")]
    elif new := [column for column in columns if column.new and not create]:
        whats.append(f"AutoSend does not define these custom fields: {named(bare(one.field) for one in new)}.")
        hints.append(Hint("create_fields"))
    if whats:
        raise UnclearImport(" ".join(whats), hints=hints)


def _examples(column: Column, matching: _Matching) -> list[str]:
    return matching.contents[column.name].examples if column.name in matching.contents else []


def _holds_objects(column: Column, matching: _Matching) -> bool:
    return matching.contents[column.name].holds_objects


def _check_one_each(columns: Sequence[Column]) -> None:
    by_field: dict[str, list[Column]] = {}
    for column in columns:
        by_field.setdefault(column.field, []).append(column)
    by_field.pop("", None)
    for name, alike_ones in by_field.items():
        if name == CUSTOM_PREFIX:
            what = f"No custom field can be named after {_shown(alike_ones)}."
            raise UnclearImport(what, hints=[Hint("columns", alike_ones[0].name, "NAME"), _leave_out(alike_ones)])
        if len(alike_ones) > 1:
            what = f"These columns are all {quoted(name)}: {_shown(alike_ones)}."
            raise UnclearImport(what, hints=[_leave_out(alike_ones)])


def _leave_out(columns: Sequence[Column]) -> Hint:
    return Hint("leave_out", columns[-1].name)


def _shown(columns: Iterable[Column]) -> str:
    return named(column.name for column in columns)
