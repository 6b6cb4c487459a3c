"""tools/call: arguments read, the tool run, its answer or its error rendered and recorded. The one error boundary."""

import json
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Any

import anyio
from mcp_types import CallToolRequestParams, CallToolResult, InputRequiredResult, TextContent

from autosend_mcp.api.calls import Call
from autosend_mcp.api.client import AutoSend
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown
from autosend_mcp.logs import OURS
from autosend_mcp.models.arguments import nearest, read_arguments, refused_fields
from autosend_mcp.models.base import Answer, Body
from autosend_mcp.models.bounds import MAX_ANSWER_BYTES, SHORTENED, shortened, size
from autosend_mcp.models.text import compact_json, visible_data
from autosend_mcp.server.elicitation import Context, Person, Questions
from autosend_mcp.server.history import MAX_UNDO_BYTES, History
from autosend_mcp.server.in_flight import JOINED, Result, Writes
from autosend_mcp.settings import PREFIX
from autosend_mcp.tools import context as tool_context
from autosend_mcp.tools.context import ConfirmationNeeded
from autosend_mcp.tools.jobs import Jobs
from autosend_mcp.tools.registry import TOOLS, Tool

UNSEEN = "Characters that cannot be seen are not shown here; they would be sent."
UNDO_KEPT = "What would take this back is long: it is in the resource autosend://writes."
NO_UNDO = "What would take this back is too long to be shown."

_LONG_UNDO = 6_000
_MOST_NOTES = 6_000

_log = logging.getLogger(OURS)


