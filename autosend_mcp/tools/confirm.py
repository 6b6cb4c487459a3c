"""What cannot be undone needs a `confirm` that equals it, and the user's yes where the client can ask."""

from collections.abc import Collection, Mapping, Sequence

import anyio

from autosend_mcp.errors import NOTHING_CHANGED, NotSent
from autosend_mcp.models.text import compact_json, visible
from autosend_mcp.tools.context import Context, Verdict

# Of the time in which a write may begin, this is kept for the deletion after the user's answer.
_TO_DELETE = 1.0

# What it means, and what to do next, where the user has not said yes.
_NO_YES: dict[Verdict, tuple[str, str]] = {
    "no": ("The user was asked, and did not say yes.", "Do not call again unless they ask for it."),
    "no_answer": (
        "The user was asked and has not answered in time.",
        "Call again when they are there. If the client shows no question, AUTOSEND_ASK=never turns it off.",
    ),
    "failed": (
        "The client could not put the question to the user.",
        "Tell them. If the client can show no question, AUTOSEND_ASK=never turns it off, and confirm is enough.",
    ),
}


async def confirm(
    context: Context,
    given: str | None,
    expected: str,
    *,
    kind: str,
    names: Sequence[str],
    ids: Sequence[str],
    shows: Mapping[str, object],
    also: Collection[str] = (),
) -> None:
    """Return only if these may be deleted. `expected` (or one of `also`) is what `confirm` must be.

    `kind` and `names`: what would go, for the question to the user. `ids`: AutoSend's ids of the same, so that a yes is
    for nothing that has got the same name since. `shows`: the same as data, for the assistant.

    Raises:
        NotSent: `confirm` is missing or other, with what would go; or the user said no.
    """
    if given is None or visible(given).strip() not in {visible(right).strip() for right in (expected, *also)}:
        what = "This cannot be undone, so it needs confirm." if given is None else "confirm does not match."
        next_step = "Show the user what would go. If they agree, call again with this confirm:"
        raise NotSent(what, next_step, changed=NOTHING_CHANGED, facts={"confirm": expected, **shows})
    verdict: Verdict = "no_answer"
    with anyio.move_on_after(max(0.0, context.call.seconds_left - _TO_DELETE * context.call.scale)):
        verdict = await context.ask(_question(names, kind), [*names, *ids])
    if verdict in _NO_YES:
        raise NotSent(*_NO_YES[verdict], changed=NOTHING_CHANGED)


def _question(names: Sequence[str], kind: str) -> str:
    """Return what would go, at most five of them by name."""
    shown = ", ".join(compact_json(visible(name)[:200]) for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"Delete {kind} {shown}{more} from AutoSend? This cannot be undone."
