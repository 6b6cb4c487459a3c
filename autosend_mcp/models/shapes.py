"""What members of answers hold: shapes that are published, so that code which calls a tool knows the keys."""

from typing import Annotated, Any

from pydantic import WithJsonSchema

_TEXT, _NUMBER, _OBJECT = {"type": "string"}, {"type": "integer"}, {"type": "object"}
_TEXTS = {"type": "array", "items": _TEXT}


def _shape(properties: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"type": "object", "properties": properties})


# By field, an object with `was` and `now`; of many contacts by address first.
FieldChanges = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "additionalProperties": _OBJECT})]

# A list or segment, as `named` or `shown` of a ContactList has it.
ShownList = Annotated[
    dict[str, Any],
    _shape(
        {
            **dict.fromkeys(("id", "name", "type", "parentId", "description"), _TEXT),
            "contactCount": _NUMBER,
            "filterCriteria": _OBJECT,
        }
    ),
]

# What became of the people who were to join a list.
JoinedList = Annotated[
    dict[str, Any],
    _shape(
        {
            "list": _shape({"id": _TEXT, "name": _TEXT}).json_schema,
            "outcome": _TEXT,
            **dict.fromkeys(("added", "created", "alreadyInList"), _NUMBER),
            "optedOut": _TEXTS,
            "notAdded": _OBJECT,
            "why": _TEXT,
        }
    ),
]

# The same of an import, which counts people; the first two in a dry run.
ImportedList = Annotated[
    dict[str, Any],
    _shape(
        {
            "list": _TEXT,
            **dict.fromkeys(("wouldJoin", "mayJoin", "joined", "inItAlready", "foundInIt"), _NUMBER),
        }
    ),
]

# What a dry run foretells: what most tools say. Each says more besides.
Plan = Annotated[
    dict[str, Any],
    _shape(
        {
            "request": _shape({"method": _TEXT, "path": _TEXT, "body": _OBJECT}).json_schema,
            **dict.fromkeys(("optedOut", "wouldStart", "mayStart"), _TEXTS),
            "effects": _TEXT,
        }
    ),
]

# An entry that is no address: its place from 1, and why.
InvalidAddress = Annotated[dict[str, Any], _shape({"row": _NUMBER, "email": _TEXT, "why": _TEXT})]
