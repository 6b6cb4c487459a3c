"""The table of what was seen and measured, for people and as JSON."""

import os
import platform
from datetime import date
from statistics import median
from typing import Any

from benchmarks.peer_figures import PAIRED, Figures, ratio, tokens
from benchmarks.peer_rules import keeps_the_key, respects_the_no
from benchmarks.peer_servers import OURS, PINNED_ON
from benchmarks.peer_situations import SITUATIONS, Seen
from benchmarks.peer_trial import Trial

_WIDTH = 27


def _cell(seen: Seen | None) -> str:
    if seen is None:
        return "-"
    if seen.verdict.word == "cannot":
        return "cannot"
    word = seen.verdict.word + ("+" if seen.found_out else "")
    if not seen.text and not seen.requests:
        return word
    return f"{word:<7}{seen.requests:>2}{seen.seconds:>6.1f} s{tokens(seen.text):>5}"


def _figure(figures: Figures, what: str, trial: Trial) -> str:
    figure = median(figures[what][trial.server.name])
    shown = f"{figure:,.0f}"
    if trial.server is OURS or what not in PAIRED:
        return shown
    return f"{shown:<9}ours/it {ratio(figures, what, trial.server):.2f}"


def print_all(trials: list[Trial], figures: Figures) -> None:
    """Print what was compared, the situations, and the figures."""
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    print(f"{date.today()}, {machine}, a network of loopback alone; versions of {PINNED_ON}")  # noqa: DTZ011 - the reader's day
    for trial in trials:
        server = trial.server
        origin = f" of {server.registry}" if server.registry else ""
        print(f"  {server.name:<12} {server.package} {server.version}{origin}; base URL: {server.base_url}")
    names = "".join(f"{one.server.name:<{_WIDTH}}" for one in trials)
    print(f"\n{'verdict, requests, seconds, tokens':<38}{names}".rstrip())
    for name in dict.fromkeys(name for trial in trials for name in trial.seen):
        cells = "".join(f"{_cell(trial.seen.get(name)):<{_WIDTH}}" for trial in trials)
        print(f"{name:<38}{cells}".rstrip())
    words = [[seen.verdict.word for seen in trial.seen.values()] for trial in trials]
    sums = (f"{one.count('right')} right, {one.count('wrong')} wrong" for one in words)
    print(f"{'together':<38}" + "".join(f"{text:<{_WIDTH}}" for text in sums).rstrip())
    print()
    for what in figures:
        print((f"{what:<38}" + "".join(f"{_figure(figures, what, one):<{_WIDTH}}" for one in trials)).rstrip())
    print("\n+ found out that the contact was stored, and says so. Figures are medians, ratios those of single rounds.")
    for trial in trials:
        for name, seen in trial.seen.items():
            if seen.verdict.word == "wrong":
                print(f"wrong: {trial.server.name}, {name}: {seen.verdict.why}")


def as_json(trials: list[Trial], figures: Figures, about: dict[str, Any]) -> dict[str, Any]:
    """Return all of it, with the answers."""
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    return {
        "about": about | machine | {"pinned": PINNED_ON},
        "servers": [
            {
                "name": trial.server.name,
                "package": trial.server.package,
                "version": trial.server.version,
                "base_url": trial.server.base_url,
                "situations": {name: _told(seen) for name, seen in trial.seen.items()},
                "figures": {what: figures[what][trial.server.name] for what in figures},
            }
            for trial in trials
        ],
    }


def _told(seen: Seen) -> dict[str, Any]:
    return {
        "verdict": seen.verdict.word,
        "why": seen.verdict.why,
        "found_out": seen.found_out,
        "requests": seen.requests,
        "seconds": round(seen.seconds, 2),
        "tokens": tokens(seen.text),
        "answer": seen.text,
    }


def print_rules() -> None:
    """Print each situation with its rule in words."""
    rules = [(situation.name, situation.words) for situation in SITUATIONS]
    others = {"the key is not shown": keeps_the_key, "import with opt-outs": respects_the_no}
    rules += [(name, " ".join((rule.__doc__ or "").split())) for name, rule in others.items()]
    for name, words in rules:
        print(f"{name:<28}{words}")
