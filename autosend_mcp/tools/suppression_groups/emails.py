"""Putting addresses into suppression groups, and taking them out.

Source: AutoSend's documentation, "Bulk suppress emails", "Bulk unsuppress emails" and "Search suppression entries".
"""

from collections.abc import Sequence
from typing import Any

from autosend_mcp.api import suppression_groups
from autosend_mcp.api.calls import Call
from autosend_mcp.api.request import Request
from autosend_mcp.errors import AutoSendError, Refused, Unknown
from autosend_mcp.models.base import Step, planned, step
from autosend_mcp.models.suppression_groups.emails import (
    REASONS,
    Suppressed,
    SuppressEmails,
    SuppressionEntry,
    UnsuppressEmails,
)
from autosend_mcp.models.suppression_groups.groups import SuppressionGroup
from autosend_mcp.models.text import compact_json
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.entries import addresses_in
from autosend_mcp.tools.lost_reply import AFTER_A_REPLY, SOMEBODY_ELSE, find_out, poll
from autosend_mcp.tools.registry import Effect, tool
from autosend_mcp.tools.suppression_groups.look_up import Look, entries_among, entries_of, looking
from autosend_mcp.tools.suppression_groups.resolve import resolve_group

VERIFIED = "AutoSend's reply was lost; a look-up then found it done."
AGAIN = "Calling again with the same arguments is safe: it does nothing a second time."
NO_UNDO = "There is no undo: who was in the group before could not be looked up."
NO_UNDO_ALL = "There is no undo: unsuppress_emails everywhere lifts this, and the opt-outs from groups with it."
NO_UNDO_LIFTED = "There is no undo: suppress_emails stops mail again, but not for the groups and reasons there were."
ONLY_GROUPS = "They are out of the groups. Letting all mail through failed, so it is perhaps still stopped: {}"
NONE_STOPPED = "AutoSend refused to let all mail through, but a look-up shows that it is stopped to none of them."
STILL_STOPPED = "AutoSend accepted it, but a look-up still shows that all mail is stopped to those left."
NOT_CHECKED = "AutoSend accepted both requests; looking up whether all mail is still stopped failed."

# A look at who is in the group before takes this many requests at most: it only serves the undo.
_BEFORE = 4


@tool("suppressions", "Unsubscribe people", Effect.CHANGE)
async def suppress_emails(context: Context, body: SuppressEmails) -> Suppressed:
    """Unsubscribe (opt out) up to 100 people in AutoSend: stop the mail of one group, such as a newsletter, or never
    email them again. They stay contacts.

    Raises:
        AutoSendError: It was not done, or that is not known.
    """
    emails, invalid = addresses_in(context, body.emails)
    return _reported(await _suppress(context, body, emails), invalid)


async def _suppress(context: Context, body: SuppressEmails, emails: list[str]) -> Suppressed:
    call = context.call
    group = await resolve_group(context, body.group) if body.group else None
    request = suppression_groups.suppress(body.request_body(emails, group.group_id if group else None))
    if body.dry_run:
        before = await _before(call, emails, group, only_global=body.everywhere)
        return _plan(group, (request, None), **_split(emails, before, "alreadySuppressed", are=True))
    before = await _before(call, emails, group) if group else None
    look = looking(call, emails, group, only_global=body.everywhere, suppressed=True)
    changed, notes = await _settled(call, request, look)
    if group is None:  # letting mail through everywhere would also end the opt-outs that were there before
        return Suppressed(outcome="done", changed=changed, notes=[*(notes or ()), NO_UNDO_ALL])
    if notes:
        return Suppressed(outcome="done", changed=changed, notes=[*notes, SOMEBODY_ELSE])
    new = [email for email in emails if before is not None and not entries_of(email, before)]
    steps = [step("unsuppress_emails", emails=new, group=group.group_id)] if new else []
    return Suppressed(outcome="done", changed=changed, steps=steps, notes=[NO_UNDO] if before is None else None)


@tool("suppressions", "Let people get mail again", Effect.CHANGE)
async def unsuppress_emails(context: Context, body: UnsuppressEmails) -> Suppressed:
    """Resubscribe up to 100 people: let them get mail from AutoSend again. Only for people who have asked for it
    themselves: they had unsubscribed, or their mail bounced.

    Raises:
        AutoSendError: It was not done, or that is not known.
    """
    emails, invalid = addresses_in(context, body.emails)
    return _reported(await _unsuppress(context, body, emails), invalid)


