"""Take a write back: look how it is now, confirm what would be deleted, and make the calls."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, cast

from autosend_mcp.errors import AutoSendError, NotSent, Unknown
from autosend_mcp.models.base import SUMMARY, Answer, Step, WriteAnswer
from autosend_mcp.models.pages import read_cursor, write_cursor
from autosend_mcp.models.undo import DELETES, DID, UPDATES, Undo, Undone
from autosend_mcp.tools.confirm import confirm
from autosend_mcp.tools.context import Context, Verdict
from autosend_mcp.tools.history import MAX_WRITES, History, Write
from autosend_mcp.tools.registry import TOOLS, Effect, tool
from autosend_mcp.tools.undoing.look import Ready, look

AGAIN = "Calling undo again is safe: it does what is left to do."
ALREADY = "It was undone before, so nothing was sent."
NOTHING_LEFT = "Nothing of it was left to take back, so nothing was sent."

# An import keeps neither what contacts were before nor, once it has ended, whom it created.
IMPORTED = (
    "This is an import, which has no undo: it does not keep what contacts were before, so that nobody can say which "
    "values and memberships were there already."
)
IMPORT_STEP = (
    "Ask the user which part should go: find_contacts with fields createdAt shows who is new since then, and "
    "delete_contacts deletes them; remove_from_list takes people off a list; delete_custom_field deletes the fields "
    "it defined. Mail stays sent."
)

_MAX_SHOWN = 20
_FIRST_SHOWN = 5  # rows in a dry run, and then `_MAX_SHOWN` a page
_TECHNICAL = ("request", "then")


@tool(None, "Undo a change", Effect.CHANGE)
async def undo(context: Context, body: Undo) -> Undone:
    """Take back (revert) a change made in AutoSend in this session, except what was changed since. Mail stays sent.

    Raises:
        NotSent: It is not known, or `confirm` is missing for what would be deleted.
        AutoSendError: Nothing was taken back, or that is not known.
    """
    async with (context.history or History()).taking_back(body.write) as write:
        if write is None:
            raise _not_known(context, body)
        if not write.steps:
            left = write.left or None
            return Undone(outcome="unchanged", write=write.named(), left=left, notes=[ALREADY])
        context.call.keep_reads()  # the calls below look at what `look` has looked at
        ready = [await look(context.call, step) for step in write.steps]
        if body.dry_run:
            return await _plan(context, body, write, ready)
        await _confirm(context, body, ready)
        return await _take_back(context, write, ready)


def _not_known(context: Context, body: Undo) -> NotSent:
    nothing = "Nothing was sent, and nothing was undone."
    if context.jobs and context.jobs.get(body.write):
        return NotSent(IMPORTED, IMPORT_STEP, changed=nothing)
    return NotSent(
        f"This server knows no write of yours with this undo. It keeps the last {MAX_WRITES}, and none once it was "
        "started again, or where very many share it.",
        "Look at what is there now, and change it back as the answer of that write shows it.",
        changed=nothing,
    )


async def _plan(context: Context, body: Undo, write: Write, ready: Sequence[Ready]) -> Undone:
    """Return what would be done, of what is long the first few; `cursor` goes on."""
    start, number = read_cursor(body.cursor, _FIRST_SHOWN, write.reference)
    calls: list[dict[str, Any]] = []
    for one in ready:
        if one.call:
            answer = await _run(context, one.call, dryRun=True)
            plan = (answer.plan if isinstance(answer, WriteAnswer) else None) or {}
            plan |= {DELETES: list(one.names)} if DELETES in plan and one.names else {}
            calls.append({"tool": one.call.tool, **{k: v for k, v in plan.items() if k not in _TECHNICAL}})
    left = [row for one in ready for row in one.left]
    parts = [*calls, {"left": left}]
    longest = max(size for part in parts for size in [0, *_long(part).values()])
    shown = [_cut(part, start, number) for part in parts]
    following = write_cursor(start + number, _MAX_SHOWN, write.reference) if start + number < longest else None
    plan = {"calls": shown[:-1]} | (shown[-1] if left else {})
    return Undone(outcome="dry_run", write=write.named(), plan=plan, next_cursor=following)


def _long(part: Mapping[str, Any]) -> dict[str, int]:
    """Return the sizes of the members that may be long: rows, and changes by address."""
    rows = {
        name: cast("list[Any]", value) for name, value in part.items() if isinstance(value, list) or name == UPDATES
    }
    return {name: len(value) for name, value in rows.items()}


def _cut(part: Mapping[str, Any], start: int, number: int) -> dict[str, Any]:
    """Return this many of each long member, with the number of all where these are not all."""
    cut = dict(part)
    for name, size in _long(part).items():
        if isinstance(part[name], list):
            cut[name] = part[name][start : start + number]
        else:
            cut[name] = dict(islice(part[name].items(), start, start + number))
        if len(cut[name]) < size:
            cut.setdefault("counts", {})[name] = size
    return cut


async def _confirm(context: Context, body: Undo, ready: Sequence[Ready]) -> None:
    """Return only if what would be deleted may be."""
    deletes = [one for one in ready if one.call and one.names]
    names = [name for one in deletes for name in one.names]
    if names:
        shows = [row for one in deletes for row in one.shows]
        await confirm(
            context,
            body.confirm,
            _confirm_for(names),
            kind=deletes[0].kind,
            names=names,
            ids=[each for one in deletes for each in one.ids],
            shows={f"would delete, {len(shows[:_MAX_SHOWN])} of {len(shows)}": shows[:_MAX_SHOWN]},
        )


def _confirm_for(names: Sequence[str]) -> str:
    """Return what `confirm` must be: the name of one, the number of several."""
    return names[0].strip() if len(names) == 1 else str(len(names))


async def _take_back(context: Context, write: Write, ready: Sequence[Ready]) -> Undone:
    """Make the calls; what fails stays to be done."""
    answers: list[tuple[str, Answer]] = []
    left = [row for one in ready for row in one.left]
    failed: list[tuple[Step, AutoSendError]] = []
    for one in ready:
        if one.call is None:
            continue
        deletes = {"confirm": _confirm_for(one.names)} if one.names else {}
        try:
            answers.append((one.call.tool, await _run(context, one.call, **deletes)))
        except AutoSendError as error:
            failed.append((one.step, error))
            left.append({"tool": one.call.tool, "why": error.sentence})
    if failed and not answers:
        raise _not_undone(failed[0][1])
    write.steps, write.left = [step for step, _ in failed], left
    write.undone_at = datetime.now(UTC)
    if not answers:
        return Undone(outcome="unchanged", write=write.named(), left=left or None, notes=[NOTHING_LEFT])
    again = [answer.steps for _, answer in answers]
    return Undone(
        outcome="partly_undone" if left or _partly(answers) else "undone",
        write=write.named(),
        did=[_said(name, answer) for name, answer in answers],
        left=left or None,
        steps=[step for steps in reversed(again) for step in steps] if all(again) else [],
        notes=list(dict.fromkeys([note for _, answer in answers for note in answer.notes or ()])) or None,
    )


def _partly(answers: Sequence[tuple[str, Answer]]) -> bool:
    return any(answer.outcome_word.startswith("partly") for _, answer in answers)


def _not_undone(error: AutoSendError) -> AutoSendError:
    """Return the error of the only call, with what to do about it here: the caller has not made the call."""
    if isinstance(error, Unknown):
        error.next_step = AGAIN
    return error


def _said(name: str, answer: Answer) -> dict[str, object]:
    data = answer.payload()
    said = {key: data[key] for key in ("outcome", *SUMMARY, *DID) if key in data}
    return {"tool": name, **{key: len(value) if key == "deleted" else value for key, value in said.items()}}


async def _run(context: Context, step: Step, **more: object) -> Answer:
    """Make one call of a tool, within this one; what it deletes has been confirmed."""

    async def yes(_question: str, _about: Sequence[str]) -> Verdict:
        return "yes"

    inner = Context(context.call, yes, context.progress, context.jobs, rejoins=True)
    called = TOOLS[step.tool]
    answer = await called.run(inner, called.body.model_validate({**step.arguments, **more}, context=[]))
    context.notes += [note for note in inner.notes if note not in context.notes]
    return answer
