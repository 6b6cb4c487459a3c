"""What the sandbox keeps of lists and segments is what counting and judging every contact anew would give."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosend_mcp.sandbox.app import Options, Sandbox
from autosend_mcp.sandbox.contact_lists.contact_list import GLOBAL, ContactList
from autosend_mcp.sandbox.contact_lists.criteria import meets
from autosend_mcp.sandbox.contact_lists.membership import bulk_add, bulk_remove
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.sandbox.contacts.records import Contact
from autosend_mcp.sandbox.store import Store

PROJECTS = ("p", "q")
EMAILS = [f"{name}@x.co" for name in ("ann", "bob", "cy", "dee")]
LISTS = ["l", "m"]  # made on first use, so that both projects have lists of these ids
CONDITIONS = [
    ("email", "string", "contains", "n"),
    ("firstName", "string", "is_empty", None),
    ("plan", "string", "equals", "pro"),
    ("customFields.plan", "string", "not_equals", "pro"),
    ("contactProperties.n", "number", "greater_than", 1),
    ('a"b', "boolean", "equals", True),
]
some = st.sampled_from
emails = st.lists(some(EMAILS), min_size=1, max_size=3, unique=True)
bodies = st.fixed_dictionaries(
    {"email": some(EMAILS)},
    optional={
        "firstName": some(["A", ""]),
        "customFields": st.dictionaries(some(["plan"]), some(["pro", "free", None]))
        | st.dictionaries(some(["n"]), some([1, 2, 3]))
        | st.dictionaries(some(['a"b']), st.booleans()),
        "listIds": st.lists(some(LISTS), max_size=2),
    },
)
steps = st.tuples(
    some(PROJECTS),
    st.one_of(
        st.tuples(st.just("upsert"), bodies),
        st.tuples(st.just("rows"), st.lists(bodies, min_size=1, max_size=4)),
        st.tuples(st.just("add"), st.tuples(some(LISTS), emails)),
        st.tuples(st.just("remove"), st.tuples(some(LISTS), emails)),
        st.tuples(st.just("delete"), emails),
        st.tuples(st.just("drop"), some(["plan", "n", 'a"b'])),
        st.tuples(st.just("segment"), st.tuples(some(CONDITIONS), some([None, GLOBAL, *LISTS, "newest"]))),
        st.tuples(st.just("unlist"), some([*LISTS, "newest", "oldest"])),
    ),
)


def named(store: Store, project: str, name: str | None) -> str | None:
    """Return the id of a list: of the newest or the oldest segment, for these words."""
    segments = [one.id for one in store.contact_lists.known(project).values() if one.type == "segment"]
    return (segments[{"newest": -1, "oldest": 0}[name]] if segments else "l") if name in {"newest", "oldest"} else name


def take(store: Store, project: str, what: str, given: Any) -> None:
    lists = store.contact_lists
    if what == "upsert":
        writes.upsert(store, project, given)
    elif what == "rows":
        writes.bulk_update(store, project, [{**row, "listIds": []} for row in given])
    elif what == "delete":
        store.contacts.delete_by_emails(project, given, all_or_none=False)
    elif what == "drop":
        store.contact_properties.delete(project, given)
    elif what == "unlist":
        lists.delete(project, named(store, project, given) or "")
    elif what == "segment":
        group = dict(zip(("field", "fieldType", "operator", "value"), given[0], strict=True))
        criteria = {"logicalOperator": "AND", "groups": [group]}
        lists.insert(project, "S", "segment", criteria=criteria, parent=named(store, project, given[1]))
    elif given[0] in lists.known(project):
        body = {"contactListId": given[0], "emails": given[1]}
        bulk_add(store, project, body) if what == "add" else bulk_remove(store, project, given[0], body)


def judged(store: Store, project: str) -> dict[str, set[str]]:
    """Return who is in which list, by memberships in lists and the conditions alone."""
    known, contacts = store.contact_lists.known(project), store.contacts.all(project)
    put = {(row["contact"], row["list"]) for row in store.db.rows("SELECT contact, list FROM members")}

    def inside(one: ContactList | None, contact: Contact) -> bool:
        if one is None or one.type == "list":
            return one is not None and (contact["id"], one.id) in put
        above = one.parent in (None, GLOBAL) or inside(known.get(str(one.parent)), contact)
        return above and meets(contact, one.criteria)

    found = {one.id: {contact["id"] for contact in contacts if inside(one, contact)} for one in known.values()}
    return {GLOBAL: {contact["id"] for contact in contacts}} | found


def expect_kept(store: Store) -> None:
    for project in PROJECTS:
        expected = judged(store, project)
        shown = {one["id"]: one["contactCount"] for one in store.contact_lists.all(project)}
        assert shown == {list_id: len(members) for list_id, members in expected.items()}
        for list_id, members in expected.items():
            page, total = store.contact_lists.page(project, list_id, "", 0, 100)
            assert ({contact["id"] for contact in page}, total) == (members, len(members))
            pages = [store.contact_lists.page(project, list_id, "", start, 1)[0] for start in range(total + 1)]
            assert [contact for one in pages for contact in one] == page


@settings(max_examples=20)
@given(st.lists(steps, min_size=1, max_size=14))
def test_members_and_counts_are_those_that_judging_anew_gives(taken: Iterable[Any]) -> None:
    with closing(Sandbox(Options(rate_limit=0))) as sandbox:
        for condition in CONDITIONS[1:3]:
            take(sandbox.store, "p", "segment", (condition, None))
        for project, (what, given) in taken:
            take(sandbox.store, project, what, given)
        expect_kept(sandbox.store)


def test_pages_are_right_after_others_join_and_leave() -> None:
    people = [f"p{number}@x.co" for number in range(9)]
    with closing(Sandbox(Options(rate_limit=0))) as sandbox:
        take(sandbox.store, "p", "segment", (CONDITIONS[1], None))
        for number, email in enumerate(people):
            take(sandbox.store, "p", "upsert", {"email": email, "listIds": ["l"] if number not in (1, 3) else []})
        for what, given in (
            ("add", ("l", people[1:2])),
            ("remove", ("l", people[:1])),
            ("upsert", {"email": people[3], "firstName": "A"}),
            ("upsert", {"email": people[2], "firstName": "A", "listIds": ["l"]}),
            ("delete", people[5:6]),
            ("unlist", "newest"),
            ("segment", (CONDITIONS[1], "l")),
        ):
            expect_kept(sandbox.store)
            take(sandbox.store, "p", what, given)
        expect_kept(sandbox.store)


STARTS = """
CREATE TABLE starts (number INTEGER PRIMARY KEY, project TEXT NOT NULL, at TEXT NOT NULL, automation TEXT NOT NULL,
    "trigger" TEXT NOT NULL, list TEXT, contact TEXT NOT NULL, email TEXT NOT NULL, subject TEXT, reason TEXT,
    automation_id TEXT);
