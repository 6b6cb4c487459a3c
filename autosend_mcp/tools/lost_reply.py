"""What became of a write whose reply was lost."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from pydantic import BaseModel

from autosend_mcp.api.calls import LOOK_UP_TIMES, Call
from autosend_mcp.api.contacts import parsed
from autosend_mcp.errors import AutoSendError, Unknown

THERE = "AutoSend's reply was lost; a look-up then found it there."
GONE = "AutoSend's reply was lost; a look-up then found it gone."

RowT = TypeVar("RowT", bound=BaseModel)


async def make(
    call: Call, path: str, request: dict[str, object], model: type[RowT], find: Callable[[], Awaitable[RowT | None]]
) -> tuple[RowT, list[str] | None]:
    """What was made, and a note where only looking could tell.

    Raises:
        Unknown: The reply was lost, and it is not there or could not be looked for.
    """
    try:
        reply = await call.write("POST", path, request)
        return parsed(model, reply, reply.data), None
    except Unknown as lost:
        found = await _looked_for(call, find, until=lambda row: row is not None)
        if isinstance(found, BaseModel):
            return found, [THERE]
        raise _in_doubt(lost, seen=found is None) from None


async def _looked_for(
    call: Call, find: Callable[[], Awaitable[RowT | None]], until: Callable[[RowT | None], bool]
) -> RowT | AutoSendError | None:
    """What the last look found, None if it is not there; the error where each look failed."""
    found: RowT | AutoSendError | None = None
    waited = 0.0
    for seconds in LOOK_UP_TIMES:
        await anyio.sleep((seconds - waited) * call.scale)
        waited = seconds
        try:
            found = await find()
        except AutoSendError as error:
            found = error
            continue
        if until(found):
            break
    return found


def _in_doubt(lost: Unknown, *, seen: bool) -> Unknown:
    changed = (
        "Looked up afterwards, it was as before, so it was probably not applied."
        if seen
        else "Looking it up failed too: whether it was applied is not known."
    )
    again = "Look whether it is there before you call again."
    return lost.looked_into(again, changed=changed)


async def delete(call: Call, path: str, find: Callable[[], Awaitable[BaseModel | None]]) -> list[str] | None:
    """A note where only looking could tell that it is gone."""
    try:
        await call.write("DELETE", path)
    except Unknown as lost:
        left = await _looked_for(call, find, until=lambda row: row is None)
        if left is not None:
            raise _in_doubt(lost, seen=isinstance(left, BaseModel)) from None
        return [GONE]
    return None
