"""A local AutoSend: the contact side of its documented API as a Starlette app over SQLite.

Written from the documentation; shares no code with the client it tests. Where the documentation is silent, a switch
(a member of `Options`, in the second column with its default first) or the likeliest reading decides:

| unknown | here |
|---|---|
| shape of an error | `error_shape`: `object`, or `flat`, `errors`, `title`, `array`, which are older or rarer |
| status of "already exists" | `contact_exists_status`, `list_exists_status`, `property_exists_status`: 409, or 400 |
| code of "already exists" | none for a contact; `LIST_ALREADY_EXISTS`; `FIELD_ALREADY_EXISTS`, which is documented |
| status of a created contact, list or property | `created_status`: 200, or 201 |
| malformed contact id | `malformed_id_status`: 400, or 404 |
| deleting a contact that there is not | `delete_unknown_status`: 404, or 200 |
| requests a second and key | `rate_limit`: 2; 0 for any number |
| unit of `retryAfter` in a 429 | `retry_after`: `seconds` to wait, or the `epoch` second to wait for |
| requests a minute and key | `rate_limit_minute`: 0 for any number; two pages say 50 and 120 |
| rate limit in the headers | of a minute where that is limited, else of a second; any number is 1,000,000 |
| lists, and segments, that the plan allows | `max_lists`: 0 for any number |
| contacts that the plan allows | `max_contacts`: 0 for any number |
| more than the plan allows | `plan_limit_status`: 402, or 403 as in older versions of the page |
| `GET /contacts`, which others use and no page has | 404, as any unknown path |
| encrypted bodies (JWE), documented endpoints that are missing here | 501 `SANDBOX_NOT_IMPLEMENTED`, with the path |
| which keys are valid | any `AS_...`, and any `ASA_...` with `x-project-id` |
| project of a key `AS_...` | `project_keys`: `one` for all keys, or `own`, another for each but `AS_sandbox` |
| a key in `x-api-key`, documented for inbound replies alone | `x_api_key`: `accept`, or `refuse` it with 401 |
| `x-project-id` beside a key `AS_...` | ignored |
| size of a body | `max_body`: 5000000 bytes, 0 for any; AutoSend's may be 100 kB |
| body that is not sent as `application/json` | `content_type`: `required` refuses it with 400, or `any` |
| names of the host besides `127.0.0.1`, `localhost` and `[::1]` | `allow_hosts`: none; another gets 421 |
| unknown members of a body | ignored |
| upsert: custom fields that are not given | `upsert_rule`: `merge` keeps them, or `replace` clears them |
| bulk update: what is not given | as `upsert_rule` says, also of names |
| create: `""` | no value |
| bulk update: `""` of a name | `empty_in_bulk`: `clear` as in an upsert, or `keep` what there is |
| `null` of a custom field | `null_properties`: `clear`, `keep` what there is, or `refuse` it |
| `mobile` in a create and a bulk update | `mobile_elsewhere`: `store`, or `ignore` as a member that is not known |
| `mobile` in replies about a contact | `mobile_in_replies`: `all`, or `upsert` alone; not in those of a list |
| `mobile` that is not in E.164 | stored as it is |
| names without a value in replies about a contact | `no_value`: `absent`, or `null`, or `empty` |
| upsert: `listIds` | only adds |
| unknown list ids in `listIds` | `known_lists_only`: false makes them on first use, or true refuses them |
| segment ids in `listIds` | refused with 400 |
| `GLOBAL_CONTACT_LIST` in `listIds` | ignored: every contact is in it |
| `listIds` and `segmentIds` in replies about a contact | `list_ids_in_replies`: true, or false as on older pages |
| custom fields that are not defined | `unknown_fields`: `create` defines them, or `keep`, `ignore`, `refuse` |
| type of a field defined by its first value | boolean, number, date (an ISO date), string |
| reserved names as custom fields of a contact | kept, never defined |
| custom value of a wrong type | `wrong_types`: `refuse`, or `keep` |
| dates in custom fields | `2024-03-01`, or an ISO date with a time |
| properties in replies about contacts | `properties_key`: `customFields`, or `contactProperties`, or `both` |
| properties in requests | under either name; `contactProperties` wins |
| Source and Email Last Opened At | `system_properties`: false, or true shows them among the properties |
| rows of properties | `property_rows`: `newest`, or `first` with `description`, `defaultValue` and `isReserved` |
| built-in fields in the list of properties | first, unless `includeReservedFields=false` |
| deleting a built-in field | 404 |
| more than some number of addresses in a search | `max_search`: 0 for any number; any number in a removal |
| more entries in a bulk add than documented | `max_bulk_add`: 500 |
| bulk update: one address twice | `repeated_rows`: `last` wins, or `first`, or `refuse` the request |
| bulk update: `listIds` of a row | ignored |
| automations on single writes | start |
| automations of new contacts in a bulk update without `runWorkflow` | do not start |
| automations that nobody declared | `default_automations`: true, a list, segment or new contact starts one; or false |
| JSON of a property that changes from a value to another | `from`, `to` in a group of `filterCriteria`; any if absent |
| clearing a property | is a change to any value |
| automations of properties for who joins their list with these values already | do not start |
| remove: unknown addresses | `remove_unknown`: `ignore`, or `refuse` with 404 and remove none |
| several contacts with one `userId` | `same_user_id`: `all` are deleted, or the `first` |
| suppressed addresses in create, upsert and bulk update | `suppressed_on_write`: `accept`, or `refuse` |
| suppressed addresses in bulk add | `suppressed_on_bulk_add`: `skip` and list them, or `add` |
| bulk add: `contacts` in the answer | `bulk_add_contacts`: true, or false as in older versions of the page |
| bulk add: unknown `contactIds` | in `errors`, as `{contactId, error}` |
| bulk add to the global list | makes the contacts that are new |
| bulk add to or removal from a segment | 400 `INVALID_LIST_TYPE` |
| remove from a list: unknown contacts | counted in `notInList` |
| key of the lists in GET /contact-lists | `lists_key`: `lists`, or `contacts` as in older versions of the page |
| lists that cannot be deleted | those of declared, active automations |
| the global list in GET /contact-lists with `type=segment` | `segments_with_global`: true, as "always", or false |
| searching the global list | works |
| duplicating a contact | copies names and properties, not lists |
| order of a list's contacts | oldest contact first |
| page beyond the last one | `beyond_last_page`: `empty`, or `refuse` |
| deleting a list with segments under it | they stay, and are empty |
| who is in a segment, and how many are in a list or segment | `queue_delay`, in seconds after the write |
| case of text in segment conditions | `segment_case`: `exact`, as in branches, or `folded`; names of fields are exact |
| segment conditions | see `sandbox/contact_lists/criteria.py` |
| starting an automation again | `allow_reentry`: false, or true; `settings.allowReentry` of the automation goes first |
| global suppression groups | `global_groups`: one for all projects of the `account`, or one of each `project` |
| two suppression groups of one name | `same_group_name`: `accept`, or `refuse` with 409 |
| path of a suppression group | its `groupId`, not its `id` |
| deleting a suppression group | its entries go with it |
| suppressing without `groupId` | into the project's default group, which is not global |
| suppressing for another reason than the four | `suppression_reasons`: `listed` refuses it, `any` is an older reading |
| suppressing who is suppressed already | `suppressed_counts`: only the `new` ones are counted, or `all` |
| unsuppressing without `groupId` | `unsuppress_all`: out of `groups` that are not global, or `with_global` |
| entries of global groups in a search without `isGlobal` | `entries_show_global`: true, or false |
| webhook from the start | `webhook_url` (loopback only), `webhook_secret`: contact events of `AS_...` keys |
| webhooks that are not http:// on this machine | can be made; each delivery fails, and its log says why |
| what else contact events show of a contact | `webhook_properties`: `none`, or `flat` beside its name, or `nested` |
| contact events: `name` of a contact without one | left out |
| contact.updated: `changedFields` | `name`, `userId`, ..., and properties by their bare name |
| contact.updated where nothing changed | not sent |
| contact events of a bulk update | `webhook_bulk_update`: true, of each row, or false |
| a redirect as the answer to a delivery | a failure |
| events of mail that the sandbox makes | of mails; not `email.received`, nor `email.group_resubscribed` |
| a webhook that fails | `failureCount` counts, and it stays active |
| deliveries that wait when the sandbox ends | are lost |

Without a declared automation anything that may start one does, so that a client cannot overlook it.
"""

