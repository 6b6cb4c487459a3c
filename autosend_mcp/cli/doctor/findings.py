"""What the doctor finds, and how it is shown: never with a key in it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from autosend_mcp.cli.exits import without_keys


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. A "problem" keeps the server from its work; a "note" is good to know."""

    check: str
    state: Literal["ok", "note", "problem"]
    said: str
    fix: str = ""


def ok(check: str, said: str) -> Finding:
    """Return that this is well."""
    return Finding(check, "ok", said)


def note(check: str, said: str, fix: str = "") -> Finding:
    """Return what is good to know, and what could be done about it."""
    return Finding(check, "note", said, fix)


def problem(check: str, said: str, fix: str) -> Finding:
    """Return what is wrong, and what fixes it."""
    return Finding(check, "problem", said, fix)


def is_well(findings: Sequence[Finding]) -> bool:
    """Return whether there is no problem among them."""
    return all(finding.state != "problem" for finding in findings)


def as_json(findings: Sequence[Finding]) -> str:
    """Return the findings as one JSON object."""
    shown = [{name: value for name, value in asdict(finding).items() if value} for finding in findings]
    return without_keys(json.dumps({"ok": is_well(findings), "findings": shown}, indent=2, ensure_ascii=False))


def as_text(findings: Sequence[Finding]) -> str:
    """Return a line for each finding, with its fix below it, and how many problems there are."""
    width = max(len(finding.check) for finding in findings)
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{finding.state:<7}  {finding.check:<{width}}  {finding.said}")
        lines += [f"{'':<7}  {'':<{width}}  fix: {finding.fix}"] if finding.fix else []
    problems = sum(finding.state == "problem" for finding in findings)
    lines.append("All is well." if not problems else f"{problems} problem{'s' * (problems > 1)}.")
    return without_keys("\n".join(lines))
