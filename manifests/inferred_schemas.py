"""The JSON Schema that examples of one thing have in common. Only what all of them have at the top is demanded."""

from typing import Any, cast

Json = dict[str, Any]

# Objects whose members people name.
_FREE = {"customFields", "contactProperties", "metadata", "headers", "dynamicData"}
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def inferred(values: list[Any]) -> Json:
    """Return the schema of these bodies; what is in each of them at the top is demanded."""
    schema = _of(values, "")
    common = set[str].intersection(*(set(value) for value in values)) if "properties" in schema else set[str]()
    return schema | ({"required": sorted(common)} if common else {})


def _of(values: list[Any], name: str) -> Json:
    objects = [cast("Json", value) for value in values if isinstance(value, dict)]
    arrays = [cast("list[Any]", value) for value in values if isinstance(value, list)]
    plain = {_TYPES[type(value)] for value in values if type(value) in _TYPES}
    plain -= {"integer"} if "number" in plain else set[str]()
    types = [*(["object"] if objects else []), *(["array"] if arrays else []), *sorted(plain)]
    schema: Json = {"type": types[0] if len(types) == 1 else types} if types else {}
    if objects and name not in _FREE:
        members = dict.fromkeys(member for one in objects for member in one)
        schema["properties"] = {
            member: _of([one[member] for one in objects if member in one], member) for member in members
        }
    if items := [item for array in arrays for item in array]:
        schema["items"] = _of(items, name)
    return schema
