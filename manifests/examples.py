"""One example call of each tool, and the project that all of them are for: for docs/tools.md and for the tests.

Each is a call that succeeds on the project as `example_store` has it, and one that changes something if its tool does.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mcp import Client

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.store import Store

Json = dict[str, Any]

EXAMPLES: dict[str, Json] = json.loads(Path(__file__).with_name("examples.json").read_text(encoding="utf-8"))

IMPORT = "..."  # stands for the id of the import that the example of start_import starts

_PRO = {
    "logicalOperator": "AND",
    "groups": [{"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}],
}


def example_store(now: Callable[[], float] = time.time) -> Store:
    """Return a project with three contacts, two of them in the Newsletter; Jane has opted out of the blog."""
    store = Store(now=now)
    for name, kind in (("plan", "string"), ("logins", "number")):
        store.fields.define(PROJECT, name, kind)
    newsletter = store.seed_list(PROJECT, "Newsletter", "list")
    store.seed_list(PROJECT, "Offers", "list")
    store.seed_list(PROJECT, "Pro", "segment", _PRO)
    for name in ("jane", "john", "ann"):
        contact = {"email": f"{name}@example.com", "firstName": name.title(), "userId": f"user_{name}"}
        store.create(PROJECT, contact | {"customFields": {"plan": "pro", "logins": 42}})
    store.bulk_add(PROJECT, {"contactListId": newsletter, "emails": ["jane@example.com", "john@example.com"]})
    store.suppressions.suppress(PROJECT, ["jane@example.com"], store.suppressions.seed_group(PROJECT, "Blog"))
    return store


async def arguments_of(client: Client, name: str, examples: Mapping[str, Json] = EXAMPLES) -> Json:
    """Return the arguments of the tool's example; an import that they name is started first."""
    arguments = examples[name]
    if arguments.get("importId") != IMPORT:
        return arguments
    started = await client.call_tool("start_import", examples["start_import"])
    return arguments | {"importId": (started.structured_content or {})["importId"]}