import os
import time
from functools import cache

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from autosend_mcp.sandbox.access import KEY, PROJECT, RateLimit, key_of, project_of
from autosend_mcp.sandbox.automations.endpoints import AutomationEndpoints
from autosend_mcp.sandbox.contact_lists.endpoints import ContactListEndpoints
from autosend_mcp.sandbox.contact_properties import RESOURCES, ContactPropertyEndpoints
from autosend_mcp.sandbox.contacts.endpoints import ContactEndpoints
from autosend_mcp.sandbox.control.clock import MovedClock
from autosend_mcp.sandbox.control.endpoints import ControlEndpoints
from autosend_mcp.sandbox.control.exchanges import Exchanges, RecordedApp
from autosend_mcp.sandbox.database import Clock
from autosend_mcp.sandbox.documented import is_documented
from autosend_mcp.sandbox.envelope import Handler, RawPath, Refused, http_date
from autosend_mcp.sandbox.guard import Guard
from autosend_mcp.sandbox.mails.endpoints import MailEndpoints
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.page.endpoints import page_routes
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.suppression_groups.endpoints import SuppressionGroupEndpoints
from autosend_mcp.sandbox.webhooks.deliveries import Deliveries
from autosend_mcp.sandbox.webhooks.endpoints import WebhookEndpoints

