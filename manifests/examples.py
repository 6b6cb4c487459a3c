"""One example call of each tool, and the project that all of them are for: for docs/tools.md and for the tests.

Each is a call that succeeds on what `example_sandbox` holds, and one that changes something if its tool does.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mcp import Client

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.contact_lists.membership import bulk_add
from autosend_mcp.sandbox.contacts import writes

Json = dict[str, Any]

EXAMPLES: dict[str, Json] = json.loads(Path(__file__).with_name("examples.json").read_text(encoding="utf-8"))

# Stands for the id of the import that the example of start_import starts, and for the undo of that of upsert_contact.
EARLIER = "..."

_PRO = {
    "logicalOperator": "AND",
    "groups": [{"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}],
}


def example_sandbox(options: Options | None = None, now: Callable[[], float] = time.time) -> Sandbox:
    """Return a sandbox with three contacts, two of them in the Newsletter; Jane has opted out of the blog."""
    sandbox = Sandbox(options or Options(rate_limit=0), now=now)
    store = sandbox.store
    for name, kind in (("plan", "string"), ("logins", "number")):
        store.contact_properties.define(PROJECT, name, kind)
    newsletter = store.contact_lists.seed(PROJECT, "Newsletter", "list")
    store.contact_lists.seed(PROJECT, "Offers", "list")
    store.contact_lists.seed(PROJECT, "Pro", "segment", _PRO)
    for name in ("jane", "john", "ann"):
        contact = {"email": f"{name}@example.com", "firstName": name.title(), "userId": f"user_{name}"}
        writes.create(store, PROJECT, contact | {"customFields": {"plan": "pro", "logins": 42}})
    bulk_add(store, PROJECT, {"contactListId": newsletter, "emails": ["jane@example.com", "john@example.com"]})
    store.suppression_groups.suppress(PROJECT, ["jane@example.com"], store.suppression_groups.seed(PROJECT, "Blog"))
    return sandbox


async def arguments_of(client: Client, name: str, examples: Mapping[str, Json] = EXAMPLES) -> Json:
    """Return the arguments of the tool's example; what they name of an earlier answer is called for first."""
    arguments = examples[name]
    for argument, tool, member in (("importId", "start_import", "importId"), ("write", "upsert_contact", "undo")):
        if arguments.get(argument) == EARLIER:
            answer = await client.call_tool(tool, examples[tool])
            return arguments | {argument: (answer.structured_content or {})[member]}
    return arguments
