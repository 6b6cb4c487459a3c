"""The sandbox's page: sections, what is looked for, older rows, one row; nothing on it is run, or from elsewhere."""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest

from autosend_mcp.sandbox.access import KEY, PROJECT
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.sandbox.page.section import ROWS, Section
from autosend_mcp.sandbox.page.sections import SECTIONS
from autosend_mcp.sandbox.sample import add_sample
from autosend_mcp.sandbox.store import Store
from tests.support.http import over

pytestmark = pytest.mark.anyio

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}&amp;"


class Read(HTMLParser):
    """What a browser makes of the page: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, section: Section) -> int:
        """Return how many rows the links to the sections say it has."""
        found = re.search(rf"{section.title} (\d+)", self.text)
        assert found
        return int(found[1])

    @property
    def rows(self) -> list[str]:
        """The address of each row, which leads to it."""
        links = (attributes for tag, attributes in self.elements if tag == "a")
        return [link["href"] or "" for link in links if (link.get("id") or "").startswith("row-")]


async def page(http: httpx2.AsyncClient, path: str = "", **query: Any) -> Read:
    response = await http.get(f"http://127.0.0.1/{path}", params=query or None)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Read(response.text)


def add_people(store: Store, count: int) -> None:
    for number in range(count):
        writes.create(store, PROJECT, {"email": f"p{number}@example.com", "firstName": f"Person {number}"})


@contextmanager
def counted(store: Store) -> Generator[Callable[[], int]]:
    """Count the steps of SQLite's virtual machine meanwhile, by the ten."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    connection: Any = vars(store.db)["_db"]
    connection.set_progress_handler(step, 10)
    yield lambda: steps
    connection.set_progress_handler(None, 10)


async def test_each_section_shows_its_rows_and_each_row_what_there_is_of_it() -> None:
    async with over() as (http, store):
        add_sample(store, PROJECT)
        store.suppression_groups.suppress(PROJECT, ["jane@example.com"], is_global=True)
        await http.post("/contacts", json={"email": "no address", "phone": "1"})
        await http.post("http://127.0.0.1/sandbox/faults", json={"path": "/x", "status": 503, "delay": 2, "times": 0})
        await http.post("http://127.0.0.1/sandbox/faults", json={"method": "POST", "path": "/y", "drop": True})
        for name, section in SECTIONS.items():
            shown = await page(http, show=name)
            assert len(shown.rows) == shown.count(section) > 0, name
            for row in shown.rows:
                one = await page(http, row.lstrip("/"))
                assert "All of it" in one.text
        assert "Newsletter, Pro users" in (await page(http)).text
        asked = await page(http, show="requests", q="POST /v1/contacts 400", row=1)
        assert "POST /v1/contacts" in asked.text
        assert '"email": "no address"' in asked.text
        assert KEY not in asked.text
        assert "joined Newsletter" in (await page(http, show="automations")).text
        assert "undocumented member" in (await page(http, show="warnings", q="phone")).text
        faults = await page(http, show="faults")
        assert re.findall(r"(?:POST|\*) /.|status 503, after 2 s|connection dropped|always", faults.text) == [
            *("POST /y", "connection dropped", "* /x", "status 503, after 2 s", "always")
        ]
        assert "all mail" in (await page(http, show="suppressions")).text


async def test_long_addresses_are_broken_after_a_sign_and_stay_text() -> None:
    async with over() as (http, store):
        writes.create(store, PROJECT, {"email": "a.b@mail.example.com", "firstName": "<wbr>"})
        html = (await http.get("http://127.0.0.1/")).text
        assert ">a.<wbr>b@<wbr>mail.<wbr>example.<wbr>com</a>" in html
        assert "&lt;wbr&gt;" in html
        assert "a.b@mail.example.com" in Read(html).text


async def test_an_empty_sandbox_says_what_would_be_there() -> None:
    async with over() as (http, _):
        for name, section in SECTIONS.items():
            shown = await page(http, show=name)
            assert (section.nothing in shown.text) == (shown.count(section) == 0), name


async def test_older_rows_and_what_is_looked_for() -> None:
    async with over() as (http, store):
        add_people(store, 2 * ROWS + 1)
        first = await page(http)
        assert len(first.rows) == ROWS
        older = [a["href"] or "" for tag, a in first.elements if tag == "a" and "before=" in (a.get("href") or "")]
        second = await page(http, older[0].lstrip("/"))
        assert len(second.rows) == ROWS
        assert not {*first.rows} & {*second.rows}
        found = await page(http, q="PERSON 77")
        assert len(found.rows) == 1
        assert 'Nothing holds "nobody".' in (await page(http, q="nobody")).text


async def test_what_people_wrote_is_text() -> None:
    async with over() as (http, store):
        store.contact_lists.seed(PROJECT, HOSTILE, "list")
        writes.create(store, PROJECT, {"email": "h@example.com", "firstName": HOSTILE, "customFields": {"x": HOSTILE}})
        queries: tuple[dict[str, Any], ...] = (
            {},
            {"q": HOSTILE},
            {"row": 1},
            {"show": "lists", "row": 1},
            {"show": HOSTILE},
            {"show": "automations"},
        )
        for query in queries:
            shown = await page(http, **query)
            assert [tag for tag, _ in shown.elements if tag in {"script", "img"}] == ["script"]
            assert all(not name.startswith("on") for _, attributes in shown.elements for name in attributes)
        assert HOSTILE in (await page(http)).text


