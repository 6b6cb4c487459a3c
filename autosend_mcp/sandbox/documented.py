"""The endpoints that AutoSend documents, also those that the sandbox does not have.

Sources: the pages of the API reference, and the files of OpenAPI that belong to them.
"""

import re
from functools import cache

ENDPOINTS = """
GET POST /account/projects
GET DELETE /account/projects/{id}
GET POST /automations
GET PATCH DELETE /automations/{id}
POST /automations/{id}/pause
POST /automations/{id}/resume
GET POST /campaigns
GET PATCH DELETE /campaigns/{id}
GET /campaigns/{id}/analytics
POST /campaigns/{id}/abort
POST /campaigns/{id}/duplicate
POST /campaigns/{id}/pause
POST /campaigns/{id}/resume
GET POST /contact-lists
GET DELETE /contact-lists/{id}
POST /contact-lists/contacts/bulk-add
POST /contact-lists/contacts/search
POST /contact-lists/{id}/contacts/remove
GET POST /contact-properties
GET DELETE /contact-properties/name/{name}
POST /contacts
GET DELETE /contacts/{id}
GET /contacts/{id}/unsubscribe-groups
POST /contacts/bulk-update
POST /contacts/email
POST /contacts/email/duplicate
DELETE /contacts/email/userId/{id}
PATCH /contacts/email/{email}/custom-fields
POST /contacts/remove
POST /contacts/search/emails
GET POST /custom-fields
GET DELETE /custom-fields/fieldName/{name}
GET POST /domains
GET DELETE /domains/{id}
POST /domains/{id}/inbound/disable
POST /domains/{id}/inbound/enable
POST /domains/{id}/verify
GET POST /events
GET PATCH DELETE /events/eventName/{name}
POST /events/send
GET /inbound/messages
GET /inbound/messages/{id}
GET /inbound/messages/{id}/attachments/{index}
GET /inbound/messages/{id}/raw
POST /inbound/messages/{id}/reply
GET /jwks.json
POST /mails/bulk
POST /mails/send
GET /mails/{id}/status
POST /migrations/resend/plan
POST /migrations/resend/migrate
POST /migrations/resend/template
POST /migrations/sendgrid/plan
POST /migrations/sendgrid/migrate
POST /migrations/sendgrid/sg-template
POST /migrations/sendgrid/sg-unsubscribe-group
GET POST /senders
GET DELETE /senders/{id}
GET POST /suppression-groups
GET PUT DELETE /suppression-groups/{id}
POST /suppression-groups/email/entries
POST /suppression-groups/emails/suppress
POST /suppression-groups/emails/unsuppress
POST /suppression-groups/entries
POST /suppression-groups/entries/all
GET POST /templates
GET /templates/search
GET PUT DELETE /templates/{id}
PATCH /templates/{id}/preview-text
GET POST /webhooks
GET /webhooks/events/available
GET PUT DELETE /webhooks/{id}
GET /webhooks/{id}/logs
POST /webhooks/{id}/resend
GET /webhooks/{id}/reveal
"""


def is_documented(method: str, path: str) -> bool:
    """Return whether AutoSend documents an endpoint for this method and path, which begins after `/v1`."""
    return any(method in methods and pattern.fullmatch(path) for methods, pattern in _endpoints())


@cache
def _endpoints() -> list[tuple[list[str], re.Pattern[str]]]:
    endpoints: list[tuple[list[str], re.Pattern[str]]] = []
    for line in ENDPOINTS.strip().split("\n"):
        *methods, path = line.split()
        endpoints.append(([*methods], re.compile(re.sub(r"{\w+}", "[^/]+", path))))
    return endpoints
