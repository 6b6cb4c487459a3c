"""The members that AutoSend documents for the body of each request that the sandbox answers.

Sources: the pages of the API reference; for `contactProperties`, and the names of rows, the changelog of 2026-06-26.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

_ADDRESS = "email name"
_NAMED = f"{_ADDRESS} dynamicData"
_CONTACT = "email firstName lastName userId customFields contactProperties"
_MAIL = "from replyTo subject html text templateId dynamicData unsubscribeGroupId trackingClick trackingOpen headers"
_PROPERTY = "name type fieldName fieldType description defaultValue"
_GROUP = "name description isActive"

# By endpoint the names at the top, and below a name those of the object, or of the objects in the array, under it.
_MEMBERS: dict[str, dict[str, str]] = {
    "POST /contacts": {"": f"{_CONTACT} listIds"},
    "POST /contacts/email": {"": f"{_CONTACT} listIds mobile"},
    "POST /contacts/bulk-update": {"": "contacts runWorkflow", "contacts": _CONTACT},
    "POST /contacts/search/emails": {"": "emails"},
    "POST /contacts/remove": {"": "emails"},
    "POST /contact-lists": {"": "name type description filterCriteria parentId"},
    "POST /contact-lists/contacts/search": {"": "contactListId page limit email"},
    "POST /contact-lists/contacts/bulk-add": {"": "contactListId emails contactIds"},
    "POST /contact-lists/{listId}/contacts/remove": {"": "emails contactIds"},
    "POST /contact-properties": {"": _PROPERTY},
    "POST /custom-fields": {"": _PROPERTY},
    "POST /suppression-groups": {"": _GROUP},
    "PUT /suppression-groups/{groupId}": {"": _GROUP},
    "POST /suppression-groups/entries": {"": "groupId reason page limit search email startDate endDate isGlobal"},
    "POST /suppression-groups/emails/suppress": {"": "emails groupId reason isGlobal"},
    "POST /suppression-groups/emails/unsuppress": {"": "emails groupId isGlobal"},
    "POST /webhooks": {"": "url events metadata"},
    "PUT /webhooks/{id}": {"": "url events isActive metadata"},
    "POST /webhooks/{id}/resend": {"": "event data"},
    "POST /mails/send": {
        "": f"to cc bcc attachments bypassSuppressions {_MAIL}",
        **dict.fromkeys(("to", "cc", "bcc", "from"), _ADDRESS),
        "replyTo": _NAMED,
        "attachments": "fileName content fileUrl contentType description",
    },
    "POST /mails/bulk": {
        "": f"recipients {_MAIL}",
        "recipients": f"{_NAMED} cc bcc",
        **dict.fromkeys(("from", "replyTo"), _NAMED),
    },
}
_KNOWN = {
    endpoint: {name: frozenset(names.split()) for name, names in members.items()}
    for endpoint, members in _MEMBERS.items()
}


def undocumented(endpoint: tuple[str, str], body: Mapping[str, Any]) -> Iterator[str]:
    """Yield each member of the body that no page has, below its parent as in `to.phone`."""
    known = _KNOWN.get(" ".join(endpoint), {})
    for parent, names in known.items():
        value: object = body.get(parent) if parent else body
        for one in cast("list[object]", value) if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                more = cast("dict[str, object]", one).keys() - names
                yield from (f"{parent}.{name}" if parent else name for name in sorted(more))
