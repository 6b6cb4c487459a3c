"""Suppression groups: shown, made, changed, deleted.

Source: AutoSend's documentation, the pages of "Suppression groups".
"""

from collections.abc import Sequence
from functools import partial

from autosend_mcp.api import suppression_groups
from autosend_mcp.api.calls import Call
from autosend_mcp.api.moment import relative_to
from autosend_mcp.api.request import Request
from autosend_mcp.errors import NOTHING_CHANGED, NotSent, Refused, Unknown
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.comparison import NOT_SHOWN
from autosend_mcp.models.suppression_groups.group_tools import (
    CreatedSuppressionGroup,
    CreateSuppressionGroup,
    DeletedSuppressionGroup,
    DeleteSuppressionGroup,
    ListSuppressionGroups,
    SuppressionGroups,
    UpdatedSuppressionGroup,
    UpdateSuppressionGroup,
    changes,
    taken_back,
)
from autosend_mcp.models.suppression_groups.groups import SuppressionGroup
from autosend_mcp.tools.confirm import confirm
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.lost_reply import delete, find_out, make
from autosend_mcp.tools.registry import Effect, tool
from autosend_mcp.tools.suppression_groups.resolve import group_among, named_so, resolve_group

VERIFIED = "AutoSend's reply was lost; a look-up then found it changed."
OPT_OUTS = "the opt-outs in it"
OPT_OUTS_GONE = "There is no undo: the opt-outs in it are gone."
OTHER_ID = "The undo makes a group with another groupId."
NOT_BACK = "The undo cannot put back what AutoSend shows as empty."


@tool("suppressions", "Show unsubscribe groups", Effect.READ)
async def list_suppression_groups(
    context: Context,
    body: ListSuppressionGroups,  # noqa: ARG001 - has none
) -> SuppressionGroups:
    """Show the suppression groups of AutoSend, the kinds of mail that people can unsubscribe from, with groupId.
    get_suppression shows those of an address."""
    groups = await context.call.read(suppression_groups.list_all())
    return SuppressionGroups(groups=[group.shown() for group in groups])


@tool("groups", "Create unsubscribe group", Effect.CREATE)
async def create_suppression_group(context: Context, body: CreateSuppressionGroup) -> CreatedSuppressionGroup:
    """Make a suppression group in AutoSend, which stands for a kind of mail that people can opt out of.

    Raises:
        Refused: The name is taken, or AutoSend refused it for another reason.
    """
    call = context.call
    existing = await call.read(suppression_groups.list_all())
    _check_free(existing, body.name)
    request = suppression_groups.create(body.request_body())
    if body.dry_run:
        return CreatedSuppressionGroup(outcome="dry_run", plan=planned(request.shown()))
    known = {group.group_id for group in existing}
    made, ours, notes = await make(
        call, request, lambda: call.look_up(suppression_groups.list_all()), partial(_made, call, body.name, known)
    )
    steps = [step("delete_suppression_group", group=made.group_id)] if ours else []
    return CreatedSuppressionGroup(outcome="created", group_id=made.group_id, name=made.name, steps=steps, notes=notes)


def _check_free(groups: list[SuppressionGroup], name: str) -> None:
    """Return only if no group has this name: names are how the other tools find a group.

    Raises:
        Refused: One has.
    """
    if same_name := named_so(groups, name):
        raise Refused(
            "A suppression group of this name exists already.",
            "Use it, or choose another name.",
            facts={"there is": [group.shown() for group in same_name]},
        )


def _made(
    call: Call, name: str, known: set[str], _lost: Unknown, groups: Sequence[SuppressionGroup]
) -> tuple[SuppressionGroup, bool] | None:
    """Return the group of this name that has appeared since, and whether it is certain that this call made it."""
    made = [group for group in named_so(groups, name) if group.group_id not in known]
    if not made:
        return None
    during = relative_to(call.sent_at, made[0].created_at, made[0].seen_at) == "during"
    return made[0], during and len(made) == 1


