"""The columns of a file: which field of a contact each one is."""

from collections.abc import Collection, Mapping, Sequence

from autosend_mcp.errors import NotSent
from autosend_mcp.imports.file.attributes import EMAIL, NAME_PARTS, Attributes, find_attributes
from autosend_mcp.imports.file.column import ALL_OTHERS, NAME_BESIDE, PROBLEM, Column, Matching
from autosend_mcp.imports.file.field_names import CUSTOM_PREFIX, alike, bare, is_reserved, named, new_name
from autosend_mcp.imports.file.header_words import WHOLE_NAME
from autosend_mcp.imports.file.known_headers import known
from autosend_mcp.imports.file.survey import Content
from autosend_mcp.imports.file.unclear_columns import check_address, check_new, check_one_each
from autosend_mcp.models.contact_properties import TYPES
from autosend_mcp.models.contacts.contact import CUSTOM, MOBILE, NAMES, PROPERTIES
from autosend_mcp.models.values import RESERVED, SET_BY_AUTOSEND

_ATTRIBUTES = (EMAIL, *NAMES)


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
    matching = Matching(names, dict.fromkeys(unnamed, "") | dict(given), defined, contents or {}, split)
    attributes = _match(matching)
    columns = matching.ordered()
    if not any(column.field in {WHOLE_NAME, *NAME_PARTS} for column in columns):
        for column in columns:
            column.split = (split or NAME_BESIDE) if column.field == EMAIL else ""
    check_address(columns, attributes, matching)
    check_new(columns, matching, create=create)
    check_one_each(columns)
    return columns


def _match(matching: Matching) -> Attributes:
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
        elif attribute and not (attribute == MOBILE and _is_no_mobile(name, matching)):
            matching.columns[name] = Column(name, attribute, split=matching.split if attribute == WHOLE_NAME else "")
        else:
            matching.columns[name] = _other(name, matching, repeating=name in attributes.repeating)
    return attributes


def _is_no_mobile(name: str, matching: Matching) -> bool:
    """Return whether a column called so is a text: the project has such a field, or its cells have no country code."""
    content = matching.contents.get(name)
    return bool(alike(bare(name), matching.defined)) or (
        name != MOBILE and content is not None and not content.holds_numbers
    )


def _given(name: str, matching: Matching) -> Column:
    """Return a column that the caller said to be this field."""
    wanted, kind = _typed(matching.given[name].strip(), matching)
    if not wanted or wanted in _ATTRIBUTES:
        return Column(name, wanted)
    if (attribute := RESERVED.get(wanted)) in _ATTRIBUTES:  # first_name is firstName
        return Column(name, attribute or "")
    custom = bare(wanted)
    says = known(wanted)
    if custom == wanted and custom not in matching.defined and says and not says.rank and says.attribute in _ATTRIBUTES:
        return Column(name, says.attribute)
    column = _custom(name, custom, matching.defined)
    if kind and column.new:
        column.kind, column.is_typed = kind, True
    return column


def _typed(wanted: str, matching: Matching) -> tuple[str, str]:
    """Return the field and the type that are wanted: `seats:number` for a new field says both."""
    field, colon, kind = wanted.rpartition(":")
    if colon and kind in TYPES and wanted not in matching.defined:
        return field.strip(), kind
    return wanted, ""


def _known(name: str, matching: Matching, *, only: bool) -> Column | None:
    """Return a column that its very name settles, if it does."""
    if name == PROBLEM:
        return Column(name, "")
    if bare(name) in matching.defined and name not in _ATTRIBUTES:
        return Column(name, "", left_out="another") if only else _custom(name, bare(name), matching.defined)
    return Column(name, "", left_out="set by AutoSend") if bare(name) in SET_BY_AUTOSEND else None


def _other(name: str, matching: Matching, *, repeating: bool) -> Column:
    """Return a column that is a custom field; a new one that has no value, or none of its own, is left out."""
    custom = bare(name)
    near = alike(custom, matching.defined)
    column = _custom(name, near[0] if len(near) == 1 else custom if near else new_name(custom), matching.defined)
    content = matching.contents.get(name)
    if column.new and content is not None and not content.filled and not is_reserved(custom):
        return Column(name, "", left_out="blank")
    if column.new and repeating:
        return Column(name, "", left_out="repeating")
    if column.new and content is not None and content.nested and name not in (CUSTOM, PROPERTIES):
        return Column(name, "", left_out="nested")
    return column


def _custom(name: str, custom: str, defined: Mapping[str, str]) -> Column:
    return Column(name, f"{CUSTOM_PREFIX}{custom}", defined.get(custom) or "string", new=custom not in defined)
