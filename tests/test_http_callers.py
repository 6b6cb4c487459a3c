"""What each caller over HTTP has alone: a history, a key, a server that is closed when idle, and reports kept."""

from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp_types import CallToolResult, ElicitResult, InputRequiredResult

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.server.http.reports import Reports
from autosend_mcp.server.memory import in_process
from autosend_mcp.tools.jobs import Jobs
from tests.support.line import Forward, Line
from tests.support.serving import served
from tests.support.worlds import answer_of, autosend_over, error_of

JANE = {"email": "jane@example.com"}


@pytest.mark.anyio
async def test_nobody_sees_or_undoes_what_another_caller_did(line: Line, tmp_path: Path, era: str) -> None:
    async with served(line, tmp_path) as app:
        ana, ben = app.tokens.create("ana"), app.tokens.create("ben")
        async with app.client(ana, era) as client:
            undo = answer_of(await client.call_tool("create_contact", JANE))["undo"]
        async with app.client(ben, era) as client:
            assert "undo" in error_of(await client.call_tool("undo", {"undo": undo})).lower()
            history: Any = (await client.read_resource("autosend://writes")).contents[0]
            assert JANE["email"] not in history.text
        async with app.client(ana, era) as client:  # and the one who did it still can, by another connection
            history = (await client.read_resource("autosend://writes")).contents[0]
            assert JANE["email"] in history.text


@pytest.mark.anyio
async def test_each_caller_works_with_a_key_of_their_own(line: Line, tmp_path: Path) -> None:
    keys: list[str] = []

    class _Heard(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            keys.append(request.headers["authorization"])
            return await line.handle_async_request(request)

    (tmp_path / "key").write_text("AS_of-somebody-else-0123456789")
    async with served(_Heard(), tmp_path) as app:
        own = app.tokens.create("own", key_file=str(tmp_path / "key"))
        gone = app.tokens.create("gone", key_file=str(tmp_path / "no-such-file"))
        async with app.client(own) as client:
            await client.call_tool("create_contact", JANE)
        async with app.client(gone) as client:
            assert "no AutoSend key" in error_of(await client.call_tool("create_contact", JANE))
    assert set(keys) == {"Bearer AS_of-somebody-else-0123456789"}


@pytest.mark.anyio
async def test_the_server_of_one_caller_that_fails_ends_no_other(
    line: Line, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class _Broken(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return await line.handle_async_request(request)

        async def aclose(self) -> None:
            raise RuntimeError("no way to close")

    async with served(_Broken(), tmp_path) as app:
        for name in ("ana", "ben"):
            async with app.client(app.tokens.create(name)) as client:
                await client.call_tool("create_contact", {"email": f"{name}@example.com"})
    assert [record.message for record in caplog.records].count("server_failed") == 2


@pytest.mark.anyio
async def test_a_caller_whose_import_runs_is_not_closed_and_its_report_is_kept(line: Line, tmp_path: Path) -> None:
    go_on = anyio.Event()

    async def held(forward: Forward) -> httpx2.Response:
        await go_on.wait()
        return await forward()

    async def import_of(client: Client, import_id: str) -> CallToolResult:
        return await client.call_tool("get_import", {"importId": import_id})

    async with served(line, tmp_path, {"max_idle": 1}, toolsets="contacts,imports") as app:
        ana, ben, cleo = (app.tokens.create(name) for name in ("ana", "ben", "cleo"))
        async with app.client(ana) as of_ana, app.client(ben) as of_ben, app.client(cleo) as of_cleo:
            line.lose("", held)
            started = answer_of(await of_ana.call_tool("start_import", {"text": "email\njane@example.com\n"}))
            for client in (of_ben, of_cleo, of_ben):
                await client.list_tools()
            assert answer_of(await import_of(of_ana, started["importId"]))["importId"] == started["importId"]
            go_on.set()
            await anyio.sleep(60)
            for client in (of_ben, of_cleo, of_ben):
                await client.list_tools()
            report = answer_of(await import_of(of_ana, started["importId"]))
            assert (report["outcome"], report["counts"]) == ("done", {"created": 1})
            for client in (of_ben, of_cleo):
                assert "no import with this id" in error_of(await import_of(client, started["importId"]))
    assert [contact["email"] for contact in line.sandbox.store.contacts.all(PROJECT)] == [JANE["email"]]


@pytest.mark.anyio
async def test_what_is_forgotten_of_a_caller_who_is_closed_is_said_or_asked_again(line: Line, tmp_path: Path) -> None:
    async def never(*_: Any) -> ElicitResult:
        raise AssertionError

    one: dict[str, Any] = {"emails": [JANE["email"]], "confirm": JANE["email"]}
    async with served(line, tmp_path, {"max_idle": 1}) as app:
        ana, ben = app.tokens.create("ana"), app.tokens.create("ben")
        async with app.client(ana, elicitation_callback=never) as client, app.client(ben) as other:
            undo = answer_of(await client.call_tool("create_contact", JANE))["undo"]
            asked = await client.session.call_tool("delete_contacts", one, allow_input_required=True)
            assert isinstance(asked, InputRequiredResult)
            await other.list_tools()
            said = error_of(await client.call_tool("undo", {"write": undo}))
            assert "knows no write of yours with this undo" in said
            assert "where very many share it. Nothing was sent, and nothing was undone." in said
            yes: Any = {name: ElicitResult(action="accept", content={}) for name in asked.input_requests or {}}
            given: dict[str, Any] = {"input_responses": yes, "request_state": asked.request_state}
            again = await client.session.call_tool("delete_contacts", one, allow_input_required=True, **given)
            assert isinstance(again, InputRequiredResult)
    assert not line.count("DELETE")


@pytest.mark.anyio
async def test_reports_of_callers_who_are_closed_are_bounded() -> None:
    class _Done:
        async def run(self) -> None: ...
        def stop(self) -> None: ...

    reports, ids, kept = Reports(most=3), dict[str, list[str]](), dict[str, list[bool]]()
    autosend = autosend_over("http://127.0.0.1:1/v1")
    async with anyio.create_task_group() as tasks:
        for name in ("ana", "ben", "cleo"):
            jobs = Jobs(tasks)
            reports.of(name, in_process)(autosend, tasks, jobs)
            ids[name] = [jobs.start("about", _Done()) for _ in range(2)]
            await anyio.wait_all_tasks_blocked()
            reports.leave(name)
        for name, started in ids.items():
            jobs = Jobs(tasks)
            reports.of(name, in_process)(autosend, tasks, jobs)
            kept[name] = [jobs.get(job_id) is not None for job_id in started]
    assert kept == {"ana": [False, False], "ben": [False, True], "cleo": [True, True]}
