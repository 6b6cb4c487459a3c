"""A local AutoSend: the contact side of its documented API as a Starlette app over SQLite.

Written from the documentation; shares no code with the client it tests. Where the documentation is silent, a switch
(a member of `Options`, in the second column with its default first) or the likeliest reading decides:

| unknown | here |
|---|---|
| status of "already exists" (contact, list, field) | `exists_status`: 409, or 400, 422 |
| status of a created contact | `created_status`: 200, or 201 |
| malformed contact id | `malformed_id_status`: 404, or 400 |
| requests a second and key | `rate_limit`: 2; 0 for any number |
| place of `retryAfter` in a 429 | inside `error` |
| which keys are valid | any `AS_...` (one project), and any `ASA_...` with `x-project-id` |
| unknown members of a body | ignored |
| upsert: what is not given | `upsert_rule`: `merge` keeps it and merges custom fields, or `replace` clears it |
| upsert: `null` | clears the name, or the custom field |
| upsert: `listIds` | only adds |
| unknown list ids in `listIds` | `known_lists_only`: false makes them on first use, or true refuses them |
| segment ids in `listIds` | refused with 400 |
| `GLOBAL_CONTACT_LIST` in `listIds` | ignored: everybody is in it |
| `listIds` in replies about a contact | `list_ids_in_replies`: false, or true |
| custom fields that are not defined | `unknown_fields`: `create` defines them, or `keep`, `ignore`, `refuse` |
| type of a field defined by its first value | boolean, number, date (an ISO date), string |
| reserved names as custom fields of a contact | kept, never defined |
| custom value of a wrong type | `wrong_types`: `refuse`, or `keep` |
| dates in custom fields | `2024-03-01`, or an ISO date with a time |
| `description`, `defaultValue` in replies about a field | present when they were given |
| more than some number of addresses | `max_search`, `max_remove`, `max_bulk_add`: 0 for any number |
| bulk update: one address twice | `repeated_rows`: `last` wins, or `first`, or `refuse` the request |
| bulk update: `listIds` of a row | ignored |
| bulk update without `runWorkflow` | `run_workflow_default`: false, as one version of the page says, or true |
| property and segment automations on single writes | `single_writes_run_workflow`: true, or false |
| property automations | `automations`: none; a property of a new contact changes from nothing |
| remove: unknown addresses | `remove_unknown`: `ignore`, or `refuse` with 404 and remove nobody |
| several contacts with one `userId` | `same_user_id`: `all` are deleted, or the `first` |
| suppressed addresses in create, upsert and bulk update | `suppressed_on_write`: `accept`, or `refuse` |
| suppressed addresses in bulk add | `suppressed_on_bulk_add`: `skip` and list them, or `add` |
| bulk add: whether `added` counts created contacts | `added_counts_created`: false, as in the example, or true |
| bulk add: `contacts` in the answer | `bulk_add_contacts`: false, or true as in the newest version of the page |
| bulk add: wrong addresses; unknown `contactIds` | in `validation.invalid`; in `errors` |
| bulk add to the global list | makes the contacts that are new |
| bulk add to or removal from a segment | 400 `INVALID_LIST_TYPE` |
| remove from a list: unknown contacts | counted in `notInList` |
| key of the lists in GET /contact-lists | `lists_key`: `contacts`, or `lists` |
| unknown list | 404 `NOT_FOUND` |
| searching the global list | works |
| order of a list's contacts | oldest contact first |
| page beyond the last one | `beyond_last_page`: `empty`, or `refuse` |
| deleting a list with segments under it | `delete_parent`: `orphan` leaves them empty, or `cascade`, or `refuse` |
| segment conditions | see `criteria.py` |
| joining a list again after leaving it | starts its automation again |
| suppressing without `groupId` | into the project's default group, which is not global |
| answer of POST /suppression-groups/email/entries | `groups`, as GET /suppression-groups shows them |
| webhook events | `webhook_url` (loopback only), `webhook_secret`, `webhook_delays`; `data` is the contact |

`GET /sandbox/automations`, which AutoSend does not have, shows what its automations would have sent.
"""

from functools import partial

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from autosend_mcp.sandbox.contact_endpoints import ContactEndpoints
from autosend_mcp.sandbox.exchange import KEY, PROJECT, Handler, RawPath, Windows, answer, no_route
from autosend_mcp.sandbox.field_endpoints import FieldEndpoints, SuppressionEndpoints
from autosend_mcp.sandbox.list_endpoints import ListEndpoints
from autosend_mcp.sandbox.options import Options, PropertyAutomation
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.webhooks import Webhooks

__all__ = ["KEY", "PROJECT", "Options", "PropertyAutomation", "Sandbox"]


class Sandbox:
    """The endpoints over one store, on its clock. `app` is what a server or an in-process transport calls."""

    def __init__(self, store: Store, options: Options | None = None) -> None:
        """A new endpoint is a method of one of the classes of endpoints and a row in the table of routes."""
        self.store = store
        self.options = options or Options()
        self._windows = Windows(self.options.rate_limit, store.db.now)
        if self.options.webhook_url:
            store.db.listener = Webhooks(self.options, store.db).announce
        not_routed = partial(no_route, store.db.now)
        routes = [self._route(row, handler) for row, handler in self._table().items()]
        self.app = Starlette(
            routes=[*routes, Route("/sandbox/automations", self._automations, methods=["GET"])],
            middleware=[Middleware(RawPath)],
            exception_handlers={HTTPException: not_routed, Exception: not_routed},
        )

    def _table(self) -> dict[str, Handler]:
        contacts = ContactEndpoints(self.store, self.options)
        lists = ListEndpoints(self.store, self.options)
        fields = FieldEndpoints(self.store, self.options)
        suppressions = SuppressionEndpoints(self.store)
        return {
            "POST /contacts": contacts.create,
            "POST /contacts/email": contacts.upsert,
            "POST /contacts/search/emails": contacts.search,
            "POST /contacts/bulk-update": contacts.bulk_update,
            "POST /contacts/remove": contacts.remove,
            "DELETE /contacts/email/userId/{userId}": contacts.delete_by_user,
            "GET /contacts/{id}": contacts.get,
            "DELETE /contacts/{id}": contacts.delete,
            "GET /contacts/{id}/unsubscribe-groups": contacts.unsubscribe_groups,
            "GET /contact-lists": lists.all,
            "POST /contact-lists": lists.create,
            "POST /contact-lists/contacts/search": lists.search,
            "POST /contact-lists/contacts/bulk-add": lists.add,
            "POST /contact-lists/{listId}/contacts/remove": lists.remove,
            "GET /contact-lists/{listId}": lists.one,
            "DELETE /contact-lists/{listId}": lists.delete,
            "GET /custom-fields": fields.all,
            "POST /custom-fields": fields.create,
            "DELETE /custom-fields/fieldName/{name}": fields.delete,
            "GET /suppression-groups": suppressions.groups,
            "POST /suppression-groups/entries": suppressions.entries,
            "POST /suppression-groups/email/entries": suppressions.groups_of,
            "POST /suppression-groups/emails/suppress": suppressions.suppress,
            "POST /suppression-groups/emails/unsuppress": suppressions.unsuppress,
        }

    def _route(self, row: str, handler: Handler) -> Route:
        method, path = row.split()

        async def endpoint(request: Request) -> Response:
            return await answer(request, handler, self._windows)

        return Route(f"/v1{path}", endpoint, methods=[method])

    async def _automations(self, _request: Request) -> Response:
        return JSONResponse({"automations": await to_thread.run_sync(self.store.automations.all)})
