"""tools/call: read the arguments, run the tool, log the call, return its answer or error. The one error boundary."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter

import anyio
from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolRequestParams, CallToolResult, InputRequiredResult, TextContent
from pydantic import ValidationError

from autosend_mcp.api.calls import Call
from autosend_mcp.api.client import AutoSend
from autosend_mcp.errors import NOTHING_CHANGED, AutoSendError, NotSent, Refused, Unknown
from autosend_mcp.logs import OURS, report
from autosend_mcp.models.arguments import nearest, read_arguments, refused_fields
from autosend_mcp.models.base import Answer, Body, WriteBody
from autosend_mcp.models.given import is_empty, object_in
from autosend_mcp.models.text import compact_json
from autosend_mcp.server.audience import Audience
from autosend_mcp.server.elicitation import Elicitation, RequestContext
from autosend_mcp.server.in_flight import JOINED, NotBegun, Result
from autosend_mcp.server.malformed import UNEXPLAINED, explained, uninitialized
from autosend_mcp.server.memory import Memory
from autosend_mcp.server.results import as_commands, error_text, fitted, noted
from autosend_mcp.tools.context import ConfirmationNeeded, Context
from autosend_mcp.tools.jobs import Jobs
from autosend_mcp.tools.registry import TOOLS, Tool

# The outcomes of a writing tool that has changed nothing.
_WITHOUT_CHANGE = {"dry_run", "unchanged"}

_log = logging.getLogger(OURS)


class Dispatch:
    """Calls of the tools that are offered."""

    def __init__(
        self, autosend: AutoSend, memory: Memory, jobs: Jobs, tools: Mapping[str, Tool], *, audience: Audience
    ) -> None:
        """`tools`: those offered, by name. `audience`: who reads the answers."""
        self._autosend = autosend
        self._memory = memory
        self._jobs = jobs
        self._audience = audience
        self.tools = tools

    async def call_tool(
        self, context: RequestContext, params: CallToolRequestParams
    ) -> CallToolResult | InputRequiredResult:
        """Return the answer of the tool, its error, or the question that the user must answer first."""
        started = perf_counter()
        notes: list[str] = []
        try:
            tool = self._tool(params.name)
            body, notes = read_arguments(tool.body, params.arguments or {}, tool.name)
        except NotSent as error:
            self._record(params.name if params.name in TOOLS else "?", error, None, started, outcome="invalid")
            return await self._render(error, notes)
        settings = self._autosend.settings
        call = Call(self._autosend)
        elicitation = Elicitation(
            context,
            params,
            self._memory.questions,
            may_ask=settings.ask == "auto",
            scale=call.scale,
            without_key=settings.without_key,
            before_waiting=call.forget_reads,
        )
        given = Context(
            call,
            elicitation.ask,
            context.session.report_progress,
            self._jobs,
            self._memory.history,
            imports=self._memory.imports,
        )
        perform = partial(self._perform, tool, given, body, started)
        if tool.reads or (isinstance(body, WriteBody) and body.dry_run):
            return await self._render(await perform(), notes)
        key = f"{tool.name} {compact_json(body.payload())} {elicitation.action}"
        result, more = await self._memory.writes.run(key, perform, call)
        if JOINED in more or isinstance(result, NotBegun):
            joined = "joined" if JOINED in more else ""
            self._record(tool.name, result, call, started, body=body, outcome=joined)
        return await self._render(result, notes + more)

    async def explain_malformed(self, ctx: RequestContext, call_next: CallNext) -> HandlerResult:
        """Name what is wrong with a request that the SDK would refuse with "Invalid request parameters" alone.

        Arguments that are an object written as a text, or PHP's empty array, are read.
        """
        if ctx.method == "tools/call":
            params: Mapping[str, object] = ctx.params or {}
            if not isinstance(params.get("name"), str):
                raise MCPError(
                    INVALID_PARAMS, f"name must be the name of a tool: {', '.join(self.tools)}. Nothing was sent."
                )
            given = params.get("arguments")
            if not isinstance(given, dict | None):
                arguments = {} if is_empty(given) else object_in(given)
                if arguments is None:
                    raise MCPError(
                        INVALID_PARAMS,
                        'arguments must be a JSON object, for example {"email": "jane@example.com"}. Nothing was sent; '
                        "call the tool again with one.",
                    )
                ctx = replace(ctx, params={**params, "arguments": arguments})
        try:
            return await call_next(ctx)
        except ValidationError as error:
            raise MCPError.from_error_data(explained(error)) from None
        except MCPError as error:
            if error.error.message == UNEXPLAINED:
                raise MCPError.from_error_data(uninitialized()) from None
            raise

    def text_of(self, error: AutoSendError, notes: Sequence[str] = ()) -> str:
        """Return the whole text of an error, for who reads it."""
        self._audience.address(error)
        return self._autosend.settings.without_key(error_text(error, notes))

    def _tool(self, name: str) -> Tool:
        if name in self.tools:
            return self.tools[name]
        if name not in TOOLS:
            raise NotSent(f"There is no such tool; {nearest(name, {known: known for known in self.tools})}")
        if self._autosend.settings.read_only and not TOOLS[name].reads:
            raise self._audience.no_writes(name)
        raise self._audience.no_toolset(name, TOOLS[name].toolset)

    async def _perform(self, tool: Tool, context: Context, body: Body, started: float) -> Result:
        """Run the tool and log the call. Return its answer, or its failure as an AutoSendError."""
        call = context.call
        try:
            answer = noted(await tool.run(context, body), context.notes)
            if not tool.reads and answer.outcome_word not in _WITHOUT_CHANGE:
                write = await self._memory.history.add(tool.name, answer)
                if write.reference:
                    at_shell = self._audience.is_at_shell
                    commands = as_commands(answer.steps, self._autosend.target) if at_shell else None
                    answer.undo = commands if at_shell else write.reference
            result: Result = answer
        except ConfirmationNeeded as question:
            result = question
        except AutoSendError as error:
            result = error
            error.notes += context.notes
            if tool.reads and error.changed == NOTHING_CHANGED:  # as nothing could
                error.changed = ""
            if isinstance(error, Refused) and (lines := refused_fields(tool.body, error.fields)):
                error.next_step = "\n".join([error.next_step, *lines])
        except anyio.get_cancelled_exc_class():
            outcome = "cut_off" if call.exposed else "refused" if call.writes else "not_sent"
            self._record(tool.name, None, call, started, body=body, outcome=outcome)
            raise
        except Exception as bug:  # noqa: BLE001 - the SDK would show its text, which may hold anything
            result = Unknown(
                "autosend-mcp failed with an error of its own.",
                "Do not repeat the call.",
                user_step="report it as a fault of autosend-mcp",
                changed=None if call.exposed else NOTHING_CHANGED,
                cause=type(bug).__name__,
            )
        if not isinstance(result, NotBegun):  # which is logged for who asked
            self._record(tool.name, result, call, started, body=body)
        return result

    async def _render(self, result: Result, notes: list[str]) -> CallToolResult | InputRequiredResult:
        """Return the result as MCP's: a success as text and data, which are the same; an error as text alone.

        This is the last place to keep the key in.
        """
        without_key = self._autosend.settings.without_key
        if isinstance(result, ConfirmationNeeded):
            try:
                return await self._memory.questions.ask(result, without_key)
            except NotSent as error:
                report("question_not_asked", why=error.what)
                result = error
        if isinstance(result, AutoSendError):
            return CallToolResult(content=[TextContent(text=self.text_of(result, notes))], is_error=True)
        data, text = fitted(noted(result, notes))
        if (clean := without_key(text)) != text:
            text, data = clean, json.loads(clean)
        return CallToolResult(content=[TextContent(text=text)], structured_content=data)

    def _record(
        self,
        tool: str,
        result: Result | None,
        call: Call | None,
        started: float,
        *,
        body: Body | None = None,
        outcome: str = "",
    ) -> None:
        """Log one line a call: nothing about the contact but a keyed hash of the address."""
        fields: dict[str, object] = {"tool": tool, "outcome": outcome or (_outcome_of(result) if result else "")}
        if call is not None and body is not None:
            status = result.status if isinstance(result, AutoSendError) and result.status else call.status
            if not isinstance(result, NotSent):  # what was not sent has no status, though a look-up before it has
                fields["status"] = status
            fields |= {"requests": call.requests, "writes": call.writes}
            address = getattr(body, "email", None)  # of the tools about one contact
            if address and (fingerprint := call.fingerprint(address)):
                fields["address"] = fingerprint
        if isinstance(result, AutoSendError) and result.cause:
            fields["cause"] = result.cause
        seconds = perf_counter() - started
        for observer in self._autosend.observers:
            observer.call_ended(tool, str(fields["outcome"]), seconds)
        if not_begun := isinstance(result, NotBegun):
            fields["why"] = result.what
        level = logging.WARNING if not_begun or outcome == "cut_off" else logging.INFO
        _log.log(level, "call", extra={"fields": fields | {"ms": round(seconds * 1000)}})


def _outcome_of(result: Result) -> str:
    return result.outcome_word if isinstance(result, Answer) else result.outcome
