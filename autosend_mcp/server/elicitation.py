"""Elicitation: ask the user at the client, in both protocol eras.

Since 2026-07-28 the question is the call's result, and the client repeats the call with the answer. Before, it is a
request of its own to the client, which the call waits for.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import anyio
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError, NoBackChannelError
from mcp_types import (
    CallToolRequestParams,
    ElicitationCapability,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
)
from pydantic import ValidationError

from autosend_mcp.models.text import compact_json
from autosend_mcp.tools.context import ConfirmationNeeded, Verdict

# Before 2026-07-28: the user has this long to answer, of the 45 s that a call may take.
_MAX_WAIT = 20.0

_KEY: Final = "confirm"
_MAX_PENDING = 1_000
_STATELESS_SINCE = "2026-07-28"
_NO_FIELDS: dict[str, Any] = {"type": "object", "properties": {}}  # nothing to fill in: yes or no

RequestContext = ServerRequestContext[Any, Any]
WithoutKey = Callable[[str], str]


class Elicitation:
    """The questions of one call to the user, and the answer that the client brought with it."""

    def __init__(
        self,
        context: RequestContext,
        params: CallToolRequestParams,
        pending: "PendingQuestions",
        *,
        may_ask: bool,
        scale: float,
        without_key: WithoutKey,
        before_waiting: Callable[[], None],
    ) -> None:
        """`scale`: how much of its usual time a call has. `without_key`: takes the key out of a text. `before_waiting`:
        is called where the call waits for the user: others may change things meanwhile.
        """
        self._pending = pending
        self._context = context
        self._answers: Mapping[str, Any] = params.input_responses or {}
        self._state = params.request_state
        self._may_ask = may_ask and _can_show(context)
        self._scale = scale
        self._without_key = without_key
        self._before_waiting = before_waiting

    @property
    def action(self) -> str:
        """What the user did, as the client brought it: two calls are identical only if this is too."""
        answer = self._answers.get(_KEY)
        return answer.action if isinstance(answer, ElicitResult) else ""

    async def ask(self, question: str, about: Sequence[str]) -> Verdict:
        """Ask the user a question about all of these; return the verdict.

        Raises:
            ConfirmationNeeded: The client must show the question and repeat the call.
        """
        if not self._may_ask:
            return "not_asked"
        if self._context.protocol_version >= _STATELESS_SINCE:
            answer = self._answers.get(_KEY)
            needed = ConfirmationNeeded(question, about)
            if isinstance(answer, ElicitResult) and await self._pending.take(self._state, needed):
                return _verdict(answer)
            raise needed  # not asked yet, answered once already, or what would be deleted has changed since
        self._before_waiting()
        return await self._ask_now(self._without_key(question))

    async def _ask_now(self, question: str) -> Verdict:
        try:
            with anyio.fail_after(_MAX_WAIT * self._scale):
                return _verdict(await self._context.session.elicit_form(question, _NO_FIELDS, self._context.request_id))
        except TimeoutError:
            return "no_answer"
        except (MCPError, NoBackChannelError, ValidationError):  # an error for an answer, or none that can be read
            return "failed"


class PendingQuestions:
    """Questions sent to clients and not answered yet; each answer counts once, and only for what was asked."""

    def __init__(self) -> None:
        self._digests: OrderedDict[str, str] = OrderedDict()

    async def ask(self, needed: ConfirmationNeeded, without_key: WithoutKey) -> InputRequiredResult:
        """Return the question for the client to show, with the state that it repeats the call with."""
        token = secrets.token_urlsafe(16)
        await self.keep(token, _digest(needed))
        form = ElicitRequestFormParams(message=without_key(needed.question), requested_schema=_NO_FIELDS)
        return InputRequiredResult(input_requests={_KEY: ElicitRequest(params=form)}, request_state=token)

    async def take(self, token: str | None, needed: ConfirmationNeeded) -> bool:
        """Return whether exactly this question waits for an answer; it waits no longer."""
        return await self.drop(token or "", _digest(needed))

    async def keep(self, token: str, digest: str) -> None:
        """Keep what a question is about."""
        self._digests[token] = digest
        if len(self._digests) > _MAX_PENDING:
            self._digests.popitem(last=False)

    async def drop(self, token: str, digest: str) -> bool:
        """Forget a question, if it is about this; return whether it was there."""
        if self._digests.get(token) != digest:
            return False
        del self._digests[token]
        return True


def _digest(needed: ConfirmationNeeded) -> str:
    return hashlib.sha256(compact_json([needed.question, needed.about]).encode()).hexdigest()


def _verdict(answer: ElicitResult) -> Verdict:
    """Return what the user says. The form has no fields, so that a client which sends `false` in one means no."""
    unticked = any(value is False for value in (answer.content or {}).values())
    return "yes" if answer.action == "accept" and not unticked else "no"


def _can_show(context: RequestContext) -> bool:
    """Return whether the client shows forms: it declares elicitation, and not only by URL."""
    declared = context.session.client_capabilities
    elicitation: ElicitationCapability | None = declared.elicitation if declared else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)
