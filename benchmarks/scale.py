"""What a call of a tool takes as the sandbox grows: its file with 1,000, 100,000 and 1,000,000 contacts, side by side.

Everybody is in one list, and every other contact in a segment. A server and a sandbox, child processes both, stand
over each file, and they take turns, so that what else the machine does falls on all of them.

    python benchmarks/scale.py            about 4 minutes
    python benchmarks/scale.py --quick    about 15 seconds: 1,000 and 10,000 contacts, few calls
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TextIO

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from report import Progress

sys.path.insert(0, str(Path(__file__).parents[1]))

from autosend_mcp.models.pages import write_cursor
from autosend_mcp.models.text import compact_json
from autosend_mcp.sandbox.app import PROJECT, Sandbox
from autosend_mcp.sandbox.contacts.records import Contact

_HERE = Path(__file__).resolve().parent
_COMMAND = [sys.executable, "-m", "autosend_mcp"]
_EVERYBODY = "GLOBAL_CONTACT_LIST"
_AT_ONCE = 10_000
_PRO = {"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}
_DELETED = "note"
_PAGE = 20

Arguments = dict[str, Any]


class Failed(Exception):
    """A call failed; there is nothing to measure."""


@dataclass(frozen=True)
class World:
    """A file of so many contacts, and the server over it."""

    contacts: int
    list_id: str
    segment_id: str
    start: float
    sandbox: int
    client: Client


def _email(number: int) -> str:
    return f"person{number}@example.com"


def _contact(sandbox: Sandbox, number: int, now: str, fields: int) -> Contact:
    custom = {"plan": ("free", "pro")[number % 2], "n": number, "city": "Berlin"}
    custom |= {f"{_DELETED}{one}": "seen" for one in range(fields)}
    fixed = {"id": sandbox.store.db.new_id(), "email": _email(number), "createdAt": now, "projectId": PROJECT}
    return {**fixed, "firstName": "Jane", "lastName": "Doe", "customFields": custom, "updatedAt": now}


def _fill(file: Path, contacts: int, fields: int) -> tuple[str, str]:
    """Write the file, in few statements; return the ids of its list and of its segment."""
    sandbox = Sandbox(file=file)
    store, now = sandbox.store, sandbox.store.db.timestamp()
    lists, segments = store.contact_lists, store.contact_lists.segments
    list_id = lists.seed(PROJECT, "Newsletter")
    segment_id = lists.seed(PROJECT, "Pro users", "segment", {"logicalOperator": "AND", "groups": [_PRO]})
    with store.db.transaction():
        for name in ("plan", "city", *(f"{_DELETED}{one}" for one in range(fields))):
            store.contact_properties.define(PROJECT, name, "string")
        store.contact_properties.define(PROJECT, "n", "number")
    for start in range(0, contacts, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, contacts))
        new = [_contact(sandbox, number, now, fields) for number in numbers]
        with store.db.transaction():
            store.contacts.store(new, [], ())
            segments.join(PROJECT, [(contact["id"], list_id) for contact in new])
            segments.join(PROJECT, [(contact["id"], segment_id) for contact in new[1::2]])
    sandbox.close()
    return list_id, segment_id


@contextmanager
def _sandbox(file: Path) -> Generator[tuple[str, int, float]]:
    """Start the sandbox over the file; yield its address, its process, and how many milliseconds that took."""
    flags = ["sandbox", "--port", "0", "--no-rate-limit", "--file", str(file)]
    began = perf_counter()
    process = subprocess.Popen([*_COMMAND, *flags], cwd=_HERE.parent, stdout=subprocess.PIPE, text=True)
    try:
        url = re.search(r"http\S+", process.stdout.readline() if process.stdout else "")
        if url is None:
            raise Failed("the sandbox did not start")
        yield url[0], process.pid, (perf_counter() - began) * 1_000
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _server(url: str, log: TextIO) -> Client:
    """Return a client of a server over the sandbox, a child process."""
    settings = {"AUTOSEND_API_KEY": "AS_benchmark", "AUTOSEND_BASE_URL": url, "AUTOSEND_RATE_LIMIT": "100000"}
    arguments = ["-m", "autosend_mcp", "--toolsets", "contacts,lists,fields"]
    server = StdioServerParameters(command=sys.executable, args=arguments, cwd=_HERE.parent, env=settings)
    return Client(stdio_client(server, errlog=log), read_timeout_seconds=120)


def _page(of: str, start: int, part: str | None = None, **more: Any) -> Arguments:
    """Return the arguments that ask for the page that begins there."""
    cursor = write_cursor(start, _PAGE, compact_json([of, part])) if start else None
    return {"emailContains": part, "limit": _PAGE, "cursor": cursor, **more}


def _calls(world: World, numbers: Iterator[int]) -> dict[str, tuple[str, Arguments]]:
    """Return what is measured: the tool and the arguments of the next call of each kind."""
    number, last = next(numbers), (world.contacts // _PAGE - 1) * _PAGE
    known, middle = number * 7_919 % world.contacts, (last // (2 * _PAGE) + number % 20) * _PAGE
    new, emails = {"email": f"new{number}@example.com"}, [_email(known * one % world.contacts) for one in range(100)]
    in_list, in_segment = {"list": "Newsletter"}, {"list": "Pro users"}
    last_of_segment = (world.contacts // 2 // _PAGE - 1) * _PAGE
    return {
        "create_contact": ("create_contact", new | {"firstName": "Nia", "customFields": {"plan": "pro"}}),
        "get_contact": ("get_contact", {"email": _email(known)}),
        "upsert_contact": ("upsert_contact", {"email": _email(known), "firstName": f"Jo{number}"}),
        "add_to_list": ("add_to_list", in_list | {"emails": [new["email"], _email(known)]}),
        "find_contacts, 100 addresses": ("find_contacts", {"emails": emails}),
        "first page of a list": ("find_contacts", _page(world.list_id, 0, **in_list)),
        "page in the middle of a list": ("find_contacts", _page(world.list_id, middle, **in_list)),
        "last page of a list": ("find_contacts", _page(world.list_id, last, **in_list)),
        "page in the middle of everybody": ("find_contacts", _page(_EVERYBODY, middle)),
        "last page of everybody": ("find_contacts", _page(_EVERYBODY, last)),
        "first page of a segment": ("find_contacts", _page(world.segment_id, 0, **in_segment)),
        "last page of a segment": ("find_contacts", _page(world.segment_id, last_of_segment, **in_segment)),
        "part of an address": ("find_contacts", _page(_EVERYBODY, 0, f"son{known}@")),
        "list_contact_lists": ("list_contact_lists", {}),
    }


async def _milliseconds(world: World, tool: str, arguments: Arguments) -> float:
    """Return how long the call took, which must not fail."""
    given = {name: value for name, value in arguments.items() if value is not None}
    began = perf_counter()
    result = await world.client.call_tool(tool, given)
    took = (perf_counter() - began) * 1_000
    if result.is_error:
        raise Failed(f"{tool} {given}: {result.content}")
    return took


async def _measured(worlds: list[World], times: int, fields: int, progress: Progress) -> dict[str, list[float]]:
    """Return the median milliseconds of each kind of call, one for each world; and the MiB of each sandbox."""
    found: dict[str, list[list[float]]] = {}
    numbers = [count(1) for _ in worlds]
    for turn in range(times):
        progress.step(f"calls, turn {turn + 1}")
        for index, world in enumerate(worlds):
            for kind, call in _calls(world, numbers[index]).items():
                took = await _milliseconds(world, *call)
                if turn:  # the first reads what is asked for once a minute
                    found.setdefault(kind, [[] for _ in worlds])[index].append(took)
    memory = [_memory(world.sandbox) for world in worlds]
    for one in range(fields):
        progress.step(f"deletion {one + 1}")
        name = f"{_DELETED}{one}"
        for index, world in enumerate(worlds):
            took = await _milliseconds(world, "delete_custom_field", {"fieldName": name, "confirm": name})
            found.setdefault("delete_custom_field", [[] for _ in worlds])[index].append(took)
    figures = {kind: [median(times) for times in each] for kind, each in found.items()}
    return {"sandbox start": [world.start for world in worlds]} | figures | {"memory of the sandbox, MiB": memory}


def _memory(process: int) -> float:
    """Return the resident MiB of a process."""
    return int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(process)], text=True)) / 1024


async def _run(sizes: tuple[int, ...], times: int, fields: int, folder: Path) -> dict[str, list[float]]:
    progress = Progress(len(sizes) + times + fields)
    async with AsyncExitStack() as stack:
        log = stack.enter_context((folder / "log").open("w"))
        worlds: list[World] = []
        for contacts in sizes:
            progress.step(f"file of {contacts:,} contacts")
            file = folder / f"{contacts}.db"
            ids = _fill(file, contacts, fields)
            url, process, start = stack.enter_context(_sandbox(file))
            client = await stack.enter_async_context(_server(url, log))
            worlds.append(World(contacts, *ids, start, process, client))
        found = await _measured(worlds, times, fields, progress)
        progress.clear()
        return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="1,000 and 10,000 contacts; the figures mean little")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args()
    sizes, times, fields = ((1_000, 10_000), 3, 1) if args.quick else ((1_000, 100_000, 1_000_000), 12, 3)
    with tempfile.TemporaryDirectory() as scratch:
        found = anyio.run(_run, sizes, times, fields, Path(scratch))
    if args.json:
        print(json.dumps({"contacts": sizes, "milliseconds": found}))
        return
    print(f"{'milliseconds, contacts:':<32}" + "".join(f"{size:>11,}" for size in sizes) + "   last/first")
    for kind, figures in found.items():
        print(f"{kind:<32}" + "".join(f"{figure:>11.1f}" for figure in figures) + f"{figures[-1] / figures[0]:>13.2f}")


if __name__ == "__main__":
    main()
