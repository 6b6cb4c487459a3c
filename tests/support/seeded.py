"""A project with something in it: contacts, lists, a segment, fields; behind a client that may be asked questions."""

import json
from contextlib import AbstractAsyncContextManager
from typing import Any

from mcp import Client
from mcp_types import CallToolResult

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.server.app import chosen
from autosend_mcp.settings import TOOLSETS
from manifests.examples import EXAMPLES, example_sandbox
from tests.support.clock import clock
from tests.support.line import Line, over_a_line
from tests.support.records import snapshot
from tests.support.worlds import error_of

JANE, JOHN, ANN = "jane@example.com", "john@example.com", "ann@example.com"
PEOPLE = [JANE, JOHN, ANN]
EVERY = ",".join(TOOLSETS)  # toolsets

# The examples of the tools that are offered by default.
CALLS: dict[str, dict[str, Any]] = {name: EXAMPLES[name] for name in chosen((), read_only=False)}


def seeded_sandbox(options: Options | None = None) -> Sandbox:
    """Return the sandbox of the examples, on the clock of the running loop."""
    return example_sandbox(options, clock())


def seeded(
    era: str = "2026-07-28", *, options: Options | None = None, **more: Any
) -> AbstractAsyncContextManager[tuple[Client, Line]]:
    """Return a client over the seeded project, and the line between the two."""
    return over_a_line(era, sandbox=seeded_sandbox(options), **more)


def held(line: Line) -> dict[str, list[dict[str, Any]]]:
    """Return everything that the project holds."""
    return snapshot(line.sandbox.store)


def fact(result: CallToolResult, label: str) -> Any:
    """Return the data behind this label in an error."""
    for text in error_of(result).splitlines():
        if text.startswith(f"{label}: "):
            return json.loads(text.removeprefix(f"{label}: "))
    raise AssertionError(f"the error has no {label}: {error_of(result)}")


READING_POSTS = ("/search", "/entries")


def wrote(line: Line) -> list[str]:
    """Return the requests that change something."""
    posts = [asked for asked, _ in line.seen if not asked.startswith("GET ")]
    return [asked for asked in posts if not any(reading in asked for reading in READING_POSTS)]


def stored(line: Line, email: str = JANE) -> dict[str, Any]:
    (row,) = line.sandbox.store.contacts.find(PROJECT, [email])
    return row


def has(line: Line, **values: Any) -> None:
    """Give Jane these values, past the API."""
    writes.upsert(line.sandbox.store, PROJECT, {"email": JANE, **values})