@tool("groups", "Change unsubscribe group", Effect.CHANGE)
async def update_suppression_group(context: Context, body: UpdateSuppressionGroup) -> UpdatedSuppressionGroup:
    """Rename a suppression group of AutoSend, change its description, or switch it on or off. What is not given stays.

    Raises:
        NotSent: There is not exactly one such group, or whether it is active cannot be read.
        AutoSendError: It was not changed, or that is not known.
    """
    call = context.call
    groups = await call.read(suppression_groups.list_all())
    found = group_among(context, groups, body.group)
    if body.name:
        _check_free([group for group in groups if group is not found], body.name)
    if found.is_active is None and body.is_active is None:
        raise NotSent(
            "AutoSend does not show whether the group is active, and a change might switch it on.",
            "Call again with isActive.",
            changed=NOTHING_CHANGED,
        )
    request, changed = suppression_groups.update(found.group_id, body.request_body(found)), changes(found, body)
    if body.dry_run:
        would = {name: {"was": value["was"], "wouldBe": value["now"]} for name, value in changed.items()}
        plan = planned(request.shown(), group=found.shown(), changes=would)
        return UpdatedSuppressionGroup(outcome="dry_run", plan=plan)
    if not changed:
        return UpdatedSuppressionGroup(outcome="unchanged", group_id=found.group_id, name=found.name)
    now, notes = await _update(call, request, found, body)
    back = taken_back(changed)
    steps = [step("update_suppression_group", {found.group_id: changed}, group=found.group_id, **back)] if back else []
    if left := changes(now, body):
        notes.append(NOT_SHOWN.format(", ".join(left)))
    return UpdatedSuppressionGroup(
        outcome="updated",
        group_id=now.group_id,
        name=now.name,
        changes=changed,
        steps=steps,
        notes=[*notes, *([NOT_BACK] if len(back) < len(changed) else [])] or None,
    )


async def _update(
    call: Call, request: Request[SuppressionGroup], found: SuppressionGroup, body: UpdateSuppressionGroup
) -> tuple[SuppressionGroup, list[str]]:
    """Send it; return the group as it is then, and a note where that was looked up.

    Raises:
        Unknown: The reply was lost, and the group is not changed or could not be looked up.
    """
    try:
        return await call.write(request), []
    except Unknown as lost:
        now = await find_out(
            call,
            lost,
            lambda: call.look_up(suppression_groups.get(found.group_id)),
            lambda group: None if changes(group, body) else group,
            again="Calling again with the same arguments is safe.",
            facts=lambda group: {"it is": group.shown()},
        )
        return now, [VERIFIED]


@tool("groups", "Delete unsubscribe group", Effect.DELETE)
async def delete_suppression_group(context: Context, body: DeleteSuppressionGroup) -> DeletedSuppressionGroup:
    """Delete a suppression group from AutoSend for good, with the opt-outs in it. Without confirm nothing is deleted,
    and the error shows what would go.

    Raises:
        NotSent: `confirm` is not its name, the user said no, or there is no such group, or it is global.
        Unknown: The reply was lost, and it is still there or could not be looked for.
    """
    found = await resolve_group(context, body.group)
    if found.is_global:
        raise NotSent("AutoSend does not delete a global group.", "unsuppress_emails takes addresses out of it.")
    request = suppression_groups.delete(found.group_id)
    if body.dry_run:
        plan = planned(request.shown(), wouldDelete=found.shown(), **{"and": OPT_OUTS})
        return DeletedSuppressionGroup(outcome="dry_run", plan=plan)
    await confirm(
        context,
        body.confirm,
        found.name.strip(),
        kind="the suppression group",
        names=[found.name],
        ids=[found.group_id],
        shows={"would delete": found.shown(), "and": OPT_OUTS},
    )
    call = context.call
    notes = await delete(
        call,
        request,
        lambda: call.look_up(suppression_groups.list_all()),
        lambda row: row.group_id == found.group_id,
    )
    empty = found.suppression_count == 0
    return DeletedSuppressionGroup(
        outcome="deleted",
        group_id=found.group_id,
        name=found.name,
        steps=[step("create_suppression_group", **found.made_by())] if empty else [],
        notes=[*notes, OTHER_ID if empty else OPT_OUTS_GONE],
    )
