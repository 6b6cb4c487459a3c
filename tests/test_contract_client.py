"""Our client judged by the documentation: it sends each documented request as it stands, and reads its response."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from starlette.routing import BaseRoute, Match, Route

from autosend_mcp.api.envelope import read_reply
from autosend_mcp.api.request import Request
from autosend_mcp.models.contact_properties import definition_for
from autosend_mcp.settings import TOOLSETS
from manifests.examples import EXAMPLES, arguments_of
from manifests.exchanges import NAMES, contract, documented, is_error
from tests.support.answering import Answering, Row
from tests.support.examples import every_third
from tests.support.faulty import Exchange, Faulty
from tests.support.line import saying
from tests.support.seeded import seeded
from tests.support.worlds import answer_of, connected

pytestmark = pytest.mark.anyio

NEWER = "_with_contact_properties"  # the version of a page in which custom fields are called contact properties

# The ids of this test, by their placeholders in the documented exchanges.
CONTACT, LIST = "507f1f77bcf86cd799439011", "60d5ec49f1b2c72d9c8b4567"
IDS = {"{id}": CONTACT, "{listId}": LIST, "{groupId}": "20XWO"}


def placed(exchange: Any) -> Any:
    """Return the documented request, response or call with the ids of this test."""
    text = json.dumps(exchange)
    for placeholder, value in IDS.items():
        text = text.replace(placeholder, value)
    return json.loads(text)


def call_of(name: str) -> tuple[str, Row]:
    """Return the tool that sends the documented request, and its arguments, by default the documented body."""
    call = placed(documented(name)["call"])
    return call["tool"], call.get("arguments", placed(documented(name)["request"]["body"])) or {}


@dataclass
class Documented(Answering):
    """AutoSend as one page of its documentation has it; around that, a project that fits."""

    request: Row = field(default_factory=dict[str, Any])
    response: Row = field(default_factory=dict[str, Any])
    seen: list[Row] = field(default_factory=list[Row])

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        content = await request.aread()
        query = dict(request.url.params) or None
        asked = {"method": request.method, "path": request.url.path, "body": json.loads(content) if content else None}
        self.seen.append(asked | ({"query": query} if query else {}))
        if (request.method, request.url.path) == (self.request["method"], self.request["path"]):
            return saying(self.response["status"], self.response["body"])
        return await super().handle_async_request(request)


KEYS = ("customFields", "contactProperties")


def project(name: str) -> Documented:
    """Return what each call finds around the documented exchange."""
    request, response = contract(name)
    name = name.removesuffix(NEWER)
    body: Row = request.get("body") or {}
    bodies: list[Row] = [body, *body.get("contacts", [])]
    given: Row = {field: value for one in bodies for key in KEYS for field, value in one.get(key, {}).items()}
    asked: Row = dict.fromkeys(("planTier", "role", "plan"), "") | given
    known = name not in {"get_contact_list", "create_contact_list", "create_segment", "list_contact_lists"}
    autosend = Documented(
        lists=[{"id": LIST, "name": "Newsletter Subscribers", "type": "list"}] * known,
        fields=[definition_for(*one) for one in asked.items()] * (not name.startswith("create_custom_field")),
        request=placed(request),
        response=placed(response),
    )

    def contact(email: str) -> Row | None:
        """Return who is there: a new contact once it is written, any other until it is deleted."""
        written = any(one["method"] + one["path"] == request_line for one in autosend.seen)
        if name in {"create_contact", "upsert_contact", "bulk_update_contacts"}:
            rows: list[Row] = autosend.request["body"].get("contacts", [])
            return {"id": CONTACT} | next(one for one in rows if one["email"] == email) if written else None
        deleting = autosend.request["method"] == "DELETE" or name == "remove_contacts"
        if deleting and written:
            return None
        by_id = email == CONTACT
        return {"id": CONTACT if by_id else f"id-{email}", "email": "john@example.com" if by_id else email}

    request_line = autosend.request["method"] + autosend.request["path"]
    autosend.contact = contact
    if "/custom-fields" in request["path"]:  # the older path, for where there is no newer one
        autosend.refuses = lambda asked: (404, {"success": False}) if "/contact-properties" in asked else None
    return autosend


def as_we_send(request: Row) -> Row:
    """Return the documented request with the older name of the custom fields, which requests may have for ever."""
    return json.loads(json.dumps(request).replace('"contactProperties"', '"customFields"'))


@pytest.mark.parametrize("name", [name for name in NAMES if "call" in documented(name)])
async def test_the_documented_request_is_sent_as_it_stands_and_its_response_read(name: str) -> None:
    tool, arguments = call_of(name)
    autosend = project(name)
    data: Any = autosend.response["body"].get("data")
    if name.startswith("search_contacts"):
        autosend.contact = lambda _email: data["contacts"][0]
    if "suppress" in tool and not tool.startswith("list_"):
        groups = contract("list_suppression_groups")[1]["body"]["data"]["groups"][tool.startswith("create_") :]
        shown = {"success": True, "data": {"groups": groups}}
        autosend.refuses = lambda asked: (200, shown) if asked.startswith("GET /suppression-groups?") else None
    toolsets = "contacts,lists,fields,suppressions,groups"
    async with connected(autosend, toolsets=toolsets) as client:
        answer = answer_of(await client.call_tool(tool, arguments))
    assert as_we_send(autosend.request) in autosend.seen
    assert answer.get("outcome", "") not in {"partly_done", "dry_run"}
    if name.endswith(NEWER) and tool != "upsert_contacts":
        (shown, there), *_ = zip(answer.get("contacts", [answer]), data.get("contacts", [data]), strict=True)
        assert shown["customFields"] == there["contactProperties"]


async def test_our_client_sends_the_documented_create_and_reads_its_answer(faulty: Faulty) -> None:
    request, response = contract("create_contact")

    async def as_documented(exchange: Exchange) -> None:
        await exchange.reply(response["status"], response["body"])

    faulty.create = as_documented
    async with connected(faulty.transport()) as client:
        answer = answer_of(await client.call_tool("create_contact", request["body"]))
    seen = faulty.seen[0]
    assert (seen.method, seen.path, seen.body) == (request["method"], request["path"], request["body"])
    not_shown = {"updatedAt", "projectId", "id", "createdAt", "listIds"}
    documented_contact = {name: v for name, v in response["body"]["data"].items() if name not in not_shown}
    assert answer == {"outcome": "created", **documented_contact, "undo": answer["undo"]}


@pytest.mark.parametrize("name", every_third(EXAMPLES))
async def test_an_example_sends_documented_requests_only(name: str) -> None:
    async with seeded(toolsets=",".join(TOOLSETS)) as (client, line):
        answer_of(await client.call_tool(name, await arguments_of(client, name)))
        routes = line.sandbox.app.routes
    answered = [one for one in map(documented, NAMES) if not is_error(one) and "no_sandbox" not in one]
    requests = [one["request"] for one in answered]
    known = {endpoint(routes, request["method"], request["path"]) for request in requests}
    assert {
        endpoint(routes, method, f"/v1{path}") for method, path in (asked.split() for asked, _ in line.seen)
    } <= known


def endpoint(routes: Sequence[BaseRoute], method: str, path: str) -> str:
    """Return the method and path of the sandbox's route for this request, without the values in its path."""
    scope = {"type": "http", "method": method, "path": path.partition("?")[0], "root_path": ""}
    (found,) = (route for route in routes if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL)
    return f"{method} {found.path}"


