"""Any import over any line, and killed at any request, ends as a model of imports says."""

import random
from collections.abc import Callable
from typing import Any

import httpx2
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.contact_lists.membership import bulk_add
from tests.support import clock
from tests.support.examples import TIMES
from tests.support.importing import Done, World, csv_of, report_of, world
from tests.support.interrupted import Killed
from tests.support.line import Forward, answering, applied_then_reset, reset

Given = dict[str, str]
Contact = dict[str, Any]


def typed(row: Given) -> Contact | None:
    """Return the contact that a row asks for, None where the row is invalid."""
    if "@" not in row["email"] or row["logins"] == "many":
        return None
    asked: Contact = {"firstName": row["firstName"]} if row["firstName"] else {}
    custom: Contact = {"plan": row["plan"]} if row["plan"] else {}
    custom |= {"logins": int(row["logins"])} if row["logins"] else {}
    return flat(asked | {"customFields": custom})


def flat(contact: Contact) -> Contact:
    return {name: v for name, v in contact.items() if name == "firstName"} | contact.get("customFields", {})


def expected(rows: list[Given], before: dict[str, Contact]) -> tuple[list[str], dict[str, Contact]]:
    """Return the outcome of each row, and all contacts afterwards."""
    after = {email: dict(held) for email, held in before.items()}
    outcomes = ["invalid"] * len(rows)
    alike: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if typed(row) is not None:
            alike.setdefault(row["email"].lower(), []).append(place)
    for email, places in alike.items():
        asked: Contact = {}
        values = [pair for place in places for pair in (typed(rows[place]) or {}).items()]
        if any(asked.setdefault(name, value) != value for name, value in values):
            continue
        held = before.get(email)
        as_asked = held is not None and all(held.get(name) == value for name, value in asked.items())
        outcomes[places[0]] = "created" if held is None else "unchanged" if as_asked else "updated"
        for place in places[1:]:
            outcomes[place] = "merged"
        after[email] = (held or {}) | asked
    return outcomes, after


EMAILS = [f"{name}@example.com" for name in "abcde"]
ROWS = st.fixed_dictionaries(
    {
        "email": st.sampled_from([*EMAILS, "A@Example.com", "B@EXAMPLE.COM", "no address"]),
        "firstName": st.sampled_from(["", "Ann", "Bob"]),
        "plan": st.sampled_from(["", "", "pro", "free"]),
        "logins": st.sampled_from(["", "", "1", "2", "many"]),
    }
)
HELD = st.dictionaries(
    st.sampled_from(EMAILS),
    st.fixed_dictionaries(
        {"customFields": st.dictionaries(st.sampled_from(["logins", "score"]), st.sampled_from([1, 2]))},
        optional={"firstName": st.sampled_from(["Ann", "Eve"])},
    ),
)
OPTIONS = st.builds(
    Options,
    rate_limit=st.just(0),
    upsert_rule=st.sampled_from(["merge", "replace"]),
    list_ids_in_replies=st.booleans(),
    max_search=st.sampled_from([0, 100]),
)
SEEDS = st.integers(0, 2**32)
# Shrinking takes long, and an example that fails says enough as it is.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)


class Unsteady:
    """Loses replies and requests by a seed: of each kind of write at most two, so that an import gets through."""

    def __init__(self, here: World, seed: int) -> None:
        self._here = here
        self._random = random.Random(seed)
        self._lost: dict[str, int] = {}

    async def __call__(self, forward: Forward) -> httpx2.Response:
        asked = self._here.line.seen[-1][0]
        kind = self._random.choice(["well", "well", "applied", "lost", "away", "refused"])
        self._lost[asked] = self._lost.get(asked, 0) + 1
        if kind == "well" or self._lost[asked] > 2:
            return await forward()
        if kind == "refused":
            return await answering(429, {"success": False, "error": {"retryAfter": 0}})(forward)
        if kind == "away":
            raise httpx2.ConnectError("refused")
        return await (applied_then_reset if kind == "applied" else reset)(forward)


async def check_against_the_model(
    here: World, rows: list[Given], held: dict[str, Contact], run: Callable[[bytes], Any]
) -> None:
    """Import the rows in the way of `run`; check that store, report and automations are as the model says."""
    list_id = here.made_list()
    here.seed(*({"email": email, **contact} for email, contact in held.items()))
    seeded = [*held][:2]
    if seeded:
        bulk_add(here.store, PROJECT, {"contactListId": list_id, "emails": seeded})
    outcomes, after = expected(rows, {email: flat(contact) for email, contact in held.items()})
    done = await run(csv_of(rows))
    assert [row["outcome"] for row in done.rows] == outcomes
    assert {email: flat(here.values(email)) for email in EMAILS if here.held(email)} == after
    first = {row["email"].lower(): outcome for row, outcome in reversed([*zip(rows, outcomes, strict=True)])}
    sent = {email for email, outcome in first.items() if outcome in {"created", "updated"}}
    sent |= {r["email"].lower() for r, one in zip(rows, outcomes, strict=True) if one in {"created", "updated"}}
    assert dict(here.written) == dict.fromkeys(sent, 1)
    joined = {r["email"].lower() for r, one in zip(rows, outcomes, strict=True) if one not in {"invalid", "merged"}}
    assert here.members(list_id) == len(joined | set(seeded))
    assert set(here.starts().values()) <= {1}
    assert len(here.starts()) == here.members(list_id)


@given(st.lists(ROWS, min_size=1, max_size=8), HELD, OPTIONS, SEEDS)
@settings(max_examples=8 * TIMES, phases=UNSHRUNK)
def test_any_file_over_any_line_ends_as_the_model_says(
    rows: list[Given], held: dict[str, Contact], options: Options, seed: int
) -> None:
    async def run() -> None:
        with world(options) as here:
            here.line.lose("POST", Unsteady(here, seed))
            await check_against_the_model(here, rows, held, lambda content: here.run(content, lists=("Newsletter",)))

    clock.run(run)


@given(st.lists(ROWS, min_size=1, max_size=8), HELD, OPTIONS, st.tuples(st.integers(1, 8), st.booleans()), SEEDS)
@settings(max_examples=8 * TIMES, phases=UNSHRUNK)
def test_an_import_killed_at_any_request_resumes_as_the_model_says(
    rows: list[Given], held: dict[str, Contact], options: Options, kill: tuple[int, bool], seed: int
) -> None:
    async def run() -> None:
        with world(options) as here:
            await check_against_the_model(here, rows, held, lambda content: killed_first(here, content, kill, seed))

    clock.run(run)


async def killed_first(here: World, content: bytes, kill: tuple[int, bool], seed: int) -> Done:
    """Import it and kill it on the way; then resume in another folder, with what was on disk."""
    grave = here.folder / "after"
    grave.mkdir()
    killed = Killed(here, kill[0], applied=kill[1], grave=grave)
    here.line.lose("", killed)
    imported = here.begin(content, lists=("Newsletter",))
    with killed.scope:
        await imported.read()
        await imported.send()
    imported.close()
    if not killed.happened:
        return Done(imported, report_of(imported.files[0]))
    here.folder = grave
    here.line.faults.clear()
    here.line.lose("POST", Unsteady(here, seed))
    return await here.run(content, lists=("Newsletter",))
