"""Who may reach the sandbox: hosts, origins, bodies, and clients that leave or stall."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import pytest

from autosend_mcp.sandbox.app import KEY, Options, Sandbox
from autosend_mcp.sandbox.serve import listening, server_of
from tests.support.http import expect_refusal, over
from tests.support.records import snapshot

pytestmark = pytest.mark.anyio

CONTROL = "http://127.0.0.1/sandbox/automations"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *((host, 200) for host in ("127.0.0.1", "localhost:7363", "[::1]:80", "LOCALHOST", "Sandbox:1", "sandbox")),
        *((host, 421) for host in ("evil.example", "localhost.evil.example", "", "127.0.0.1@evil.example", "[::2]")),
    ],
)
async def test_only_this_machine_and_allowed_hosts_are_answered(host: str, status: int) -> None:
    async with over(allow_hosts=("sandbox",)) as (http, _):
        for url in ("/contact-lists", CONTROL):
            assert (await http.get(url, headers={"Host": host})).status_code == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://localhost:5173", 200), ("https://evil.example", 403), ("null", 403), ("http://localhost.evil.co", 403)],
)
async def test_a_page_of_another_host_is_refused_everywhere(origin: str, status: int) -> None:
    async with over() as (http, _):
        for url in ("/contact-lists", CONTROL):
            assert (await http.get(url, headers={"Origin": origin})).status_code == status


async def in_parts(content: bytes) -> AsyncGenerator[bytes]:
    for start in range(0, len(content), 100):
        yield content[start : start + 100]


@pytest.mark.parametrize("known", [True, False])
async def test_a_body_that_is_too_large_is_refused_unread(known: bool) -> None:
    content = json.dumps({"email": "a@b.co", "firstName": "x" * 1_000}).encode()
    for limit, status in ((len(content) - 1, 413), (len(content), 200), (0, 200)):
        async with over(max_body=limit) as (http, store):
            sent = content if known else in_parts(content)
            answered = await http.post("/contacts", content=sent, headers={"Content-Type": "application/json"})
            assert answered.status_code == status
            assert len(snapshot(store)["contacts"]) == (status == 200)
            assert (answered.headers.get("Connection") == "close") is (status == 413)


@pytest.mark.parametrize("rule", ["required", "any"])
async def test_a_body_that_is_not_called_json_is_refused_or_read(rule: str) -> None:
    async with over(content_type=rule) as (http, store):
        for number, kind in enumerate(("text/plain", "application/x-www-form-urlencoded", "")):
            content = json.dumps({"email": f"p{number}@b.co"})
            answered = await http.post("/contacts", content=content, headers={"Content-Type": kind})
            assert answered.status_code == (400 if rule == "required" else 200)
        for number, kind in enumerate(("application/json; charset=utf-8", "application/ld+json")):
            content = json.dumps({"email": f"q{number}@b.co"})
            assert (await http.post("/contacts", content=content, headers={"Content-Type": kind})).status_code == 200
        assert len(snapshot(store)["contacts"]) == (2 if rule == "required" else 5)


async def test_a_key_opens_the_one_project_or_its_own() -> None:
    async with over(project_keys="own") as (http, store):
        for key, status in ((KEY, 200), ("AS_other", 200), ("AS_other", 409)):
            headers = {"Authorization": f"Bearer {key}", "x-project-id": "no matter"}
            assert (await http.post("/contacts", json={"email": "a@b.co"}, headers=headers)).status_code == status
        assert len(snapshot(store)["contacts"]) == 1
        expect_refusal(
            await http.get("/contact-lists", headers={"Authorization": "Bearer ASA_x"}), 403, "INSUFFICIENT_PERMISSIONS"
        )


@asynccontextmanager
async def served(patience: float) -> AsyncGenerator[int]:
    """Yield the port of a sandbox that drops a client which does nothing for so long."""
    sandbox = Sandbox(Options(rate_limit=0))
    with listening(0) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        server = server_of(sandbox, patience)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving
    sandbox.close()


HEAD = f"POST /v1/contacts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json"


async def test_a_client_that_leaves_or_stalls_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """One leaves, one reads no answer, one sends nothing, one no whole body: each is dropped, and nothing is logged."""
    caplog.set_level(logging.WARNING)
    async with served(0.2) as port:
        _, left = await asyncio.open_connection("127.0.0.1", port)
        left.write(f"{HEAD}\r\nContent-Length: 100\r\n\r\n{{".encode())
        await left.drain()
        left.transport.abort()
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            deaf.connect(("127.0.0.1", port))
            deaf.sendall(HEAD.replace("POST /v1/contacts", f"GET /v1/campaigns/{'x' * 50_000}").encode() + b"\r\n\r\n")
            for sent in ("", f"{HEAD}\r\nContent-Length: 100\r\n\r\n{{"):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(sent.encode())
                assert await asyncio.wait_for(reader.read(), 5) == b""
                writer.close()
            assert len(received_by(deaf)) < 50_000
    assert caplog.text == ""


def received_by(client: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionResetError):
        while part := client.recv(10_000):
            received += part
    return received
