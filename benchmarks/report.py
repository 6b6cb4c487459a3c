"""What the benchmarks show: a line of progress while they run, and the table of figures and goals."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure of ours and of its peer. A goal bounds the ratio, or, where `absolute`, our own figure.

    `paired`: the median of the ratios of several rounds, in which both took turns.
    """

    what: str
    unit: str
    bare: float | None
    ours: float | None
    goal: str = ""
    absolute: bool = False
    paired: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours over bare."""
        if self.paired is not None:
            return self.paired
        return self.ours / self.bare if self.bare and self.ours is not None else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is no goal or no figure."""
        figure = self.ours if self.absolute else self.ratio
        if figure is None or not self.goal:
            return None
        sign, bound = self.goal.split()
        return figure >= float(bound) if sign == ">=" else figure <= float(bound)


class Progress:
    """A line on a terminal that says how far the run is; nothing where stderr is none."""

    def __init__(self, steps: int) -> None:
        """Take the number of steps in the whole run."""
        self._steps = steps
        self._done = 0
        self._shown = sys.stderr.isatty()

    def step(self, what: str) -> None:
        """Show that one more step begins: this measurement."""
        if self._shown:
            bar = "#" * (30 * self._done // self._steps)
            print(f"\r\033[K[{bar:<30}] {what}", end="", file=sys.stderr, flush=True)
        self._done += 1

    def clear(self) -> None:
        """Clear the line for what follows."""
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def print_table(rows: list[Row], peer: str, note: str) -> None:
    """Print both figures, their ratio, and whether the goal is met; `peer`: what ours is compared with."""
    print(f"{'':<36}{peer:>9}{'ours':>9} {'':<8}{f'ours/{peer}':>10}  {'goal':<10}met")
    for row in rows:
        bare, ours, ratio = _shown(row.bare), _shown(row.ours), _shown(row.ratio)
        met = {True: "yes", False: "no", None: "-"}[row.met]
        print(f"{row.what:<36}{bare:>9}{ours:>9} {row.unit:<8}{ratio:>10}  {row.goal or '-':<10}{met}")
    print(f"\n{note}")


def _shown(figure: float | None) -> str:
    if figure is None:
        return "-"
    return str(figure) if isinstance(figure, int) else f"{figure:.{2 if figure < 10 else 1}f}"
