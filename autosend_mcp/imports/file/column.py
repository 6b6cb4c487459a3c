"""One column of a file: which field of a contact it is, and how its cells are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from autosend_mcp.imports.file.survey import Content

PROBLEM = "import_problem"  # the column of a rejected file that says what to fix; left out when it comes back
NAME_BESIDE = "beside"  # how the name beside an address is divided: by its script
ALL_OTHERS = "*"  # in place of a column: each that is not named, and neither the address nor a name

# Why a column is left out, where nobody asked for that.
LeftOut = Literal["", "blank", "set by AutoSend", "another", "nested", "repeating"]


@dataclass(slots=True)
class Column:
    """One column: its name in the file, the field it is (`email`, `customFields.plan`; "" leaves it out), the type.

    `new`: a custom field that AutoSend does not define yet. `left_out`: why it is. A `field` of `name` is the whole
    name, for rows without its parts. `split`: how to divide it, or the name beside an address. `is_typed`: the caller
    said the type. How cells are read: `guarded` by an apostrophe, `decimal` point or comma, `order` of day, month and
    year.
    """

    name: str
    field: str
    kind: str = "string"
    new: bool = False
    left_out: LeftOut = ""
    split: str = ""
    is_typed: bool = False
    guarded: bool = False
    decimal: str = ""
    order: str = ""


@dataclass(slots=True)
class Matching:
    """The columns that are being matched, and what is unclear about them."""

    names: Sequence[str]
    given: Mapping[str, str]
    defined: Mapping[str, str]
    contents: Mapping[str, Content]
    split: str
    columns: dict[str, Column] = field(default_factory=dict[str, Column])

    def ordered(self) -> list[Column]:
        """Return the columns in the order of the file."""
        return [self.columns[name] for name in self.names]
