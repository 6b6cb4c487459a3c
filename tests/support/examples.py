"""How much a test tries: part of it in a run of all by hand; all in CI, and where it is named.

`EXAMPLES`, which CI sets, multiplies the examples of each property test.
"""

import os
from collections.abc import Iterable
from typing import Any, cast

import pytest

TIMES = int(os.environ.get("EXAMPLES", "1"))


def every_third(cases: Iterable[Any]) -> list[Any]:
    """Return the cases of a test of which every third stands for its neighbours; the others are slow as a whole."""
    marks: list[Any] = [(), pytest.mark.slow, pytest.mark.slow]
    return [
        pytest.param(*(cast("tuple[Any, ...]", case) if isinstance(case, tuple) else (case,)), marks=marks[place % 3])
        for place, case in enumerate(cases)
    ]
