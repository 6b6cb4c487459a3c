"""Asking the person at the client, in both protocol eras.

Since 2026-07-28 the question is the call's answer, and the client calls again with what was said. Before, it is a
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

from autosend_mcp.models.text import compact_json
from autosend_mcp.tools.context import ConfirmationNeeded, Verdict

# Before 2026-07-28: the person has this long, of the 45 s that a call may take.
PATIENCE = 20.0

_KEY: Final = "confirm"
_MOST_QUESTIONS = 1_000
_STATELESS_SINCE = "2026-07-28"
_NO_FIELDS: dict[str, Any] = {"type": "object", "properties": {}}  # nothing to fill in: yes or no

Context = ServerRequestContext[Any, Any]
WithoutKey = Callable[[str], str]


class Person:
    """The person at the client of one call."""

    def __init__(
        self,
        context: Context,
        params: CallToolRequestParams,
        questions: "Questions",
        *,
        may_ask: bool,
        scale: float,
        without_key: WithoutKey,
    ) -> None:
        """`scale`: how much of its usual time a call has. `without_key`: takes the key out of a text."""
        self._questions = questions
        self._context = context
        self._answers: Mapping[str, Any] = params.input_responses or {}
        self._asked = params.request_state
        self._may_ask = may_ask and _can_show(context)
        self._scale = scale
        self._without_key = without_key

    @property
    def said(self) -> str:
        """What the client brought of the person's answer, so that two calls are only one if it is the same."""
        answer = self._answers.get(_KEY)
        return answer.action if isinstance(answer, ElicitResult) else ""

    async def ask(self, question: str, about: Sequence[str]) -> Verdict:
        """What the person says to a question about all of these.

        Raises:
            ConfirmationNeeded: The client must show the question and call again.
        """
        if not self._may_ask:
            return "not_asked"
        if self._context.protocol_version >= _STATELESS_SINCE:
            answer = self._answers.get(_KEY)
            first = ConfirmationNeeded(question, about)
            if isinstance(answer, ElicitResult) and self._questions.answered(self._asked, first):
                return _verdict(answer)
            raise first  # not asked yet, answered once already, or what would go has changed since
        return await self._ask_now(self._without_key(question))

    async def _ask_now(self, question: str) -> Verdict:
        try:
            with anyio.fail_after(PATIENCE * self._scale):
                return _verdict(await self._context.session.elicit_form(question, _NO_FIELDS, self._context.request_id))
        except TimeoutError:
            return "no_answer"
        except (MCPError, NoBackChannelError):  # it said that it could ask, and could not
            return "not_asked"


class Questions:
    """The questions that are out: an answer counts once, and only for what was asked."""

    def __init__(self) -> None:
        """None yet."""
        self._out: OrderedDict[str, str] = OrderedDict()

    def ask(self, first: ConfirmationNeeded, without_key: WithoutKey) -> InputRequiredResult:
        """What the client shows the person, and sends the call again with."""
        token = secrets.token_urlsafe(16)
        self._out[token] = _digest(first)
        if len(self._out) > _MOST_QUESTIONS:
            self._out.popitem(last=False)
        form = ElicitRequestFormParams(message=without_key(first.question), requested_schema=_NO_FIELDS)
        return InputRequiredResult(input_requests={_KEY: ElicitRequest(params=form)}, request_state=token)

    def answered(self, token: str | None, first: ConfirmationNeeded) -> bool:
        """Whether this is the first answer to exactly this question."""
        if self._out.get(token or "") != _digest(first):
            return False
        del self._out[token or ""]
        return True


def _digest(first: ConfirmationNeeded) -> str:
    return hashlib.sha256(compact_json([first.question, first.about]).encode()).hexdigest()


def _verdict(answer: ElicitResult) -> Verdict:
    return "yes" if answer.action == "accept" else "no"


def _can_show(context: Context) -> bool:
    """Whether the client shows forms: it declares elicitation, and not only by URL."""
    declared = context.session.client_capabilities
    elicitation: ElicitationCapability | None = declared.elicitation if declared else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)
