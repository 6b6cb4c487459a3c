"""The columns of a file: which field of a contact each one is."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from autosend_mcp.errors import NotSent
from autosend_mcp.imports.hints import Hint, UnclearImport
from autosend_mcp.models.contacts.contact import (
    CUSTOM,
    FIRST_NAME,
    LAST_NAME,
    LISTS,
    MOBILE,
    NAMES,
    PROPERTIES,
    USER_ID,
)
from autosend_mcp.models.text import quoted, visible
from autosend_mcp.models.values import RESERVED, SET_BY_AUTOSEND

CUSTOM_PREFIX = f"{CUSTOM}."
_NEWER_PREFIX = f"{PROPERTIES}."
PROBLEM = "import_problem"  # the column of a rejected file that says what to fix; left out when it comes back

_ATTRIBUTES = ("email", *NAMES)
_NO_CUSTOM_FIELDS = {*RESERVED, LISTS, CUSTOM, PROPERTIES}

# What these columns are called in files, without case, accents, spaces and punctuation.
_SYNONYMS = {
    **dict.fromkeys(
        (
            "email", "emails", "emailaddress", "mail", "mailaddress", "emailadresse", "mailadresse", "adresseemail",
            "adressemail", "courriel", "correo", "correoelectronico", "epost",
        ),
        "email",
    ),
    **dict.fromkeys(
        ("firstname", "fname", "first", "givenname", "forename", "vorname", "prenom", "nombre"), FIRST_NAME
    ),
    **dict.fromkeys(
        ("lastname", "lname", "last", "surname", "familyname", "nachname", "nom", "apellido", "apellidos"), LAST_NAME
    ),
    **dict.fromkeys(("userid", "externalid"), USER_ID),
    **dict.fromkeys(
        (
            "mobile", "mobilenumber", "mobilephone", "phone", "phonenumber", "telephone", "tel", "cell", "cellphone",
            "telefon", "telefonnummer", "telefonnr", "mobil", "mobilnummer", "mobilnr", "mobiltelefon", "handy",
            "handynummer", "handynr", "telephoneportable", "portable", "numerodetelephone", "telefono", "telefonomovil",
            "movil", "celular",
        ),
        MOBILE,
    ),
}  # fmt: skip


@dataclass(slots=True)
class Column:
    """One column: its name in the file, the field it is (`email`, `customFields.plan`; "" leaves it out), the type.

    `new`: a custom field that AutoSend does not define yet.
    """

    name: str
    field: str
    kind: str = "string"
    new: bool = False


def match_columns(
    names: Sequence[str],
    given: Mapping[str, str],
    defined: Mapping[str, str],
    *,
    create: bool,
    unnamed: Collection[str] = (),
) -> list[Column]:
    """Return the field that each column is.

    `given`: fields by column, "" for one to leave out. `defined`: the types of the custom fields, by name. `unnamed`:
    columns that the file leaves without a name; they are left out, as those are that hold what AutoSend sets.

    Raises:
        NotSent: A column is nothing known, two are the same field, or none is the address.
    """
    if unknown := [name for name in given if name not in names]:
        raise NotSent(f"There is no column {_named(unknown)}; there are {_named(names)}.", "Fix its name.")
    given = dict.fromkeys(unnamed, "") | dict(given)
    columns = [_given(name, given[name], defined) if name in given else _guessed(name, defined) for name in names]
    guessed = [column for column in columns if column.new and column.name not in given]
    reserved = [
        column for column in columns if column.new and column.field.removeprefix(CUSTOM_PREFIX) in _NO_CUSTOM_FIELDS
    ]
    if not any(column.field == "email" for column in columns):
        what = f"No column is the address. There are: {_shown(columns)}."
        raise UnclearImport(what, hints=[_hint(columns[0], "email")])
    if reserved:
        what = f"AutoSend reserves these names, so they cannot be custom fields: {_shown(reserved)}."
        raise UnclearImport(what, hints=[_hint(reserved[0])])
    if guessed and not create:
        what = f"These columns are no field of a contact, and no custom field that AutoSend defines: {_shown(guessed)}."
        raise UnclearImport(what, hints=[_hint(guessed[0]), Hint("create_fields")])
    if new := [column for column in columns if column.new and not create]:
        what = f"AutoSend does not define these custom fields: {_fields(new)}."
        raise UnclearImport(what, hints=[Hint("create_fields")])
    _check_one_each(columns)
    return columns


def _hint(column: Column, field: str = "company") -> Hint:
    """Return the hint that would say what this column is."""
    return Hint("columns", visible(column.name).replace('"', "")[:40], field)


def _given(name: str, field: str, defined: Mapping[str, str]) -> Column:
    """Return a column that the caller said to be this field."""
    wanted = field.strip()
    if not wanted or wanted in _ATTRIBUTES:
        return Column(name, wanted)
    if (attribute := RESERVED.get(wanted)) in _ATTRIBUTES:  # first_name is firstName
        return Column(name, attribute or "")
    custom = _bare(wanted)
    if custom == wanted and custom not in defined and (attribute := _SYNONYMS.get(_key(wanted))):
        return Column(name, attribute)
    return _custom(name, custom, defined)


def _guessed(name: str, defined: Mapping[str, str]) -> Column:
    """Return a column by its name alone."""
    if name == PROBLEM:
        return Column(name, "")
    if name in _ATTRIBUTES:
        return Column(name, name)
    custom = _bare(name)
    if custom in defined:
        return _custom(name, custom, defined)
    if is_set_by_autosend(name):
        return Column(name, "")
    alike = [known for known in defined if _key(known) == _key(custom)]
    attribute = _SYNONYMS.get(_key(name)) if custom == name else None
    if attribute and not (attribute == MOBILE and alike):  # a project's own Phone is older than AutoSend's field
        return Column(name, attribute)
    return _custom(name, alike[0] if len(alike) == 1 else custom if alike else _field_name(custom), defined)


def is_set_by_autosend(name: str) -> bool:
    """Return whether the column is named like a value that AutoSend sets itself."""
    return _field_name(_bare(name)) in SET_BY_AUTOSEND


def left_out(columns: Iterable[Column], given: Mapping[str, str]) -> list[str]:
    """Return a note on the columns that are left out, though the caller did not ask for that."""
    unusable = [column for column in columns if not column.field and column.name not in given]
    unusable = [column for column in unusable if is_set_by_autosend(column.name)]
    return [f"Left out, because AutoSend sets these values itself: {_shown(unusable)}."] if unusable else []


def _bare(name: str) -> str:
    """Return the name of a custom field without what may stand before it."""
    return name.removeprefix(CUSTOM_PREFIX).removeprefix(_NEWER_PREFIX)


def _custom(name: str, custom: str, defined: Mapping[str, str]) -> Column:
    return Column(name, f"{CUSTOM_PREFIX}{custom}", defined.get(custom) or "string", new=custom not in defined)


def _key(name: str) -> str:
    """Return the name without case, accents, spaces and punctuation."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in plain if char.isalnum())


def _field_name(column: str) -> str:
    """Return a name for a new custom field that a template can use: `trialEnds` for `Trial ends`."""
    if column in _NO_CUSTOM_FIELDS or re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", column):
        return column
    parts = [part for part in re.split(r"[\W_]+", column) if part]
    first, *rest = [*parts, ""]
    return first.lower() + "".join(part[:1].upper() + part[1:] for part in rest)


def _check_one_each(columns: Sequence[Column]) -> None:
    named: dict[str, list[Column]] = {}
    for column in columns:
        named.setdefault(column.field, []).append(column)
    named.pop("", None)
    for name, alike in named.items():
        if name == CUSTOM_PREFIX:
            raise UnclearImport(f"No custom field can be named after {_shown(alike)}.", hints=[_hint(alike[0])])
        if len(alike) > 1:
            what = f"These columns are all {quoted(name)}: {_shown(alike)}."
            raise UnclearImport(what, hints=[_hint(alike[-1])])


def _shown(columns: Iterable[Column]) -> str:
    return _named([column.name for column in columns])


def _fields(columns: Iterable[Column]) -> str:
    return _named([column.field.removeprefix(CUSTOM_PREFIX) for column in columns])


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(quoted(name) for name in names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown
