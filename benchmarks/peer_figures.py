"""What each server costs: start-up, memory, tokens and the speed of an import, in turns, so that load falls on all."""

import json
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.peer_imports import rows_a_second
from benchmarks.peer_line import Json, Line, line_to
from benchmarks.peer_servers import OURS, Server
from benchmarks.peer_situations import asked
from benchmarks.peer_trial import IMPORTS, running
from benchmarks.raw_client import ServerFailed

LISTED, CALLED = "start to list of tools, ms", "start to first answer, ms"
MEMORY, TOOLS, TOKENS = "memory after it, MiB", "tools", "tokens of their list"
CREATE, ROWS = "tokens of the tool that creates", "rows imported a second"
PAIRED = (LISTED, CALLED, MEMORY, ROWS)

Figures = dict[str, dict[str, list[float]]]
"""By what was measured and by server: a figure of each round."""


def tokens(text: str) -> int:
    """Return the o200k tokens of a text."""
    import bpe_openai  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # it ships none, and loads slowly

    return len(bpe_openai.get_encoding("o200k_base").encode(text))


def wire(tool: Json) -> str:
    """Return what hosts put before a model."""
    shown = {name: tool.get(name) for name in ("name", "description", "inputSchema")}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


async def _start(server: Server, directory: Path, scratch: Path, line: Line, turn: int) -> dict[str, float]:
    """Start a server, have it list its tools and create one contact."""
    line.begin()
    began = perf_counter()
    async with running(server, directory, scratch, line=line) as client:
        tools = (await client.request("tools/list", {}))["tools"]
        listed = perf_counter()
        answer = await asked(client, server.creating(f"start{turn}@example.com"))
        called = perf_counter()
        memory = client.memory() or 0.0
    if answer.failed:
        raise ServerFailed(f"{server.name}: {answer.text}")
    texts = {tool["name"]: wire(tool) for tool in tools}
    return {
        LISTED: (listed - began) * 1000,
        CALLED: (called - began) * 1000,
        MEMORY: memory,
        TOOLS: len(tools),
        TOKENS: tokens(f"[{','.join(texts.values())}]"),
        CREATE: tokens(texts[server.create]),
    }


async def measured(servers: list[Server], directory: Path, scratch: Path, rounds: int) -> Figures:
    """Return the figures of as many rounds, in each of which every server has its turn."""
    figures: Figures = {}
    async with AsyncExitStack() as stack:
        lines = {server.name: await stack.enter_async_context(line_to(server.api())) for server in servers}
        for turn in range(0 if rounds > 1 else 1, rounds + 1):
            for place in range(len(servers)):
                server = servers[(turn + place) % len(servers)]
                found = await _start(server, directory, scratch, lines[server.name], turn)
                for what, figure in found.items() if turn else ():  # the first reads the files into the cache
                    figures.setdefault(what, {}).setdefault(server.name, []).append(figure)
        clients = {
            server.name: await stack.enter_async_context(
                running(server, directory, scratch, line=lines[server.name], **(IMPORTS if server is OURS else {}))
            )
            for server in servers
        }
        for turn in range(rounds):
            for server in servers:
                rate = await rows_a_second(server, clients[server.name], lines[server.name], turn)
                figures.setdefault(ROWS, {}).setdefault(server.name, []).append(rate)
    return figures


def ratio(figures: Figures, what: str, server: Server) -> float:
    """Return the median of the ratios of ours to this server, each of one round."""
    ours, theirs = figures[what][OURS.name], figures[what][server.name]
    return median(mine / other for mine, other in zip(ours, theirs, strict=True))
