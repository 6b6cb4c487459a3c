"""Any JSON value, and the strings in one."""

from typing import Any, cast

from hypothesis import strategies as st

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def leaves(value: Any) -> list[str]:
    """Return every string in it, names too."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return [text for name, inner in members.items() for text in [name, *leaves(inner)]]
    if isinstance(value, list):
        return [text for inner in cast("list[Any]", value) for text in leaves(inner)]
    return [value] if isinstance(value, str) else []
