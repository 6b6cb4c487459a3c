"""What is unclear about the columns of a file, and which options would settle it."""

from collections.abc import Iterable, Mapping, Sequence

from autosend_mcp.imports.file.attributes import EMAIL, Attributes
from autosend_mcp.imports.file.column import Column, Matching
from autosend_mcp.imports.file.field_names import CUSTOM_PREFIX, bare, is_reserved, named
from autosend_mcp.imports.file.header_words import WHOLE_NAME
from autosend_mcp.imports.file.survey import Content
from autosend_mcp.imports.hints import Hint, UnclearImport
from autosend_mcp.models.contacts.contact import FIRST_NAME
from autosend_mcp.models.text import counted, quoted


def check_address(columns: Sequence[Column], attributes: Attributes, matching: Matching) -> None:
    """Raise UnclearImport if no column is the address."""
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


def check_new(columns: Sequence[Column], matching: Matching, *, create: bool) -> None:
    """Raise UnclearImport, with all that is unclear of columns that are no attribute and no field that is defined."""
    given = matching.given
    reserved = [column for column in columns if column.new and is_reserved(bare(column.field))]
    if reserved:
        what = f"AutoSend reserves these names, so they cannot be custom fields: {_shown(reserved)}."
        others = [Hint("columns", column.name, f"{bare(column.field)}2") for column in reserved[:1]]
        raise UnclearImport(what, hints=[*others, Hint("leave_out", reserved[0].name)])
    whats, hints = list[str](), list[Hint]()
    for column in (column for column in columns if column.field == WHOLE_NAME and not column.split):
        alone = matching.contents[column.name] if column.name in matching.contents else Content()
        if alone.alone:
            rows = counted(alone.alone, "row has a name", "rows have names")
            whats.append(f"{rows} only in {quoted(column.name)}, such as {quoted(alone.alone_examples[0])}.")
            hints += [Hint("split_name"), Hint("leave_out", column.name)]
            continue
        example = next(iter(_examples(column, matching)), "Jane Doe")
        whats.append(f"{quoted(column.name)} holds whole names, such as {quoted(example)}.")
        hints += [Hint("split_name"), Hint("columns", column.name, FIRST_NAME)]
    guessed = [column for column in columns if column.new and column.name not in given]
    objects = [column for column in guessed if column.name in matching.contents and _holds_objects(column, matching)]
    if objects:
        example = quoted(_examples(objects[0], matching)[0])
        whats.append(f"Each cell of {_shown(objects)} is an object, such as {example}.")
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


def _examples(column: Column, matching: Matching) -> list[str]:
    return matching.contents[column.name].examples if column.name in matching.contents else []


def _holds_objects(column: Column, matching: Matching) -> bool:
    return matching.contents[column.name].holds_objects


def check_one_each(columns: Sequence[Column]) -> None:
    """Raise UnclearImport if two columns are the same field, or one has no name."""
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
