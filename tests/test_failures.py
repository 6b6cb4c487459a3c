"""What is reported when nothing left, and when something failed that should not."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme
from mcp import Client

from autosend_mcp.api.client import AutoSend
from autosend_mcp.api.envelope import Reply
from autosend_mcp.server.app import open_server
from autosend_mcp.settings import load_settings
from tests.support.faults import JANE, refuse
from tests.support.faulty import Faulty, faulty_autosend
from tests.support.line import over_a_line
from tests.support.worlds import KEY, connected, error_of

pytestmark = pytest.mark.anyio


async def test_a_refused_connection_is_tried_three_times_and_not_sent(era: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        async with connected(url, era, timeout=2) as client:
            text = error_of(await client.call_tool("create_contact", JANE))
    assert "could not be reached. Nothing was sent and nothing changed. Call again in a minute" in text


@pytest.fixture
def full_backlog() -> Iterator[str]:
    """Yield the URL of a listener that accepts no connection, because its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}/v1"
        for one in waiting:
            one.close()


async def test_a_connection_that_is_never_accepted_is_reported_as_not_sent(full_backlog: str) -> None:
    async with connected(full_backlog, timeout=2) as client:
        with anyio.fail_after(2.5):
            text = error_of(await client.call_tool("create_contact", JANE))
    assert "could not be reached. Nothing was sent" in text


async def test_a_certificate_that_cannot_be_verified_is_reported_and_not_retried() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # pyOpenSSL, unused
    async with faulty_autosend(tcp=True, ssl=context) as faulty, connected(faulty.url) as client:
        text = error_of(await client.call_tool("create_contact", JANE))
    assert "certificate of the AutoSend server could not be verified. Nothing was sent and nothing changed" in text
    assert "Ask the user to check the network" in text
    assert faulty.seen == []


async def test_a_full_queue_is_reported_with_the_time_to_wait(faulty: Faulty) -> None:
    texts: list[str] = []
    async with connected(faulty.transport(), rate_limit=2) as client, anyio.create_task_group() as tasks:

        async def create(number: int) -> None:
            result = await client.call_tool("create_contact", {"email": f"p{number}@example.com"})
            if result.is_error:
                texts.append(error_of(result))

        for number in range(60):
            tasks.start_soon(create, number)
    assert texts
    assert all("Too many calls are waiting to be sent. Nothing was sent and nothing changed." in text for text in texts)
    assert all("Try the same call again in" in text for text in texts)
    assert len(faulty.applied) + len(texts) == 60


class Buggy(AutoSend):
    """A client with a bug, whose text must not be shown."""

    async def exchange(self, *_args: object, **_options: object) -> Reply:
        raise LookupError("sEcReT")


async def test_a_bug_of_our_own_is_unknown_and_its_text_stays_hidden(
    caplog: pytest.LogCaptureFixture, era: str
) -> None:
    autosend = Buggy(load_settings(api_key=KEY, base_url="http://127.0.0.1:1"))
    async with open_server(autosend) as (server, _), Client(server, mode=era) as client:
        unsent = error_of(await client.call_tool("find_contacts", {"emails": ["jane@example.com"]}))
        text = error_of(await client.call_tool("create_contact", {"email": "jane@example.com"}))
    assert "failed with an error of its own. Nothing changed. Do not repeat the call" in unsent
    assert "failed with an error of its own. Whether it was applied is not known. Do not repeat the call" in text
    assert "sEcReT" not in text + caplog.text
    assert caplog.records[-1].__dict__["fields"]["cause"] == "LookupError"


@pytest.mark.parametrize(
    ("variable", "value", "said", "step"),
    [
        (
            "SSL_CERT_FILE",
            "/no/file",
            "could not be set up.",
            "check AUTOSEND_BASE_URL and the variables",
        ),
        ("HTTPS_PROXY", "foo://127.0.0.1:1", "HTTPS_PROXY names no proxy that can be used.", "set HTTPS_PROXY to the"),
        (
            "ALL_PROXY",
            "socks5://127.0.0.1:1",
            "ALL_PROXY names a SOCKS proxy, which is not",
            "set HTTPS_PROXY to an http",
        ),
    ],
)
async def test_a_connection_that_cannot_be_set_up_is_reported_as_not_sent(
    variable: str, value: str, said: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    async with connected("https://127.0.0.1:1/v1") as client:
        text = error_of(await client.call_tool("create_contact", JANE))
    assert said in text
    assert f"Nothing was sent and nothing changed. Ask the user to {step}" in text


@pytest.mark.parametrize("name", ["AUTOSEND_API_KEY", "AUTOSEND_API_KEY_FILE"])
async def test_a_refused_key_is_named_by_the_variable_it_came_from(name: str, tmp_path: Path, faulty: Faulty) -> None:
    faulty.create = refuse(401, {"success": False, "error": {"message": "No", "code": "UNAUTHORIZED"}})
    (tmp_path / "key").write_text("AS_another_key")
    given: dict[str, Any] = {"api_key": "AS_another"}
    if name.endswith("FILE"):
        given = {"api_key_file": tmp_path / "key", "api_key": None}
    async with connected(faulty.transport(), **given) as client:
        text = error_of(await client.call_tool("create_contact", JANE))
    assert "AutoSend refused the API key" in text
    assert f"Ask the user to set {name} to a " in text


async def test_a_base_url_without_its_version_is_named_where_nothing_is_found(faulty: Faulty) -> None:
    async with connected(faulty.transport(), base_url="http://127.0.0.1") as client:
        text = error_of(await client.call_tool("list_contact_lists", {}))
    assert "set AUTOSEND_BASE_URL to a URL with /v1 at its end; it has none" in text


CONNECTED = b"HTTP/1.1 200 Yes\r\n\r\n"
REFUSED = [b"", b"HTTP/1.1 20", b"HTTP/1.1 407 No\r\n\r\n", b"HTTP/1.1 502 No\r\nContent-Le", b"garbage\r\n\r\n"]


@pytest.mark.parametrize("reply", [*REFUSED, CONNECTED, CONNECTED + b"no TLS"])
async def test_a_proxy_that_opens_no_tunnel_has_sent_nothing_on(reply: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse_tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readline()).startswith(b"CONNECT autosend.invalid:443 ")
        writer.write(reply)
        writer.close()

    proxy = await asyncio.start_server(refuse_tunnel, "127.0.0.1")
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
    async with proxy, connected("https://autosend.invalid/v1", timeout=1) as client:
        text = error_of(await client.call_tool("create_contact", {"email": "jane@example.com"}))
    assert text.startswith("AutoSend could not be reached through the proxy that HTTPS_PROXY names. Nothing was sent")


async def test_a_server_that_was_never_called_closes_nothing() -> None:
    async with connected("http://127.0.0.1:1/v1") as client:
        assert (await client.list_tools()).tools


@pytest.mark.anyio
async def test_the_log_gives_no_status_of_what_was_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    async with over_a_line() as (client, _):
        await client.call_tool("create_contact", {**JANE, "listIds": ["Nowhere"]})
        await client.call_tool("create_contact", JANE)
    looked_up, created = (record.__dict__["fields"] for record in caplog.records if "fields" in record.__dict__)
    assert ("status" in looked_up, looked_up["requests"], looked_up["writes"]) == (False, 1, 0)
    assert (created["status"], created["writes"]) == (200, 1)
