"""The sandbox's switches: what AutoSend's documentation leaves open, and the client is tested under each value."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit

from autosend_mcp.sandbox.error_shapes import ErrorShape
from autosend_mcp.sandbox.webhooks.events import Properties


@dataclass(frozen=True)
class Options:
    """The sandbox's switches; `app.py` has the table of what each decides.

    `rate_limit`: requests a second and key, 0 for none. The `max_...`: how many entries a request may have, 0 for any
    number, and `max_body` its bytes. `automations`: definitions as the page "Create automation" has them.

    Raises:
        ValueError: The webhook's URL is not on this machine.
    """

    error_shape: ErrorShape = "object"
    contact_exists_status: Literal[409, 400] = 409
    list_exists_status: Literal[409, 400] = 409
    property_exists_status: Literal[409, 400] = 409
    rate_limit: int = 2
    rate_limit_minute: int = 0
    max_lists: int = 0
    max_contacts: int = 0
    plan_limit_status: Literal[402, 403] = 402
    segments_with_global: bool = True
    x_api_key: Literal["accept", "refuse"] = "accept"
    project_keys: Literal["one", "own"] = "one"
    max_body: int = 5_000_000
    content_type: Literal["required", "any"] = "required"
    allow_hosts: tuple[str, ...] = ()
    retry_after: Literal["seconds", "epoch"] = "seconds"
    known_lists_only: bool = False
    created_status: Literal[200, 201] = 200
    malformed_id_status: Literal[400, 404] = 400
    delete_unknown_status: Literal[404, 200] = 404
    lists_key: Literal["lists", "contacts"] = "lists"
    upsert_rule: Literal["merge", "replace"] = "merge"
    empty_in_bulk: Literal["clear", "keep"] = "clear"
    null_properties: Literal["clear", "keep", "refuse"] = "clear"
    mobile_elsewhere: Literal["store", "ignore"] = "store"
    mobile_in_replies: Literal["all", "upsert"] = "all"
    no_value: Literal["absent", "null", "empty"] = "absent"
    unknown_fields: Literal["create", "keep", "ignore", "refuse"] = "create"
    wrong_types: Literal["refuse", "keep"] = "refuse"
    list_ids_in_replies: bool = True
    properties_key: Literal["customFields", "contactProperties", "both"] = "customFields"
    system_properties: bool = False
    property_rows: Literal["newest", "first"] = "newest"
    suppressed_on_write: Literal["accept", "refuse"] = "accept"
    suppressed_on_bulk_add: Literal["skip", "add"] = "skip"
    bulk_add_contacts: bool = True
    same_user_id: Literal["all", "first"] = "all"
    remove_unknown: Literal["ignore", "refuse"] = "ignore"
    max_search: int = 0
    max_bulk_add: int = 500
    repeated_rows: Literal["last", "first", "refuse"] = "last"
    queue_delay: float = 0
    segment_case: Literal["exact", "folded"] = "exact"
    beyond_last_page: Literal["empty", "refuse"] = "empty"
    global_groups: Literal["account", "project"] = "account"
    same_group_name: Literal["accept", "refuse"] = "accept"
    suppression_reasons: Literal["listed", "any"] = "listed"
    suppressed_counts: Literal["new", "all"] = "new"
    unsuppress_all: Literal["groups", "with_global"] = "groups"
    entries_show_global: bool = True
    automations: tuple[dict[str, Any], ...] = ()
    default_automations: bool = True
    allow_reentry: bool = False
    mail_pace: float = 1
    to_array: Literal["accept", "refuse"] = "accept"
    verified_domains: tuple[str, ...] = ()
    suppressed_mails: Literal["accept", "refuse"] = "accept"
    bulk_invalid: Literal["refuse", "count"] = "refuse"
    known_templates_only: bool = False
    unfilled: Literal["shown", "empty"] = "shown"
    old_file_name: Literal["accept", "refuse"] = "accept"
    webhook_url: str = ""
    webhook_secret: str = "whsec_sandbox"  # noqa: S105 - public
    webhook_properties: Properties = "none"
    webhook_bulk_update: bool = True

    def __post_init__(self) -> None:
        """Refuse a webhook that would leave this machine."""
        if self.webhook_url and not is_loopback(self.webhook_url):
            raise ValueError("the webhook's URL must be http:// on 127.0.0.1, [::1] or localhost")


def is_loopback(url: str) -> bool:
    """Return whether an http:// URL is one on this machine."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme == "http"
            and parts.port != 0
            and (parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback)
        )
    except ValueError:
        return False