async def _unsuppress(context: Context, body: UnsuppressEmails, emails: list[str]) -> Suppressed:
    call = context.call
    group = await resolve_group(context, body.group) if body.group else None
    request = suppression_groups.unsuppress(body.request_body(emails, group.group_id if group else None))
    globally = suppression_groups.unsuppress(body.global_body(emails)) if group is None else None
    if body.dry_run:
        before = await _before(call, emails, group)
        if before is not None and globally:
            more = await _before(call, emails, None, only_global=True)
            before = None if more is None else before + more
        return _plan(group, (request, globally), **_split(emails, before, "notSuppressed", are=False))
    before = await _before(call, emails, group) if group else None
    look = looking(call, emails, group, only_global=False, suppressed=False)
    try:
        changed, notes = await _settled(call, request, look)
    except Refused:  # perhaps because they are in no group; all mail to them may be stopped all the same
        if globally is None or await poll(call, look, lambda left: not left, AFTER_A_REPLY) != []:
            raise
        changed, notes = None, None
    if globally:
        return await _let_all_mail_through(call, emails, globally, changed, notes)
    steps = _back_into(group, emails, before) if group and before is not None and not notes else []
    notes = [*notes, SOMEBODY_ELSE] if notes else [NO_UNDO] if before is None else None
    return Suppressed(outcome="done", changed=changed, steps=steps, notes=notes)


async def _let_all_mail_through(
    call: Call, emails: list[str], request: Request[int | None], changed: int | None, notes: list[str] | None
) -> Suppressed:
    """Take the addresses out of the global list too: it is not documented whether "all groups" includes it."""
    look = looking(call, emails, None, only_global=True, suppressed=False)
    changed_global, verified, failed = None, None, None
    try:
        changed_global, verified = await _settled(call, request, look)
    except AutoSendError as error:
        failed = error
    left = [] if verified else await poll(call, look, lambda still: not still, AFTER_A_REPLY)
    if failed and left != []:
        said = [_why(failed)]
    elif failed:
        said = [NONE_STOPPED]
    else:
        said = [NOT_CHECKED] if left is None else [STILL_STOPPED] if left else []
    return Suppressed(
        outcome="partly_done" if left or (failed and left is None) else "done",
        changed=changed,
        changed_global=changed_global,
        left=left or None,
        notes=list(dict.fromkeys([*(notes or ()), *(verified or ()), *said, NO_UNDO_LIFTED])),
    )


def _reported(answer: Suppressed, invalid: list[dict[str, Any]]) -> Suppressed:
    """Return the answer with the entries that are no addresses."""
    if invalid and answer.plan is not None:
        answer.plan["invalid"] = invalid
    elif invalid:
        answer.outcome, answer.invalid = "partly_done", invalid
    return answer


def _why(failed: AutoSendError) -> str:
    """Return why the second request of two failed; the first was applied, so that "nothing changed" would be wrong."""
    if not isinstance(failed, Unknown):
        failed.changed = ""
    facts = "; ".join(f"{label}: {compact_json(value)}" for label, value in failed.facts.items())
    return ONLY_GROUPS.format(f"{failed.sentence} {facts}".strip())


def _plan(
    group: SuppressionGroup | None, requests: tuple[Request[int | None], Request[int | None] | None], **more: object
) -> Suppressed:
    request, then = requests
    about = {"then": then.shown() if then else None, "group": group.shown() if group else None}
    return Suppressed(outcome="dry_run", plan=planned(request.shown(), **about, **more))


def _split(emails: Sequence[str], before: list[SuppressionEntry] | None, rest: str, *, are: bool) -> dict[str, object]:
    """Return how many would be changed, and as `rest` those whom nothing is to be done for; nothing if not known.

    `are`: the rest are those who are suppressed.
    """
    if before is None:
        return {}
    others = [email for email in emails if bool(entries_of(email, before)) is are]
    return {"wouldChange": len(emails) - len(others), rest: others}


async def _settled(call: Call, request: Request[int | None], look: Look) -> tuple[int | None, list[str] | None]:
    """Send it; return what AutoSend counts, or the note that a look-up found it done.

    Raises:
        AutoSendError: It was not done, or that is not known.
    """
    try:
        return await call.write(request), None
    except Unknown as lost:
        await find_out(
            call,
            lost,
            look,
            lambda left: None if left else True,
            was="it was not so for all of them",
            again=AGAIN,
            facts=lambda left: {"not done for": left},
        )
        return None, [VERIFIED]


async def _before(
    call: Call, emails: list[str], group: SuppressionGroup | None, *, only_global: bool = False
) -> list[SuppressionEntry] | None:
    """Return the entries of these addresses: of the group, of global ones, or any; None if they cannot be looked up.

    What AutoSend counts does not settle that: whether it counts who was in the group already is not documented.
    """
    group_id = group.group_id if group else None
    try:
        return await entries_among(call, emails, group_id=group_id, only_global=only_global, affordable=_BEFORE)
    except AutoSendError:
        return None


def _back_into(group: SuppressionGroup, emails: list[str], before: Sequence[SuppressionEntry]) -> list[Step]:
    """Return the calls that put those back who were in the group, for the reasons that AutoSend had."""
    by_reason: dict[str | None, list[str]] = {}
    for email in emails:
        for entry in entries_of(email, list(before))[:1]:
            by_reason.setdefault(entry.reason if entry.reason in REASONS else None, []).append(email)
    return [
        step("suppress_emails", emails=those, group=group.group_id, **({"reason": reason} if reason else {}))
        for reason, those in by_reason.items()
    ]