async def test_nothing_comes_from_elsewhere_and_no_other_page_may_read_it() -> None:
    async with over() as (http, store):
        add_sample(store, PROJECT)
        response = await http.get("http://127.0.0.1/")
        named = [
            a[name] or "" for _, a in Read(response.text).elements for name in ("href", "src", "action") if name in a
        ]
        assert all(re.match(r"/(\?|sandbox/page/|sandbox/state$|openapi.json$|$)|#|data:,", each) for each in named), (
            named
        )
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        for path in named:
            if path.startswith("/sandbox/page/"):
                file = await http.get(f"http://127.0.0.1{path}")
                assert file.headers["content-type"].startswith(("text/css", "text/javascript"))
        assert (await http.get("http://127.0.0.1/sandbox/page/page.html")).status_code == 404
        assert (await http.get("http://127.0.0.1/", headers={"Origin": "https://example.com"})).status_code == 403
        assert (await http.get("http://127.0.0.1/", headers={"Host": "example.com"})).status_code == 421


async def test_a_mail_is_shown_in_a_frame_that_runs_nothing() -> None:
    async with over() as (http, store):
        writes.create(store, PROJECT, {"email": "new@example.com"})
        mail = {
            "to": {"email": "a@example.com"},
            "from": {"email": "me@example.com"},
            "subject": HOSTILE,
            "html": HOSTILE,
        }
        assert (await http.post("/mails/send", json=mail)).status_code == 200
        shown = await page(http, show="mails")
        assert "Welcome: new contact" in shown.text
        assert "sent by the API" in shown.text
        (row,) = (await page(http, show="mails", q="a@example.com")).rows
        one = await page(http, row.lstrip("/"))
        ((_, frame),) = (each for each in one.elements if each[0] == "iframe")
        assert (frame["sandbox"], frame["srcdoc"]) == (None, HOSTILE)
        assert [tag for tag, _ in one.elements if tag in {"script", "img"}] == ["script"]


async def test_a_page_that_is_as_it_was_is_not_sent_again() -> None:
    async with over() as (http, store):
        tag = (await http.get("http://127.0.0.1/")).headers["etag"]
        again = await http.get("http://127.0.0.1/", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        add_people(store, 1)
        assert (await http.get("http://127.0.0.1/", headers={"If-None-Match": tag})).status_code == 200


async def test_older_starts_and_those_that_are_looked_for() -> None:
    """A write that starts several automations has one row of them, in which a page may begin and end."""
    async with over() as (http, store):
        lists = [store.contact_lists.seed(PROJECT, f"List {number}", "list") for number in range(3)]
        for number in range(ROWS):
            writes.create(store, PROJECT, {"email": f"p{number}@example.com", "listIds": lists})
        seen, query, shown = list[str](), {"show": "automations"}, await page(http, show="automations")
        for _ in range(4):
            shown = await page(http, **query)
            seen += shown.rows
            before = re.search(r"before=(\d+)", str(shown.elements))
            query["before"] = before[1] if before else ""
        assert len(seen) == len({*seen}) == shown.count(SECTIONS["automations"]) == 4 * ROWS
        found = await page(http, show="automations", q="list 2")
        assert f"{ROWS} with" in found.text
        assert len(found.rows) == ROWS
        assert "joined List 2" in (await page(http, found.rows[7].lstrip("/"))).text
        assert len((await page(http, show="automations", q="P7@EXAMPLE")).rows) == 4


@pytest.mark.slow
async def test_a_page_of_ten_times_as_many_costs_as_much() -> None:
    """The steps of SQLite are counted, and the bytes that are sent: at first, and when nothing happened."""
    steps: dict[str, list[int]] = {name: [] for name in SECTIONS}
    for count in (150, 1_500):
        async with over() as (http, store):
            for start in range(0, count, 100):
                emails = [f"p{number}@example.com" for number in range(start, start + 100)]
                rows = [{"email": email, "firstName": "Person"} for email in emails]
                await http.post("/contacts/bulk-update", json={"contacts": rows, "runWorkflow": True})
                mail = {"from": {"email": "me@example.com"}, "subject": "Hello", "html": "<p>Hello</p>" * 10_000}
                await http.post("/mails/bulk", json=mail | {"recipients": [{"email": email} for email in emails]})
            await page(http)
            for show, counts in steps.items():
                with counted(store) as count_of:
                    first = await http.get("http://127.0.0.1/", params={"show": show})
                    again = {"If-None-Match": first.headers["etag"]}
                    assert (await http.get("http://127.0.0.1/", params={"show": show}, headers=again)).content == b""
                counts.append(count_of())
                assert len(first.content) < 40_000, show
    assert {show: counts for show, counts in steps.items() if counts[1] > 1.5 * counts[0] + 10} == {}


@pytest.mark.parametrize("odd", ["x", "-1", "1.5", "9" * 30, "", "\u0661"])
async def test_a_key_that_is_none_shows_the_newest_rows(odd: str) -> None:
    async with over() as (http, store):
        add_people(store, 2)
        shown = await page(http, before=odd, row=odd)
        assert len(shown.rows) == 2
        assert "All of it" not in shown.text
