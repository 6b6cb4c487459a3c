"""The one place for lost replies: look up what became of the write, judge it, and report it.

AutoSend documents no idempotency key, so a write is sent again only when it provably did not arrive. What a lost one
left behind is polled instead, 0.5, 2 and 5 s later (of a call of 45 s): what was applied late is seen, too.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import anyio

from autosend_mcp.api.calls import LOOK_UP_TIMES, Call
from autosend_mcp.api.request import Request
from autosend_mcp.errors import AutoSendError, Unknown

# After a reply that came, the write is no longer under way: the first look is at once.
AFTER_A_REPLY = (0.0, 0.5, 2.0)

FOUND = "AutoSend's reply was lost; a look-up then found it there."
GONE = "AutoSend's reply was lost; a look-up then found it gone."
SOMEBODY_ELSE = "There is no undo: somebody else may have made it at the same time."
SEE_FIRST = "Check whether it is there before you call again."

SeenT = TypeVar("SeenT")
ResultT = TypeVar("ResultT")
RowT = TypeVar("RowT")


async def poll(
    call: Call,
    look: Callable[[], Awaitable[SeenT]],
    enough: Callable[[SeenT], bool],
    times: Sequence[float] = LOOK_UP_TIMES,
) -> SeenT | None:
    """Look at these times (seconds from now); return what the last look that succeeded saw, None if each failed.

    The first that is enough is the last.
    """
    began = anyio.current_time()
    last = None
    for seconds in times:
        await anyio.sleep(max(0.0, began + seconds * call.scale - anyio.current_time()))
        try:
            last = await look()
        except AutoSendError:
            continue
        if enough(last):
            break
    return last


async def find_out(
    call: Call,
    lost: Unknown,
    look: Callable[[], Awaitable[SeenT]],
    judge: Callable[[SeenT], ResultT | None],
    *,
    again: str,
    was: str = "it was as before",
    facts: Callable[[SeenT], Mapping[str, object]] | None = None,
) -> ResultT:
    """Return the result of a write whose reply was lost, as soon as a look shows that it was applied.

    `judge`: the result, None while it is not applied; it may raise what is true in another case. `was`: what a look
    showed that did not find it applied. `again`: what to do then. `facts`: what was seen, for the error.

    Raises:
        Unknown: It was not found applied, or every look failed; the text says which.
    """
    result: ResultT | None = None

    def judged(seen: SeenT) -> bool:
        nonlocal result
        result = judge(seen)
        return result is not None

    seen = await poll(call, look, judged)
    if result is not None:
        return result
    raise not_applied(
        lost, again, was, seen=seen is not None, facts=facts(seen) if facts and seen is not None else None
    )


async def make(
    call: Call,
    request: Request[RowT],
    look: Callable[[], Awaitable[Sequence[RowT]]],
    judge: Callable[[Unknown, Sequence[RowT]], tuple[RowT, bool] | None],
) -> tuple[RowT, bool, list[str]]:
    """Send a request that makes something; return what was made, whether by this call, and notes for the answer.

    `look`: what there is now. `judge`: which of it was made, and whether it is certain that this call made it; None
    while it is not there.

    Raises:
        AutoSendError: It was not made, or that is not known.
    """
    try:
        return await call.write(request), True, []
    except Unknown as lost:
        made, ours = await find_out(call, lost, look, partial(judge, lost), again=SEE_FIRST)
        return made, ours, [FOUND] if ours else [FOUND, SOMEBODY_ELSE]


async def delete(
    call: Call,
    request: Request[None],
    look: Callable[[], Awaitable[Sequence[RowT]]],
    is_it: Callable[[RowT], bool],
) -> list[str]:
    """Send a deletion; return notes for the answer. `look`: what there is now. `is_it`: whether that was to go.

    Raises:
        AutoSendError: It was not deleted, or that is not known.
    """
    try:
        await call.write(request)
    except Unknown as lost:
        was = "it was still there"
        await find_out(call, lost, look, lambda rows: None if any(map(is_it, rows)) else True, was=was, again=SEE_FIRST)
        return [GONE]
    return []


def not_applied(
    lost: Unknown, again: str, was: str, *, seen: bool, facts: Mapping[str, object] | None = None
) -> Unknown:
    """Return the error for a write that no look found applied. `seen`: whether one succeeded."""
    changed = (
        f"Looked up afterwards, {was}, so it was probably not applied."
        if seen
        else "Looking it up failed too: whether it was applied is not known."
    )
    return lost.looked_into(again, changed=changed, facts=facts)
