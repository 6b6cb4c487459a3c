"""The rules by which servers are compared find a wrong deed and a right one, whoever does it."""

import io
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import anyio
import pytest

from benchmarks.peer_apis import ResendApi
from benchmarks.peer_line import Asked, Dropped, Json, Line, Reply
from benchmarks.peer_rules import respects_the_no
from benchmarks.peer_servers import PEERS
from benchmarks.peer_situations import SITUATIONS, Seen, put_through
from benchmarks.peers import main
from benchmarks.raw_client import ServerFailed

pytestmark = pytest.mark.anyio

RESEND = PEERS[0]


@dataclass
class Played:
    """A server in this process that calls the API of a line itself."""

    line: Line

    async def request(self, method: str, params: Mapping[str, Any]) -> Json:
        assert (method, params) == ("tools/list", {})
        return {"tools": [{"name": RESEND.create, "inputSchema": {}, "outputSchema": {"required": ["id"]}}]}

    async def exchange(self, method: str, params: Mapping[str, Any], patience: float = 60) -> Json:
        with anyio.move_on_after(patience):
            return await self.answer(method, dict(params.get("arguments", {})))
        raise ServerFailed(method)

    async def answer(self, method: str, given: Json) -> Json:
        raise NotImplementedError

    async def post(self, body: Json) -> Reply:
        return await self.line.answer(Asked("POST", "/contacts", {}, json.dumps(body).encode()))


def said(text: str, *, failed: bool = False, **structured: Any) -> Json:
    content = [{"type": "text", "text": text}]
    return {"result": {"content": content, "isError": failed, "structuredContent": structured or None}}


class Careful(Played):
    """Does what the rules ask for."""

    async def answer(self, method: str, given: Json) -> Json:
        if method == "ping":
            return {"result": {}}
        given = {name: value for name, value in given.items() if value is not None}
        email = str(given.get("email", "")).strip().lower()
        if "@" not in email or "emial" in given:
            return said("email: no address, or emial: no such argument", failed=True)
        texts = {
            name: json.loads(given[name]) for name in ("properties", "segmentIds") if isinstance(given.get(name), str)
        }
        reply = await self.tried(given | texts | {"email": email})
        if reply is None:
            return said("unknown: the API does not answer", failed=True)
        if reply.status in (400, 401, 409, 422, 429):
            return said(f"Check RESEND_API_KEY. {reply.content.decode()}", failed=True)
        held = await self.line.api.held(email)
        return said(f"stored {held.id}", id=held.id) if held else said("not stored", failed=True)

    async def tried(self, body: Json) -> Reply | None:
        """Return the reply, after waiting where the API asks for it; an empty one of a lost reply, None without any."""
        reply = None
        for _ in range(3):
            with anyio.move_on_after(20):
                try:
                    reply = await self.post(body)
                except Dropped:
                    return Reply(0, b"")
            if reply is None or reply.status != 429:
                break
            await anyio.sleep(1)
        return reply


class Careless(Played):
    """Says that all went well, tries again at once, and shows what it got, the key too."""

    async def answer(self, method: str, given: Json) -> Json:
        if method == "ping":
            await anyio.sleep(10)
        for _ in range(12):
            with suppress(Dropped):
                reply = await self.post({"email": "nobody@example.com"} | given)
                if reply.status == 422:  # and where that address is none, it takes it all the same
                    await self.line.api.add(given["email"])
                    self.line.applied += 1
        return said(f"Done. {RESEND.key}")


async def verdicts(kind: type[Played], stderr: str) -> dict[str, Seen]:
    line = Line(ResendApi())
    return await put_through(RESEND, kind(line), line, io.StringIO(stderr), quick=False)


async def test_a_careful_server_is_right_in_every_situation() -> None:
    seen = await verdicts(Careful, "started")
    assert len(seen) == len(SITUATIONS) + 1 == 19
    assert {name: one.verdict for name, one in seen.items() if one.verdict.word != "right"} == {}
    assert [name for name, one in seen.items() if one.found_out] == [one.name for one in SITUATIONS if one.lost]


async def test_a_careless_server_is_wrong_in_every_situation() -> None:
    seen = await verdicts(Careless, "GET /token/re_1")
    assert {name for name, one in seen.items() if one.verdict.word != "wrong"} == set()
    assert all(one.verdict.why for one in seen.values())


async def test_an_import_is_wrong_if_one_who_opted_out_gets_mail() -> None:
    api = ResendApi()
    await api.add("ann@example.com")
    await api.add("bob@example.com", mailable=False)
    ann, bob = await api.held("ann@example.com"), await api.held("bob@example.com")
    assert respects_the_no(ann, [bob, None]).word == "right"
    assert respects_the_no(ann, [bob, ann]).word == "wrong"
    assert respects_the_no(None, [bob]).word == "wrong"


def test_the_rules_are_printed_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rules"]) == 0
    printed = capsys.readouterr().out
    assert all(situation.name in printed and situation.words for situation in SITUATIONS)
