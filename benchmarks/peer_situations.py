"""The situations that all servers are put in, one after the other, in one process for all of them."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol, TextIO

import anyio

from benchmarks import peer_rules as rules
from benchmarks.peer_line import (
    Fault,
    Json,
    Line,
    applied_then,
    bad_gateway,
    cut,
    failed_after_all,
    no_fault,
    refusing,
    silent,
)
from benchmarks.peer_rules import PATIENCE, Answer, Outcome, Verdict
from benchmarks.peer_servers import Call, Server
from benchmarks.raw_client import ServerFailed

_PAUSE = 0.6
"""Seconds between two situations: none pays for the pace of the requests of the one before."""
_CONTROL = "control."
_REASON = "must be shorter than 50 characters"


class Client(Protocol):
    """One connection to a server."""

    async def request(self, method: str, params: Mapping[str, Any]) -> Json:
        """Return the result of a request."""
        ...

    async def exchange(self, method: str, params: Mapping[str, Any], patience: float = PATIENCE) -> Json:
        """Return the answer to a request, be it a result or an error."""
        ...


@dataclass(frozen=True)
class Situation:
    """A call, what goes wrong, and the rule. `lost`: the write is carried out and the reply does not say so.

    `call`: what is called for this address, or None; `control`: the same with the value itself; `exists`: the contact
    is there before; `pinged`: see `asked`; `long`: it takes more than some seconds.
    """

    name: str
    rule: rules.Rule
    call: Callable[[Server, str], Call | None] = lambda server, email: server.creating(email)
    fault: Callable[[], Fault] = lambda: no_fault
    email: str = "jane{}@example.com"
    control: Callable[[Server, str], Call | None] | None = None
    lost: bool = False
    exists: bool = False
    pinged: bool = False
    long: bool = False

    @property
    def words(self) -> str:
        """The rule in words."""
        return " ".join((self.rule.__doc__ or "").split())


@dataclass(frozen=True)
class Seen:
    """What is shown of a situation."""

    verdict: Verdict
    requests: int = 0
    seconds: float = 0.0
    text: str = ""
    found_out: bool = False


def _object(server: Server, email: str, value: Any) -> Call | None:
    return server.creating(email, **{server.custom: value}) if server.custom else None


def _array_as_text(server: Server, email: str) -> Call:
    tool, arguments, name = server.array(email)
    return tool, arguments | {name: json.dumps(arguments[name])}


_FIELDS = {"plan": "pro"}

SITUATIONS = (
    Situation(
        "address missing", rules.refuses, lambda server, _: server.creating(None, **{server.first: "Jane"}), email=""
    ),
    Situation("no address: notanemail", rules.refuses, email="notanemail"),
    Situation("misspelt argument emial", rules.names_the_misspelt, lambda server, to: server.creating(to, emial=to)),
    Situation(
        "null for what is optional", rules.takes_it, lambda server, to: server.creating(to, **{server.first: None})
    ),
    Situation(
        "an object as JSON text",
        rules.reads_the_text,
        lambda server, to: _object(server, to, json.dumps(_FIELDS)),
        control=lambda server, to: _object(server, to, _FIELDS),
    ),
    Situation("an array as JSON text", rules.reads_the_text, _array_as_text, control=lambda one, to: one.array(to)[:2]),
    Situation("blanks around the address", rules.stores_no_blanks, email=" Jane{}@Example.COM "),
    Situation("401", rules.names_the_key, fault=lambda: refusing(401, "API key is invalid", only_writes=False)),
    Situation(
        "409, it exists",
        rules.passes_on("exist", "already", "conflict", "konflikt"),
        fault=lambda: refusing(409, "Contact already exists"),
        exists=True,
    ),
    Situation("422 with a reason", rules.passes_on(_REASON), fault=lambda: refusing(422, f"first name {_REASON}")),
    Situation("429 once", rules.waits_once, fault=lambda: refusing(429, "Too many requests", times=1, Retry_After="1")),
    Situation(
        "429 always", rules.gives_up, fault=lambda: refusing(429, "Too many requests", Retry_After="1"), long=True
    ),
    Situation("500, applied", rules.sends_once, fault=lambda: applied_then(failed_after_all), lost=True),
    Situation("502 as HTML", rules.sends_once, fault=lambda: bad_gateway, long=True),
    Situation("half of the JSON, applied", rules.sends_once, fault=lambda: applied_then(cut), lost=True),
    Situation("connection reset, applied", rules.sends_once, fault=lambda: applied_then(None), lost=True),
    Situation("success", rules.shows_the_record),
    Situation("no answer from the API", rules.sends_once, fault=lambda: silent, pinged=True, long=True),
)  # the 19th, whether the key is shown, is judged over all of them


async def asked(client: Client, call: Call, *, pinged: bool = False) -> Answer:
    """Return what a call gives; `pinged`: see whether the server answers a ping meanwhile."""
    tool, arguments = call
    answers: list[Json] = []
    silent_meanwhile: list[str] = []

    async def ping() -> None:
        await anyio.sleep(1)
        try:
            await client.exchange("ping", {}, patience=3)
        except ServerFailed as failed:
            silent_meanwhile.append(str(failed))

    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        if pinged:
            tasks.start_soon(ping)
        with suppress(ServerFailed):
            answers.append(
                await client.exchange("tools/call", {"name": tool, "arguments": arguments}, patience=PATIENCE)
            )
    seconds = anyio.current_time() - began
    given = read(answers[0]) if answers else Answer(in_time=False)
    return replace(given, seconds=seconds, meanwhile=not silent_meanwhile)


def read(answer: Json) -> Answer:
    """Return what a client understands of an answer."""
    if "result" not in answer:
        return Answer(str(answer.get("error", {}).get("message", "")), failed=True)
    result = answer["result"]
    text = "\n".join(str(block.get("text", "")) for block in result.get("content", []))
    return Answer(text, bool(result.get("isError")), result.get("structuredContent"))


async def put_through(server: Server, client: Client, line: Line, log: TextIO, *, quick: bool) -> dict[str, Seen]:
    """Put a server through the situations; `quick`: without pauses and long ones."""
    tools = {tool["name"]: tool for tool in (await client.request("tools/list", {}))["tools"]}
    line.begin()
    await asked(client, server.creating("first@example.com"))  # what is loaded by the first call is no matter here
    seen: dict[str, Seen] = {}
    said: list[str] = []
    for number, situation in enumerate(SITUATIONS):
        if quick and situation.long:
            continue
        await anyio.sleep(0 if quick else _PAUSE)
        schema = tools[server.create].get("outputSchema")
        outcome = await _outcome(situation, server, client, line, situation.email.format(number))
        if outcome is None:
            seen[situation.name] = Seen(Verdict("cannot", "it has no such argument"))
            continue
        outcome = replace(outcome, output_schema=schema)
        seen[situation.name] = _seen(situation, outcome)
        said.append(outcome.answer.text)
    log.flush()
    log.seek(0)
    whole = Outcome("", Answer("\n".join(said)), key=server.key, stderr=log.read())
    seen["the key is not shown"] = Seen(rules.keeps_the_key(whole))
    return seen


def _seen(situation: Situation, outcome: Outcome) -> Seen:
    verdict, answer = situation.rule(outcome), outcome.answer
    found_out = situation.lost and verdict.word == "right" and not answer.failed
    return Seen(verdict, len(outcome.asked), answer.seconds, answer.text, found_out)


async def _outcome(situation: Situation, server: Server, client: Client, line: Line, email: str) -> Outcome | None:
    """Make the call of a situation, and look at what came of it; None where the server cannot be called so."""
    control: list[Any] = []
    if situation.control and (call := situation.control(server, _CONTROL + email)):
        line.begin()
        await asked(client, call)
        control = [json.loads(one.content.decode().replace(_CONTROL, "")) for one in line.writes]
        await anyio.sleep(_PAUSE)
    call = situation.call(server, email)
    if call is None:
        return None
    if situation.exists:
        await line.api.add(email)
    line.begin(situation.fault())
    answer = await asked(client, call, pinged=situation.pinged)
    seen = Outcome(email, answer, server.key_setting, server.key, line.asked, line.writes, line.applied)
    held = await line.api.held(email.strip().lower()) or await line.api.held(email)
    line.begin()
    return replace(seen, held=held, control=control, needs_email=not server.without_email)
