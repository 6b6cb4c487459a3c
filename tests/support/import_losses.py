"""How the requests of an import are lost, refused and miscounted, and what must hold afterwards."""

import json
from typing import Any

import anyio
import httpx2

from autosend_mcp.sandbox.app import Options
from autosend_mcp.sandbox.automations.definitions import matches_with
from tests.support.importing import Done, World, people
from tests.support.line import LOST, Forward, Loss, answering, reset, rewritten, saying, unreachable
from tests.support.requests import BULK

PLAN = Options(rate_limit=0, automations=(matches_with("plan", "trial"),))
P1 = "p1@example.com"


async def silence(_forward: Forward) -> httpx2.Response:
    await anyio.sleep_forever()
    raise AssertionError


def applied_saying(status: int, body: Any) -> Loss:
    """Return a fault that applies the request, and answers this."""

    async def answer(forward: Forward) -> httpx2.Response:
        await forward()
        return saying(status, body)

    return answer


APPLIED: dict[str, Loss] = {
    **LOST,
    "empty": applied_saying(200, ""),
    "truncated": applied_saying(200, '{"success": true, "data": {"succ'),
    "no object": applied_saying(200, "[]"),
    "408": applied_saying(408, {"success": False}),
}
NOT_APPLIED: dict[str, Loss] = {
    "reset": reset,
    "silence": silence,
    "500": answering(500, {"success": False, "error": {"message": "Internal error"}}),
    "html": answering(200, "<html></html>"),
    "empty": answering(200, ""),
    "truncated": answering(200, '{"success": true, "da'),
    "unreachable": unreachable,
    "429": answering(429, {"success": False, "error": {"code": "RATE_LIMIT_EXCEEDED", "retryAfter": 0}}),
}


def refusing(status: int, *fields: str, code: str = "REFUSED") -> Loss:
    details = [{"field": name, "message": f"{name} is wrong"} for name in fields]
    return answering(status, {"success": False, "error": {"message": "No", "code": code, "details": details}})


def counting(**counts: Any) -> Loss:
    """Return a fault that applies the request, and answers these counts; those that are None are left out."""

    def change(body: Any) -> None:
        body["data"] = {name: count for name, count in (body["data"] | counts).items() if count is not None}

    return rewritten(change)


def check_all_there(here: World, count: int, times: int = 1) -> None:
    """Check that each of these people has its values, and was written this often."""
    for row in people(count):
        assert here.values(row["email"]) == {"firstName": row["firstName"]}
    assert dict(here.written) == {row["email"]: times for row in people(count)}


def refusal(message: str) -> dict[str, Any]:
    return {"success": False, "error": {"message": message}}


def without(here: World, email: str, status: int, body: dict[str, Any], path: str = BULK) -> Loss:
    """Return a fault that answers a request with this address so, and others well."""

    async def answer(forward: Forward) -> httpx2.Response:
        named = email in json.dumps(here.line.bodies(path)[-1])
        return saying(status, body) if named else await forward()

    return answer


def written_once(done: Done, here: World) -> dict[str, int]:
    """Return the counts of an import that wrote no contact twice."""
    assert done.stage == "done"
    assert set(here.written.values()) <= {1}
    return done.counts