INSERT INTO starts SELECT ROW_NUMBER() OVER (ORDER BY last, s.key), project, at, json_extract(s.value, '$[1]'),
    json_extract(s.value, '$[2]'), json_extract(s.value, '$[3]'), contact, email,
    iif(reason IS NULL, json_extract(s.value, '$[1]'), NULL), reason, json_extract(s.value, '$[0]')
    FROM started, json_each(started.starts) s;
DELETE FROM started;
DELETE FROM tallies
"""


@pytest.mark.parametrize("version", [0, 1])
def test_an_older_file_keeps_segments_counts_and_starts_once_opened(version: int, tmp_path: Path) -> None:
    file = tmp_path / "contacts.sqlite3"
    with closing(Sandbox(file=file)) as sandbox:
        store = sandbox.store
        writes.upsert(store, "p", {"email": EMAILS[0], "listIds": ["l"]})
        take(store, "p", "segment", (CONDITIONS[0], "l"))
        store.suppression_groups.suppress("p", [EMAILS[1]], is_global=True)
        writes.upsert(store, "p", {"email": EMAILS[1], "listIds": ["l"]})
        before = store.automations.starts(1, 100), store.automations.counts("p")
        for statement in (*STARTS.split(";"), f"PRAGMA user_version = {version}"):
            store.db.run(statement)
        if version == 0:
            store.db.run("DELETE FROM members WHERE list <> 'l'")
    with closing(Sandbox(file=file)) as sandbox:
        expect_kept(sandbox.store)
        assert (sandbox.store.automations.starts(1, 100), sandbox.store.automations.counts("p")) == before
        pages = [sandbox.store.automations.starts(page, 2)[0] for page in (1, 2, 3)]
        assert [start for page in pages for start in page] == before[0][0]
