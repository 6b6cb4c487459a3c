"""What a project holds, as one JSON object: read from a file or a request, and shown."""

import json
from collections.abc import Mapping
from typing import Any, cast

from autosend_mcp.sandbox.contacts.batch import Writes
from autosend_mcp.sandbox.contacts.records import NAMES
from autosend_mcp.sandbox.envelope import Refused
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.validation import normalized

PARTS = ("contactProperties", "contactLists", "suppressionGroups", "contacts", "templates", "webhooks", "automations")


def add_seed(store: Store, project: str, seed: object) -> None:
    """Add what the seed holds, all or nothing; it starts no automation, and sends no event.

    Raises:
        ValueError: It is no seed.
    """
    if not isinstance(seed, dict) or not {*cast("dict[str, Any]", seed)} <= {*PARTS}:
        raise ValueError(f"a seed is a JSON object with {', '.join(PARTS)}")
    parts = cast("dict[str, Any]", seed)
    listener, store.db.listener = store.db.listener, None
    store.automations.sleeps = True
    try:
        with store.db.transaction():
            for part in PARTS:
                for row in parts.get(part) or ():
                    _check(part, row)
            _add(store, project, {part: parts.get(part) or [] for part in PARTS})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the seed is not understood: {error}") from None
    except Refused as refused:
        raise ValueError(f"the seed is refused: {refused}: {json.dumps(refused.error)}") from None
    finally:
        store.db.listener = listener
        store.automations.sleeps = False
        store.db.define()  # also what was rolled back


def state_of(store: Store, project: str) -> dict[str, Any]:
    """Return what the project holds, as a seed."""
    lists = store.contact_lists.known(project)
    contacts = store.contacts.all(project)
    groups = store.contact_lists.groups_of(contacts)
    return {
        "contactProperties": [
            {"name": name, "type": kind} for name, kind in store.contact_properties.types(project).items()
        ],
        "contactLists": [
            {"id": one.id, "name": one.name, "type": one.type}
            | ({"filterCriteria": one.criteria} if one.criteria else {})
            | ({"parentId": one.parent} if one.parent else {})
            for one in lists.values()
        ],
        "suppressionGroups": [
            {
                "name": group["name"],
                "isGlobal": group["isGlobal"],
                "entries": _entries(store, project, group["groupId"]),
            }
            for group in store.suppression_groups.all(project)
        ],
        "contacts": [
            {name: contact[name] for name in ("id", "email", *NAMES, "customFields") if name in contact}
            | {"lists": [lists[one].name for one in inside["listIds"]]}
            for contact, inside in zip(contacts, groups, strict=True)
        ],
        "templates": store.templates.all(project),
        "webhooks": [{"url": one["url"], "events": one["events"]} for one in store.webhooks.all(project)],
        "automations": store.automations.definitions,
    }


def _check(part: str, row: Any) -> None:
    needed = {"contacts": "email", "templates": "id", "webhooks": "url"}.get(part, "name")
    if not isinstance(row, dict) or not isinstance(cast("dict[str, Any]", row).get(needed), str):
        raise ValueError(  # noqa: TRY004 - as all that is wrong with a seed
            f"each of {part} is an object with {needed}: {json.dumps(row)[:80]}"
        )


def _add(store: Store, project: str, parts: Mapping[str, list[dict[str, Any]]]) -> None:
    for row in parts["contactProperties"]:
        store.contact_properties.define(project, row["name"], row.get("type") or "string")
    for row in parts["contactLists"]:
        kind, criteria = row.get("type") or "list", row.get("filterCriteria")
        if not any(one.name == row["name"] for one in store.contact_lists.known(project).values()):
            more = {"list_id": row.get("id"), "criteria": criteria, "parent": row.get("parentId")}
            store.contact_lists.insert(project, row["name"], kind, description=row.get("description"), **more)
    _add_contacts(store, project, parts["contacts"])
    for row in parts["suppressionGroups"]:
        is_global = row.get("isGlobal") is True
        group_id = store.suppression_groups.seed(project, row["name"], is_global=is_global)
        for entry in row.get("entries") or ():
            email, reason = (entry, None) if isinstance(entry, str) else (entry["email"], entry.get("reason"))
            store.suppression_groups.suppress(project, [normalized(email)], group_id, reason)
    for row in parts["templates"]:
        store.templates.store(project, row)
    for row in parts["webhooks"]:
        if not any(one["url"] == row["url"] for one in store.webhooks.all(project)):
            store.webhooks.create(project, row, row.get("secret") or "")
    store.automations.declare(parts["automations"])


def _add_contacts(store: Store, project: str, rows: list[dict[str, Any]]) -> None:
    ids = {one.name: one.id for one in store.contact_lists.known(project).values() if one.type == "list"}
    contacts = [row | {"email": normalized(row["email"])} for row in rows]
    existing = store.contacts.by_emails(project, [row["email"] for row in contacts])
    writes = Writes(store, project, [row["email"] for row in contacts], run_workflow=False, accept_suppressed=True)
    for row in contacts:
        joined = [ids.get(name, name) for name in row.get("lists") or ()]
        existing[row["email"]] = writes.write(row | {"listIds": joined}, existing.get(row["email"]))
    writes.finish()


def _entries(store: Store, project: str, group_id: str) -> list[dict[str, Any]]:
    found = store.suppression_groups.entries(project, {"groupId": group_id})
    return [{"email": entry["email"], "reason": entry["reason"]} for entry in found]