class Dispatch:
    """Calls of the tools that are offered."""

    def __init__(
        self, autosend: AutoSend, writes: Writes, jobs: Jobs, tools: Mapping[str, Tool], *, at_shell: bool = False
    ) -> None:
        """`tools`: those offered, by name. `at_shell`: the user calls them, and no assistant in between."""
        self._autosend = autosend
        self._writes = writes
        self._jobs = jobs
        self._at_shell = at_shell
        self.tools = tools
        self.history = History()
        self._questions = Questions()

    async def call_tool(self, context: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        """The answer of the tool, its error, or the question that a person must answer first."""
        started = perf_counter()
        notes: list[str] = []
        try:
            tool = self._tool(params.name)
            body, notes = read_arguments(tool.body, params.arguments or {}, tool.name)
        except NotSent as error:
            _record(params.name if params.name in TOOLS else "?", error, None, started, outcome="invalid")
            return self._render(error, notes)
        settings = self._autosend.settings
        call = Call(self._autosend)
        may_ask = settings.ask == "auto"
        person = Person(
            context, params, self._questions, may_ask=may_ask, scale=call.scale, without_key=settings.without_key
        )
        given = tool_context.Context(call, person.ask, context.session.report_progress, self._jobs)
        perform = partial(self._perform, tool, given, body, started)
        if tool.reads:
            return self._render(await perform(), notes)
        key = f"{tool.name} {compact_json(body.payload())} {person.said}"
        result, more = await self._writes.run(key, perform, call)
        if JOINED in more:
            _record(tool.name, result, call, started, body=body, outcome="joined")
        return self._render(result, notes + more)

    def _tool(self, name: str) -> Tool:
        if name in self.tools:
            return self.tools[name]
        if name not in TOOLS:
            raise NotSent(f"There is no such tool; {nearest(name, {known: known for known in self.tools})}", "")
        if self._autosend.settings.read_only and not TOOLS[name].reads:
            what = f"{name} changes something, and this server is read-only."
            raise NotSent(what, user_step="unset AUTOSEND_READ_ONLY or leave out --read-only")
        toolset = TOOLS[name].toolset
        raise NotSent(
            f"{name} is in the toolset {toolset}, which is not offered here.",
            user_step=f"add {toolset} to AUTOSEND_TOOLSETS or --toolsets",
        )

    async def _perform(self, tool: Tool, context: tool_context.Context, body: Body, started: float) -> Result:
        """Run the tool and record it: every failure comes out as an AutoSendError."""
        call = context.call
        try:
            result: Result = noted(await tool.run(context, body), context.notes)
            if not tool.reads and getattr(result, "outcome", "") not in {"dry_run", "unchanged"}:
                self.history.add(tool.name, result)
        except ConfirmationNeeded as question:
            result = question
        except AutoSendError as error:
            result = error
            error.notes += context.notes
            if isinstance(error, Refused) and (lines := refused_fields(tool.body, error.fields)):
                error.next_step = "\n".join([error.next_step, *lines])
        except anyio.get_cancelled_exc_class():
            outcome = "cut_off" if call.exposed else "refused" if call.writes else "not_sent"
            _record(tool.name, Unknown("", ""), call, started, body=body, outcome=outcome)
            raise
        except Exception as bug:  # noqa: BLE001 - the SDK would show its text, which may hold anything
            result = Unknown(
                "autosend-mcp failed with an error of its own.",
                "Do not repeat the call.",
                user_step="report it as a fault of autosend-mcp",
                cause=type(bug).__name__,
            )
        _record(tool.name, result, call, started, body=body)
        return result

    def _render(self, result: Result, notes: list[str]) -> CallToolResult | InputRequiredResult:
        """A success in both halves, the same data; an error as text alone. The last place to keep the key in."""
        if isinstance(result, ConfirmationNeeded):
            return self._questions.ask(result, self._autosend.settings.without_key)
        without_key = self._autosend.settings.without_key
        if isinstance(result, Answer):
            data, text = _fitted(noted(result, notes))
            if (clean := without_key(text)) != text:
                text, data = clean, json.loads(clean)
            return CallToolResult(content=[TextContent(text=text)], structured_content=data)
        return CallToolResult(content=[TextContent(text=self.text_of(result, notes))], is_error=True)

    def text_of(self, error: AutoSendError, notes: Sequence[str] = ()) -> str:
        """Return the whole text of an error, for whoever called."""
        if not self._at_shell:
            _advise_assistant(error)
        return self._autosend.settings.without_key(_error_text(error, notes))


def _advise_assistant(error: AutoSendError) -> None:
    """Say what only the user can do as advice to an assistant. Settings are read when the server starts."""
    if error.user_step:
        restart = " and restart this server" if PREFIX in error.user_step else ""
        advice = f"You cannot fix this: report it to the user, who can {error.user_step}{restart}."
        error.next_step, error.user_step = f"{error.next_step} {advice}".lstrip(), ""


def _error_text(error: AutoSendError, notes: Sequence[str]) -> str:
    """Return the whole text of an error, within the bound on its size."""
    error.facts = visible_data(error.facts)
    told = list(dict.fromkeys([*notes, *error.notes]))
    room = MAX_ANSWER_BYTES - len(error.sentence.encode()) - size(told) - 200
    if size(error.facts) > room:
        error.facts = shortened(error.facts, room)
        told.append(SHORTENED)
    return "\n".join([str(error), *(f"Note: {note}" for note in told)])


def noted(answer: Answer, notes: list[str]) -> Answer:
    """The answer with these notes before its own."""
    return answer.model_copy(update={"notes": notes + (answer.notes or [])}) if notes else answer


def _fitted(answer: Answer) -> tuple[dict[str, Any], str]:
    """The answer as data and as JSON, within the bound on its size."""
    plan = getattr(answer, "plan", None)
    if plan is not None and visible_data(plan) != plan:
        answer = noted(answer, [UNSEEN])
    data = answer.payload()
    text = compact_json(data)
    if len(text.encode()) > _LONG_UNDO:
        data = _cut_to_fit(data)
        text = compact_json(data)
    return data, text


def _cut_to_fit(data: dict[str, Any]) -> dict[str, Any]:
    """A long answer within the bound: without its undo, with long values cut, and with a note on each."""
    undo, notes = data.pop("undo", None), data.pop("notes", [])
    if size(undo) > _LONG_UNDO:  # an undo is whole, or not there
        notes.append(UNDO_KEPT if size(undo) <= MAX_UNDO_BYTES else NO_UNDO)
        undo = None
    room = MAX_ANSWER_BYTES - size(undo) - min(size(notes), _MOST_NOTES) - len(SHORTENED) - 50
    if size(data) > room:
        data = shortened(data, room)
        notes.append(SHORTENED)
    if size(notes) > _MOST_NOTES:
        notes = shortened(notes, _MOST_NOTES)
    return data | ({"undo": undo} if undo else {}) | ({"notes": notes} if notes else {})


def _record(
    tool: str, result: Result, call: Call | None, started: float, *, body: Body | None = None, outcome: str = ""
) -> None:
    """One log line a call: nothing about the person but a keyed hash of the address."""
    fields: dict[str, object] = {"tool": tool, "outcome": outcome or getattr(result, "outcome", "done")}
    if call is not None and body is not None:
        status = result.status if isinstance(result, AutoSendError) and result.status else call.status
        fields |= {"status": status, "attempts": call.attempts}
        if (address := getattr(body, "email", None)) and (fingerprint := call.fingerprint(address)):
            fields["address"] = fingerprint
    if isinstance(result, AutoSendError) and result.cause:
        fields["cause"] = result.cause
    level = logging.WARNING if outcome == "cut_off" else logging.INFO
    _log.log(level, "call", extra={"fields": fields | {"ms": round((perf_counter() - started) * 1000)}})
