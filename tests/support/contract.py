"""The keys and types of a JSON value, as the contract compares them."""

from typing import cast


def shape(value: object) -> object:
    """Return the keys and types of a JSON value, whatever the order; of a list, the different ones in it."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in sorted(cast("dict[str, object]", value).items())}
    if isinstance(value, list):
        shapes = [shape(inner) for inner in cast("list[object]", value)]
        return [
            one for place, one in enumerate(shapes) if one not in shapes[:place] and one != "str"
        ]  # there may be no ids
    return type(value).__name__