async def test_several_contacts_are_removed_by_the_documented_request() -> None:
    emails = ["email1@gmail.com", "email2@gmail.com"]
    autosend = project("remove_contacts")
    async with connected(autosend) as client:
        answer = answer_of(await client.call_tool("delete_contacts", {"emails": emails, "confirm": "2"}))
    assert answer["deleted"] == emails
    assert autosend.request | {"body": {"emails": emails}} in autosend.seen


def names_in(value: object) -> set[str]:
    """Return the names and addresses in a reply, but for built-in fields, which are read as none."""
    if isinstance(value, list):
        return set[str]().union(*map(names_in, cast("list[object]", value)))
    if not isinstance(value, dict):
        return set()
    row = cast("dict[str, object]", value)
    own = {str(row[name]) for name in ("name", "email", "fieldName") if name in row}
    return own.union(*map(names_in, row.values())) if "RESERVED" not in str(row.get("id")) else set()


@pytest.mark.parametrize("name", [name for name in NAMES if "reads" in documented(name)])
def test_an_endpoint_reads_what_no_tool_asks_for_as_documented(name: str) -> None:
    exchange = placed(documented(name))
    reads, asked, response = exchange["reads"], exchange["request"], exchange["response"]
    module, function = reads["endpoint"].split(".")
    endpoint_of = getattr(import_module(f"autosend_mcp.api.{module}"), function)
    request: Request[Any] = endpoint_of(**reads.get("arguments", {}))
    path = asked["path"].replace("custom-fields", "contact-properties")  # the client asks for the newer name first
    assert (request.method, f"/v1{request.path.partition('?')[0]}") == (asked["method"], path)
    found = request.parse(read_reply(response["status"], {}, json.dumps(response["body"]).encode()))
    assert {name for name in names_in(response["body"]) if name not in repr(found)} == set()


@pytest.mark.parametrize("name", NAMES)
def test_every_contract_has_its_call_or_is_an_error_or_says_why_not(name: str) -> None:
    exchange = documented(name)
    assert exchange["source"].startswith("AutoSend documentation, ")
    assert ("call" in exchange) is not ("no_call" in exchange or is_error(exchange))
    read_by = exchange.get("read_by")
    assert read_by is None or Path(read_by).exists()
