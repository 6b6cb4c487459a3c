"""/metrics: what is counted of the calls made, who may read it, and that it names nobody."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio.lowlevel
import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from autosend_mcp.cli.main import main
from autosend_mcp.server.asgi import create_app
from tests.support.line import Line, answering, forwarded
from tests.support.serving import served
from tests.support.worlds import answer_of

JANE = {"email": "jane@example.com"}
ON: dict[str, Any] = {"http_metrics": True}


class Page:
    """A page of metrics, as Prometheus reads it."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of this name with these labels."""
        samples = [sample for family in self.families.values() for sample in family.samples if sample.name == name]
        assert samples, name
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


async def page(http: httpx2.AsyncClient) -> Page:
    answer = await http.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return Page(answer.text)


@pytest.mark.anyio
async def test_calls_and_requests_are_counted_as_they_were_made(line: Line, era: str) -> None:
    line.lose("GET /contact-lists", answering(503, {"success": False}), forwarded)
    async with served(line, http=ON, rate_limit=1000, rate_limit_minute=100) as app:
        async with app.client(era=era) as client:
            await client.call_tool("create_contact", JANE)
            await client.call_tool("create_contact", JANE)
            await client.call_tool("list_contact_lists", {})
            await client.call_tool("no_such_tool", {})
            await client.call_tool("create_contact", {"email": "no address"})
        async with app.http() as http:
            found = await page(http)
    calls = "autosend_mcp_calls_total"
    assert found.value(calls, tool="create_contact", outcome="created") == 1
    assert found.value(calls, tool="create_contact", outcome="refused") == 1
    assert found.value(calls, tool="create_contact", outcome="invalid") == 1
    assert found.value(calls, tool="list_contact_lists") == 1
    assert found.value(calls, tool="?", outcome="invalid") == 1
    assert found.value("autosend_mcp_call_duration_seconds_count") == found.value(calls) == 5
    sent = "autosend_mcp_api_requests_total"
    assert found.value(sent) == len(line.seen) == found.value("autosend_mcp_api_request_duration_seconds_count")
    assert found.value(sent, method="POST", route="/contacts", status="200") == 1
    assert found.value(sent, route="/contact-lists", status="503") == 1
    assert found.value("autosend_mcp_api_resends_total") == 1
    assert found.value("autosend_mcp_pace_requests_left", window="minute") == 100 - len(line.seen)
    assert found.value("autosend_mcp_build_info", version=version("autosend-mcp")) == 1


@pytest.mark.anyio
async def test_what_waits_for_the_pace_is_shown_while_it_waits(line: Line) -> None:
    async with served(line, http=ON, rate_limit=2) as app, app.client() as client, app.http() as http:
        await client.list_tools()
        pages = [await page(http)]
        async with anyio.create_task_group() as calls:
            for number in range(5):
                calls.start_soon(client.call_tool, "create_contact", {"email": f"{number}@example.com"})
            for turn in range(400):
                await anyio.lowlevel.checkpoint()
                if turn % 20 == 0:
                    pages.append(await page(http))
        pages.append(await page(http))

    def most(name: str) -> float:
        return max(page.value(f"autosend_mcp_{name}") for page in pages)

    assert most("http_requests_in_progress") >= 2
    assert most("pace_queue_length") >= 1
    assert most("pace_wait_seconds_count") >= 5
    assert min(page.value("autosend_mcp_pace_requests_left", window="second") for page in pages) == 0


@pytest.mark.anyio
async def test_metrics_name_nobody_and_follow_the_conventions(line: Line, tmp_path: Path) -> None:
    async with served(line, tmp_path, http=ON) as app:
        async with app.client(app.tokens.create("ana")) as client:
            assert answer_of(await client.call_tool("create_contact", JANE))["outcome"] == "created"
        async with app.http(app.tokens.create("prometheus", metrics=True)) as http:
            text = (await http.get("/metrics")).text
            openmetrics = await http.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert openmetrics.text.endswith("# EOF\n")
    for name in ("ana", "jane", "example", "AS_"):
        assert name not in text
    ours = [family for family in Page(text).families.values() if not family.name.startswith("process_")]
    assert len(ours) >= 10
    for family in ours:
        assert family.documentation.endswith(".")
        assert family.name.startswith("autosend_mcp_")
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
        if family.type == "counter":
            assert {sample.name for sample in family.samples} <= {f"{family.name}_total", f"{family.name}_created"}


@pytest.mark.anyio
async def test_only_a_token_for_it_reads_metrics_and_nothing_else(line: Line, tmp_path: Path) -> None:
    statuses: dict[str, list[int]] = {}
    async with served(line, tmp_path, http=ON) as app:
        tokens = {"none": None, "ana": app.tokens.create("ana"), "scraper": app.tokens.create("scraper", metrics=True)}
        for name, token in tokens.items():
            async with app.http(token) as http:
                message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
                statuses[name] = [
                    (await http.get("/metrics")).status_code,
                    (await http.post("/mcp", json=message, headers={"Accept": "application/json"})).status_code,
                ]
    assert statuses["none"] == [401, 401]
    assert statuses["ana"][0] == 403
    assert statuses["scraper"] == [200, 403]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 200), ({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)],
)
async def test_where_nobody_is_asked_no_foreign_page_reads_metrics(
    line: Line, headers: dict[str, str], status: int
) -> None:
    async with served(line, http=ON) as app, app.http() as http:
        assert (await http.get("/metrics", headers=headers)).status_code == status
    async with served(line) as app, app.http() as http:
        assert (await http.get("/metrics")).status_code == 404  # nobody has asked for it


def test_the_application_for_asgi_servers_is_made_from_variables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "tokens.json")
    assert main(["token", "create", "prometheus", "--metrics", "--file", file]) == 0
    assert main(["token", "list", "--file", file]) == 0
    assert "prometheus\treads /metrics\t" in capsys.readouterr().out
    for name, value in {"TOKENS": file, "HOSTS": "mcp.example.com", "METRICS": "true"}.items():
        monkeypatch.setenv(f"AUTOSEND_HTTP_{name}", value)
    app = create_app()
    assert isinstance(app, Starlette)
    assert "/metrics" in {getattr(route, "path", "") for route in app.routes}
