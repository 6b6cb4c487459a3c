"""The connections to AutoSend: in how many writes a request leaves, and that it does over TLS and through a proxy."""

import json
import re
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpcore2
import pytest
import trustme
from mcp import Client

from autosend_mcp.api.transport import Network, Transport
from tests.support.faults import JANE
from tests.support.faulty import faulty_autosend
from tests.support.proxy import proxy_to
from tests.support.worlds import answer_of, connected

pytestmark = pytest.mark.anyio

ONE_CREATE = re.compile(rb"POST /v1/contacts HTTP/1.1\r\n.*\r\n\r\n\{.*\}", re.DOTALL)


class Wire(httpcore2.AsyncMockStream):
    """A connection that has the replies, notes each write, and breaks when it has all of them."""

    def __init__(self, replies: list[bytes], writes: list[bytes], *, breaks: bool) -> None:
        super().__init__(replies)
        self._writes = writes
        self._breaks = breaks

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - as httpcore2 has it
        self._writes.append(buffer)
        if self._breaks:
            raise httpcore2.WriteError


class Wires(httpcore2.AsyncNetworkBackend):
    """A network of such connections."""

    def __init__(self, replies: list[bytes], *, breaks: bool = False) -> None:
        self.writes: list[list[bytes]] = []
        self._replies = replies
        self._breaks = breaks

    async def connect_tcp(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        self.writes.append([])
        return Wire(list(self._replies), self.writes[-1], breaks=self._breaks)


def reply_to(number: int) -> bytes:
    contact = {"id": f"507f1f77bcf86cd79943901{number}", "email": f"jane{number}@example.com"}
    body = json.dumps({"success": True, "data": contact}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def created_over(network: Wires, number: int, client: Client) -> None:
    result = await client.call_tool("create_contact", {"email": f"jane{number}@example.com"})
    assert answer_of(result)["email"] == f"jane{number}@example.com", network.writes


async def test_each_request_leaves_in_one_write_on_one_connection() -> None:
    network = Wires([reply_to(0), reply_to(1)])
    transport = Transport(httpcore2.AsyncConnectionPool(network_backend=Network(network)))
    async with connected(transport) as client:
        for number in range(2):
            await created_over(network, number, client)
    [writes] = network.writes
    assert len(writes) == 2
    assert all(ONE_CREATE.fullmatch(write) for write in writes)


async def test_a_reply_counts_that_came_before_the_request_had_left() -> None:
    network = Wires([reply_to(0), reply_to(0)], breaks=True)
    transport = Transport(httpcore2.AsyncConnectionPool(network_backend=Network(network)))
    async with connected(transport) as client:
        for _ in range(2):
            await created_over(network, 0, client)
    assert len(network.writes) == 2  # such a connection is used no further


@pytest.mark.parametrize("proxied", [False, True])
async def test_requests_go_over_tls_and_through_a_tunnel(
    proxied: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority, asked = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), trustme.CA(), list[bytes]()
    authority.issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # pyOpenSSL, unused
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    async with faulty_autosend(tcp=True, ssl=context) as faulty, proxy_to(urlsplit(faulty.url).port or 0, asked) as url:
        if proxied:
            monkeypatch.setenv("HTTPS_PROXY", url)
        async with connected(faulty.url) as client:
            assert not (await client.call_tool("create_contact", JANE)).is_error
    assert faulty.creates == 1
    assert [b"Proxy-Authorization: Basic dXNlcjp3b3Jk\r\n" in request for request in asked] == [True] * proxied
