"""Six jobs as an assistant does them, who knows tools/list and the answers and nothing else.

`python -m tests.support.scenarios [NAME ...]` prints each call and its answer.
"""

import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.sandbox.store import Store
from tests.support.assistant import Assistant, Json
from tests.support.clock import clock, run
from tests.support.line import over_a_line


def _people(store: Store, *emails: str, **more: Any) -> None:
    for email in emails:
        writes.create(store, PROJECT, {"email": email, **more})


async def sign_up(user: Assistant) -> None:
    await user.call("list_contact_lists", nameContains="newsletter")
    await user.call("list_custom_fields")
    await user.call("create_custom_field", fieldName="plan", fieldType="string")
    await user.call("create_custom_field", fieldName="trialEnds", fieldType="date")
    made = await user.call("create_contact_list", name="Newsletter")
    custom = {"plan": "pro", "trialEnds": "2027-03-01"}
    await user.call(
        "create_contact", email="jane@example.com", firstName="Jane", listIds=[made["name"]], customFields=custom
    )
    await user.call("find_contacts", list=made["name"], fields=["firstName", "customFields"])


OLD = [f"old{n}@example.com" for n in range(10)]
NEW = [f"new{n}@example.com" for n in range(42)]
BAD: list[Json] = [
    {"email": "nobody"},
    {"email": "bad1@example.com", "customFields": {"logins": "many"}},
    {"email": "bad2@example.com", "customFields": {"pln": "pro"}},
    {"email": "bad3@example.com", "customFields": {"plan": {"name": "pro"}}},
    {"email": "bad4@example.com", "fristName": "Jane"},
]
ROWS: list[Json] = [
    *({"email": email, "customFields": {"plan": "free"}} for email in OLD[:4]),
    *({"email": email, "customFields": {"plan": "pro"}} for email in OLD[4:]),
    *({"email": email, "customFields": {"plan": "pro"}} for email in NEW),
    {"email": f" {NEW[0].upper()}", "customFields": {"plan": "pro"}},
    {"email": NEW[1], "lastName": "Doe"},
    {"email": OLD[4], "customFields": {"plan": "pro"}},
    *BAD,
]


def ten_contacts(store: Store) -> None:
    """Three of them are in the list."""
    newsletter = store.contact_lists.seed(PROJECT, "Newsletter", "list")
    for name, kind in (("plan", "string"), ("logins", "number")):
        store.contact_properties.define(PROJECT, name, kind)
    _people(store, *OLD[:3], customFields={"plan": "free", "logins": 7}, listIds=[newsletter])
    _people(store, *OLD[3:], customFields={"plan": "free", "logins": 7})


async def batch(user: Assistant) -> None:
    asked: Json = {"contacts": ROWS, "listIds": ["Newsletter"]}
    await user.call("upsert_contacts", **asked, dryRun=True)
    await user.call("upsert_contacts", **asked)
    await user.call("upsert_contacts", **asked)


def two_domains(store: Store) -> None:
    """Of the domain there are 45 in the list, and one who is not."""
    newsletter = store.contact_lists.seed(PROJECT, "Newsletter", "list")
    for n in range(45):
        _people(store, f"a{n}@acme.example", f"b{n}@other.example", listIds=[newsletter])
    _people(store, "outside@acme.example")


async def one_domain(user: Assistant) -> None:
    await user.pages("find_contacts", list="Newsletter", emailContains="@acme.example")


def two_wrong_plans(store: Store) -> None:
    """Thirty contacts; the plan of two is misspelt."""
    store.contact_properties.define(PROJECT, "plan", "string")
    for n in range(30):
        _people(store, f"p{n}@example.com", customFields={"plan": "premuim" if n in {3, 24} else "premium"})


