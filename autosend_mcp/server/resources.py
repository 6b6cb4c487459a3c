"""Resources that a user can attach: the contact lists, the custom fields and the writes of this process."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any
from urllib.parse import unquote

from mcp_types import Resource, ResourceTemplate

from autosend_mcp.api.calls import Call
from autosend_mcp.api.directory import read_lists, read_properties
from autosend_mcp.models.bounds import MAX_ANSWER_BYTES, shortened
from autosend_mcp.models.pages import fitting
from autosend_mcp.models.text import compact_json, visible_data
from autosend_mcp.tools.contact_lists.resolve import resolve_list
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.history import History

LISTS = "autosend://contact-lists"
FIELDS = "autosend://custom-fields"
WRITES = "autosend://writes"
CONTACT_LIST = "autosend://contact-lists/{list}"

JSON = "application/json"


async def _lists(call: Call) -> object:
    rows = [contact_list.named() for contact_list in await read_lists(call)]
    return {"total": len(rows), "lists": fitting(visible_data(rows))[0]}


async def _fields(call: Call) -> object:
    rows = [each.shown() for each in await read_properties(call)]
    return {"total": len(rows), "fields": fitting(visible_data(rows))[0]}


_READERS: dict[str, Callable[[Call], Awaitable[object]]] = {LISTS: _lists, FIELDS: _fields}

# Each with the toolset that it belongs to; the writes belong to none.
DEFINITIONS = (
    ("lists", Resource(uri=LISTS, name="contact_lists", title="Contact lists", mime_type=JSON,
                       description="The contact lists and segments, with the number of contacts in each.")),
    ("fields", Resource(uri=FIELDS, name="custom_fields", title="Custom fields", mime_type=JSON,
                        description="The custom fields that contacts can have, with their types.")),
    ("", Resource(uri=WRITES, name="writes", title="Writes", mime_type=JSON,
                  description="What this server has written since it started, and what would take it back.")),
)  # fmt: skip
TEMPLATES = (
    ("lists", ResourceTemplate(uri_template=CONTACT_LIST, name="contact_list", title="Contact list", mime_type=JSON,
                               description="One contact list or segment, by name or id.")),
)  # fmt: skip


def offered(toolsets: Collection[str]) -> list[Resource]:
    """Return the resources of these toolsets."""
    return [resource for toolset, resource in DEFINITIONS if not toolset or toolset in toolsets]


def templates(toolsets: Collection[str]) -> list[ResourceTemplate]:
    """Return the resource templates of these toolsets; the name of a list is completed."""
    return [template for toolset, template in TEMPLATES if toolset in toolsets]


def is_offered(uri: str, toolsets: Collection[str]) -> bool:
    """Return whether the URI is that of a resource of these toolsets."""
    if uri.startswith(f"{LISTS}/"):
        return "lists" in toolsets
    return uri in {str(resource.uri) for resource in offered(toolsets)}


async def read(call: Call, uri: str, history: History) -> str:
    """Return the content of a URI that is offered, as JSON.

    Raises:
        AutoSendError: It could not be read.
    """
    data: Any
    if uri == WRITES:
        data = await history.rows()
    elif uri in _READERS:
        data = await _READERS[uri](call)
    else:
        data = (await resolve_list(Context(call), unquote(uri.removeprefix(f"{LISTS}/")))).shown()
    return compact_json(shortened(visible_data(data), MAX_ANSWER_BYTES))
