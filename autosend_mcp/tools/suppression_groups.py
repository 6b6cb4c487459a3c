"""Who gets no mail: putting addresses into suppression groups and taking them out.

Source: AutoSend's documentation, "Bulk suppress emails", "Bulk unsuppress emails" and "Groups of an email".
"""

from typing import Any

from autosend_mcp.api.calls import Call
from autosend_mcp.api.contacts import FEW, parsed, rows_of
from autosend_mcp.api.envelope import Reply
from autosend_mcp.errors import NOTHING_CHANGED, AutoSendError, NotSent, Unknown
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.suppression_groups import (
    ListSuppressionGroups,
    Suppressed,
    SuppressEmails,
    SuppressionGroup,
    SuppressionGroups,
    UnsuppressEmails,
)
from autosend_mcp.tools.registry import Effect, tool

SUPPRESS = "/suppression-groups/emails/suppress"
UNSUPPRESS = "/suppression-groups/emails/unsuppress"
GROUPS_OF = "/suppression-groups/email/entries"
SETTLED = "AutoSend's reply was lost; a look-up then found it done."


@tool("suppressions", "List suppression groups", Effect.READ)
async def list_suppression_groups(call: Call, body: ListSuppressionGroups) -> SuppressionGroups:  # noqa: ARG001 - has none
    """Show the suppression groups that people can opt out of, with their groupId. Those of one contact: get_contact."""
    return SuppressionGroups(groups=[group.shown() for group in await read_groups(call)])


async def read_groups(call: Call) -> list[SuppressionGroup]:
    """All suppression groups, the global one too.

    Raises:
        AutoSendError: They could not be read.
    """
    return await call.read(_groups, "GET", "/suppression-groups?includeGlobal=true", many=True)


def _groups(reply: Reply) -> list[SuppressionGroup]:
    return [parsed(SuppressionGroup, reply, row) for row in rows_of(reply, "groups")]


@tool("suppressions", "Suppress emails", Effect.ADD)
async def suppress_emails(call: Call, body: SuppressEmails) -> Suppressed:
    """Unsubscribe up to 100 addresses from one group, or from all mail. They stay contacts.

    Raises:
        AutoSendError: It was not done, or that is not known.
    """
    group = await _group(call, body.group)
    request: dict[str, Any] = {"emails": body.addresses(), "isGlobal": body.everywhere}
    request |= {"groupId": group.group_id} if group else {}
    request |= {"reason": body.reason} if body.reason else {}
    if body.dry_run:
        return Suppressed(outcome="dry_run", plan=_plan(SUPPRESS, request, group))
    # Letting mail through everywhere would also end the opt-outs that were there before.
    back = step("unsuppress_emails", emails=body.addresses(), group=body.group) if group else None
    return await _send(call, SUPPRESS, request, back)


@tool("suppressions", "Unsuppress emails", Effect.CHANGE)
async def unsuppress_emails(call: Call, body: UnsuppressEmails) -> Suppressed:
    """Let up to 100 addresses get mail again. Only for people who have asked for it themselves: they had opted out, or
    their mail bounced.

    Raises:
        AutoSendError: It was not done, or that is not known.
    """
    group = await _group(call, body.group)
    request: dict[str, Any] = {"emails": body.addresses()} | ({"groupId": group.group_id} if group else {})
    if body.dry_run:
        return Suppressed(outcome="dry_run", plan=_plan(UNSUPPRESS, request, group))
    back = step("suppress_emails", emails=body.addresses(), group=body.group) if group else None
    return await _send(call, UNSUPPRESS, request, back)


def _plan(path: str, request: dict[str, Any], group: SuppressionGroup | None) -> dict[str, Any]:
    return planned("POST", path, request, group=group.shown() if group else None)


async def _group(call: Call, wanted: str | None) -> SuppressionGroup | None:
    """The group of this exact name or id, None where none is asked for.

    Raises:
        NotSent: There is none, or several; with those there are.
    """
    if wanted is None:
        return None
    groups = await read_groups(call)
    named = [one for one in groups if one.group_id == wanted] or [one for one in groups if one.name == wanted]
    if len(named) == 1:
        return named[0]
    raise NotSent(
        "Several suppression groups have this name." if named else "No suppression group has this name or id.",
        "Call again with a groupId, or ask the user.",
        changed=NOTHING_CHANGED,
        facts={"there are": [one.shown() for one in named or groups]},
    )


async def _send(call: Call, path: str, request: dict[str, Any], back: dict[str, object] | None) -> Suppressed:
    try:
        changed = _count(await call.write("POST", path, request))
    except Unknown as lost:
        if await _is_done(call, request, inside=path == SUPPRESS):
            return Suppressed(outcome="done", notes=[SETTLED])
        again = "Calling again with the same arguments is safe: it does nothing a second time."
        raise lost.looked_into(again) from None
    # An undo for more than what changed would take away what was there before.
    exact = changed == len(request["emails"])
    return Suppressed(outcome="done", changed=changed, undo=[back] if back and exact else None)


def _count(reply: Reply) -> int | None:
    count = reply.members.get("suppressed", reply.members.get("unsuppressed"))
    return count if isinstance(count, int) else None


async def _is_done(call: Call, request: dict[str, Any], *, inside: bool) -> bool:
    """Whether a look-up shows each address in the group (`inside`) or out of it."""
    emails: list[str] = request["emails"]
    if len(emails) > FEW:
        return False
    for email in emails:
        try:
            groups = _groups(await call.look_up("POST", GROUPS_OF, {"email": email}))
        except AutoSendError:
            return False
        if any(_meant(group, request) for group in groups) is not inside:
            return False
    return True


def _meant(group: SuppressionGroup, request: dict[str, Any]) -> bool:
    if "groupId" in request:
        return group.group_id == request["groupId"]
    return bool(group.is_global) if request.get("isGlobal") else True