__all__ = ["KEY", "PROJECT", "Options", "Sandbox"]


Endpoint = tuple[str, str]
"""Method and path."""


@cache
def _route(endpoint: Endpoint) -> Route:
    """Return the route to this endpoint of the sandbox that is asked: paths are compiled once, not for each sandbox."""

    async def respond(request: Request) -> Response:
        return await request.app.state.respond(endpoint, request)

    method, path = endpoint
    return Route(f"/v1{path}", respond, methods=[method])


class Sandbox:
    """The endpoints of every resource over one store. `app` is what a server or an in-process transport calls."""

    def __init__(
        self, options: Options | None = None, file: str | os.PathLike[str] | None = None, now: Clock = time.time
    ) -> None:
        """Build the app over the file, or over memory without one. `now`: the clock that all times come from.

        Raises:
            OSError: The file cannot be opened, or is no SQLite database.
            ValueError: An automation of the options is no definition of one.
        """
        now = clock = MovedClock(now)
        self.store = Store(options, file, now)
        options = self.store.options
        self._now = now
        self._rate_limit = RateLimit(options.rate_limit, now, options.retry_after, options.rate_limit_minute)
        self._deliveries = Deliveries(self.store.db, self.store.webhooks, options)
        self.store.db.listener = self._deliveries.announce
        self.store.sending.announce = lambda announced: self._deliveries.announce_mail(*announced)
        if options.webhook_url:
            self.store.webhooks.seed(PROJECT, options.webhook_url, options.webhook_secret)
        self.handlers = self._all_handlers()
        exchanges = Exchanges(now, options.error_shape)
        self.control = ControlEndpoints(self.store, self._deliveries, clock, exchanges)
        self.app = RecordedApp(
            routes=[*map(_route, self.handlers), *self.control.routes(), *page_routes(self.store, exchanges)],
            middleware=[Middleware(Guard, options=options, refusal=self._refusal), Middleware(RawPath)],
            exception_handlers={HTTPException: self._no_route, Exception: self._failed},
        )
        self.app.exchanges = exchanges
        self.app.state.respond = self._respond_to

    def close(self) -> None:
        """Close the file."""
        self.store.db.close()

    def _all_handlers(self) -> dict[Endpoint, Handler]:
        all_endpoints = (
            ContactEndpoints(self.store),
            ContactListEndpoints(self.store),
            *(ContactPropertyEndpoints(self.store.contact_properties, self.store.options, name) for name in RESOURCES),
            SuppressionGroupEndpoints(self.store),
            AutomationEndpoints(self.store),
            WebhookEndpoints(self.store.webhooks, self._deliveries),
            MailEndpoints(self.store),
        )
        return {endpoint: handler for endpoints in all_endpoints for endpoint, handler in endpoints.routes().items()}

    async def _respond_to(self, endpoint: Endpoint, request: Request) -> Response:
        request.scope["sandbox"].endpoint = endpoint
        return await self._respond(self.handlers[endpoint], request)

    async def _respond(self, handler: Handler, request: Request) -> Response:
        """Return the handler's response, or the refusal, to a request with a valid key within its rate limit."""
        key: str | None = None
        try:
            key = key_of(request, self.store.options)
            self._rate_limit.spend(key)
            self.store.db.catch_up()
            response = await handler(request, project_of(request, key, self.store.options))
            self.store.automated_mails.catch_up_if_heard()
        except Refused as refused:
            return self._refusal(refused, key)
        return self._with_headers(response, key)

    async def _no_route(self, request: Request, _error: Exception) -> Response:
        """Answer a path or method that the sandbox does not have, once the key is known to be valid."""
        path = request.url.path.removeprefix("/v1")

        async def refuse(_request: Request, _project: str) -> Response:
            if not is_documented(request.method, path):
                raise Refused(404, "NOT_FOUND", "The requested resource was not found.")
            what = f"AutoSend documents {request.method} {path}, but its sandbox does not have it."
            raise Refused(501, "SANDBOX_NOT_IMPLEMENTED", what)

        return await self._respond(refuse, request)

    async def _failed(self, _request: Request, _error: Exception) -> Response:
        """Answer a bug as AutoSend documents its own."""
        return self._refusal(Refused(500, "INTERNAL_SERVER_ERROR", "Something went wrong on our end"))

    def _refusal(self, refused: Refused, key: str | None = None) -> Response:
        response = refused.response(self.store.options.error_shape)
        if refused.status == 413:  # what follows of the body is not read
            response.headers["Connection"] = "close"
        return self._with_headers(response, key)

    def _with_headers(self, response: Response, key: str | None = None) -> Response:
        headers = {"date": http_date(int(self._now())), **self._rate_limit.headers(key)}
        response.raw_headers += [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        return response
