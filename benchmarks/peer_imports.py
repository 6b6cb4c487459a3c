"""What comes of an import in which some have opted out, and how quickly a thousand rows go through."""

import csv
import re
from time import perf_counter
from typing import Any

from benchmarks.peer_line import Json, Line
from benchmarks.peer_rules import Answer, Verdict, respects_the_no
from benchmarks.peer_servers import OURS, Server, rows_given
from benchmarks.peer_situations import Client, Seen, asked
from benchmarks.raw_client import ServerFailed

ROWS = 1_000
_PEOPLE = "email,first_name,unsubscribed\nann@{0},Ann,false\nbob@{0},Bob,true\neve@{0},Eve,\n"
_POLLS = 600


class _Cannot(Exception):
    """The server has no tool for this."""


async def _import(server: Server, client: Client, text: str, *, mapped: bool) -> list[Answer]:
    """Import a file as the server's own tool takes it, to its end. `mapped`: the call says what each column is."""
    if server is OURS:
        return await _to_its_end(client, "start_import", {"text": text}, "get_import", "importId")
    if server.name == "resend-mcp":
        columns = {"email": "email", "firstName": "first_name", "unsubscribed": "unsubscribed"}
        arguments = {"content": text} | ({"columnMap": columns} if mapped else {})
        return await _to_its_end(client, "create-contact-import", arguments, "get-contact-import", "id")
    if not mapped or server.name != "usesend-mcp":
        raise _Cannot
    rows = [_row(row) for row in csv.DictReader(text.splitlines())]
    return [await asked(client, rows_given(server, rows))]


def _row(row: dict[str, str]) -> Json:
    """Return a row as useSend's tool takes it; a blank cell says nothing."""
    said = {"true": False, "false": True}.get(row["unsubscribed"])
    return {"email": row["email"], "first_name": row["first_name"]} | ({} if said is None else {"subscribed": said})


async def _to_its_end(client: Client, tool: str, arguments: Json, status: str, name: str) -> list[Answer]:
    """Start an import and ask for its state until it has ended."""
    answers = [await asked(client, (tool, arguments))]
    found = re.search(r'(?:importId"?|Import ID):\s*"?([\w-]+)', answers[0].text)
    if found is None:
        return answers
    for _ in range(_POLLS):
        if len(answers) > 1 and not _under_way(answers[-1]):
            break
        answers.append(await asked(client, (status, {name: found[1]})))
    return answers


def _under_way(answer: Answer) -> bool:
    state: Any = answer.structured or {}
    return not answer.failed and state.get("settled", 0) != state.get("rows", 0)


async def opt_outs(server: Server, client: Client, line: Line) -> dict[str, Seen]:
    """Import the file twice into a service at which Eve has opted out before: by itself, and with its columns named."""
    seen: dict[str, Seen] = {}
    await asked(client, server.creating("first@example.com"))
    for name, mapped in (("import with opt-outs, the file alone", False), ("the same, its columns named", True)):
        domain = f"{'named' if mapped else 'alone'}.example.com"
        await line.api.add(f"eve@{domain}", mailable=False)
        line.begin()
        try:
            answers = await _import(server, client, _PEOPLE.format(domain), mapped=mapped)
        except _Cannot:
            seen[name] = Seen(Verdict("cannot", "no tool takes such a file"))
            continue
        requests = len(line.asked)
        ann, *no = [await line.api.held(f"{who}@{domain}") for who in ("ann", "bob", "eve")]
        text, seconds = "\n".join(one.text for one in answers), sum(one.seconds for one in answers)
        seen[name] = Seen(respects_the_no(ann, no), requests, seconds, text)
    return seen


async def rows_a_second(server: Server, client: Client, line: Line, turn: int) -> float:
    """Import a thousand new people by the server's own tool for many, and return how many went through in a second."""
    emails = [f"row{turn}x{number}@example.com" for number in range(ROWS)]
    line.begin()
    began = perf_counter()
    if server.rows_at_once:
        for start in range(0, ROWS, server.rows_at_once):
            await asked(
                client, rows_given(server, [{"email": one} for one in emails[start : start + server.rows_at_once]])
            )
    else:
        await _import(server, client, "\n".join(["email", *emails]) + "\n", mapped=False)
    seconds = perf_counter() - began
    if not all([await line.api.held(email) for email in emails]):
        raise ServerFailed(f"{server.name} did not import all {ROWS} rows")
    return ROWS / seconds