async def wrong_plan(user: Assistant) -> None:
    pages = await user.pages("find_contacts", fields=["customFields"])
    wrong = [one["email"] for page in pages for one in page["contacts"] if one["customFields"]["plan"] == "premuim"]
    for email in wrong:
        await user.call("upsert_contact", email=email, customFields={"plan": "premium"}, dryRun=True)
    fixed = [await user.call("upsert_contact", email=email, customFields={"plan": "premium"}) for email in wrong]
    for answer in fixed:
        await user.take_back(answer)


def jane_and_john(store: Store) -> None:
    """Both are in the list."""
    newsletter = store.contact_lists.seed(PROJECT, "Newsletter", "list")
    _people(store, "jane@example.com", "john@example.com", firstName="J", listIds=[newsletter])


async def forgotten(user: Assistant) -> None:
    found = await user.call("get_contact", email="jane@example.com")
    shown = await user.refused("delete_contacts", emails=[found["email"]])
    await user.call("delete_contacts", emails=[found["email"]], confirm=shown["confirm"])
    await user.refused("get_contact", email=found["email"])
    await user.call("find_contacts", emails=[found["email"]])


def many_readers(store: Store) -> None:
    """130 people in the list."""
    newsletter = store.contact_lists.seed(PROJECT, "Newsletter", "list")
    _people(store, *(f"reader{n}@example.com" for n in range(130)), listIds=[newsletter])


async def moved(user: Assistant) -> None:
    (old,) = (await user.call("list_contact_lists", nameContains="Newsletter"))["lists"]
    new = await user.call("create_contact_list", name="Monthly letter")
    for page in await user.pages("find_contacts", list=old["id"], limit=100, fields=["id"]):
        ids = [one["id"] for one in page["contacts"]]
        await user.call("add_to_list", list=new["id"], contactIds=ids, dryRun=True)
        await user.call("add_to_list", list=new["id"], contactIds=ids)
        await user.call("add_to_list", list=new["id"], contactIds=ids)
    shown = await user.refused("delete_contact_list", list=old["id"])
    await user.call("delete_contact_list", list=old["id"], confirm=shown["confirm"])
    await user.call("list_contact_lists")


# By name: what AutoSend holds at first, and the job.
SCENARIOS: dict[str, tuple[Callable[[Store], None], Callable[[Assistant], Awaitable[None]]]] = {
    "sign_up": (lambda _store: None, sign_up),
    "batch": (ten_contacts, batch),
    "one_domain": (two_domains, one_domain),
    "wrong_plan": (two_wrong_plans, wrong_plan),
    "forgotten": (jane_and_john, forgotten),
    "moved": (many_readers, moved),
}


@asynccontextmanager
async def played(name: str, era: str = "2026-07-28") -> AsyncGenerator[Assistant]:
    """Yield the assistant after the job, with what was called and what AutoSend holds now."""
    held, play = SCENARIOS[name]
    sandbox = Sandbox(Options(rate_limit=0), now=clock())
    store = sandbox.store
    held(store)
    async with over_a_line(era, sandbox=sandbox) as (client, _):
        assistant = Assistant(client, store, {tool.name: tool for tool in (await client.list_tools()).tools})
        await play(assistant)
        yield assistant


def short(value: Any) -> Any:
    """Return the value with the first three of a long array."""
    if isinstance(value, dict):
        return {name: short(inner) for name, inner in cast("Json", value).items()}
    if isinstance(value, list):
        rows = cast("list[Any]", value)
        return [short(one) for one in rows] if len(rows) < 6 else [*map(short, rows[:3]), f"... {len(rows) - 3} more"]
    return value


async def main(names: list[str]) -> None:
    for name in names or SCENARIOS:
        print(f"\n{name}\n{'-' * len(name)}")
        async with played(name) as assistant:
            for one in assistant.played:
                print(f"\n{one.tool.name} {json.dumps(short(one.arguments))}")
                print(f"refused: {one.text}" if one.answer is None else f"answer: {json.dumps(short(one.answer))}")


if __name__ == "__main__":
    run(main, sys.argv[1:])
