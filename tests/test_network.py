"""What leaves the machine, and what is written, by the installed command: in a namespace in which all of it is seen.

`unshare -rnm .venv/bin/python -m pytest tests/test_network.py -m slow`; CI does, with the command of the wheel.
"""

import os
import re
import ssl
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryFile

import anyio
import httpx2
import pytest
import trustme
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from autosend_mcp.sandbox.app import Options
from autosend_mcp.settings import TOOLSETS
from manifests.examples import EXAMPLES, arguments_of, example_sandbox
from tests.support.namespace import AUTOSEND, Network, environment, is_own_namespace, listing, set_up, watched
from tests.support.port import on_a_port
from tests.support.processes import ROOT
from tests.support.proxy import proxy_to
from tests.support.worlds import KEY

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(
        not is_own_namespace() and os.environ.get("REQUIRE_NAMESPACE") != "1",
        reason="outside of a network namespace; the first lines of the file say how to run it",
    ),
]

COMMAND = os.environ.get("COMMAND") or str(Path(sys.executable).with_name("autosend-mcp"))
HOST, ELSEWHERE = "api.autosend.com", "elsewhere.example"
BASE_URL = f"{AUTOSEND}:443"
PROXY = "127.0.0.1:3128"
ROWS = "E-Mail,First name,Plan\nann@example.com,Ann,pro\nnew@example.com,Nia,free\nmary,,free\n"
EVERY_TOOLSET = {"AUTOSEND_TOOLSETS": ",".join(TOOLSETS)}


@pytest.fixture(scope="module", autouse=True)
def _namespace() -> None:
    assert is_own_namespace(), "run this by unshare -rnm"
    set_up()


class World:
    """AutoSend at its own address, over TLS; the network; and an environment for the command."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network = network
        self.folder = folder
        self.env = environment(folder, AUTOSEND_API_KEY=KEY, AUTOSEND_RATE_LIMIT="1000")
        self.env["SSL_CERT_FILE"] = str(folder / "authority.pem")

    @asynccontextmanager
    async def client(self, era: str = "auto", *args: str, **env: str) -> AsyncGenerator[Client]:
        """Yield a client of the command, in a process of its own."""
        server = StdioServerParameters(
            command=COMMAND, args=list(args), env={**self.env, **env}, cwd=self.folder / "work"
        )
        with TemporaryFile("w+") as log:
            async with Client(stdio_client(server, errlog=log), mode=era) as client:
                yield client

    async def run(self, *args: str, code: int = 0, **env: str) -> str:
        """Run the command; return what it prints."""
        done = await anyio.run_process([COMMAND, *args], cwd=self.folder / "work", env={**self.env, **env}, check=False)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == code, said
        assert KEY not in said
        return said

    def written(self) -> list[Path]:
        """Return what was opened for writing, but for what keeps nothing."""
        notes = self.folder / "written"
        paths = [Path(line) for line in notes.read_text().splitlines()] if notes.exists() else []
        return [path for path in paths if not self._keeps_nothing(path)]

    def _keeps_nothing(self, path: Path) -> bool:
        is_probe = path.parent == self.folder / "tmp" and len(path.name) == 8  # by which tempfile tries the folder
        unnamed = path in {self.folder / "written", self.folder / "tmp"} or path.name == ":memory:"
        return is_probe or unnamed or path.parts[1] == "dev"

    def left(self) -> dict[Path, int]:
        """Return what lies in the home, the temporary folder and the working directory, with its mode."""
        return listing(*(self.folder / name for name in ("home", "tmp", "work")))


@pytest.fixture
async def world(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[World]:
    """Yield the world; its AutoSend is the sandbox of the examples, or what the test gives as a parameter."""
    sandbox = example_sandbox(Options(rate_limit=0, allow_hosts=(HOST,)))
    answers = getattr(request, "param", None) or httpx2.ASGITransport(sandbox.app)
    context, authority = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), trustme.CA()
    authority.issue_cert(HOST).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # pyOpenSSL, unused
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(on_a_port(answers, AUTOSEND, 443, context))
        network = await stack.enter_async_context(watched({HOST, ELSEWHERE}))
        yield World(network, tmp_path)


def test_the_namespace_shows_what_is_sent_anywhere() -> None:
    """The other tests would pass in one that shows nothing."""
    code = f"""
import socket
for host in ("{HOST}", "{ELSEWHERE}", "nowhere.example"):
    try:
        socket.create_connection((host, 443), 2).close()
    except OSError:
        pass
for family, host in ((socket.AF_INET, "198.51.100.7"), (socket.AF_INET6, "2001:db8::7")):
    socket.socket(family, socket.SOCK_DGRAM).sendto(b"x", (host, 53))
"""

    async def seen() -> tuple[set[str], set[str]]:
        async with watched({HOST}) as network:
            await anyio.run_process([sys.executable, "-c", code])
            return network.seen()

    places, names = anyio.run(seen)
    assert places == {BASE_URL, "198.51.100.7:53", "[2001:db8::7]:53"}
    assert names == {HOST, ELSEWHERE, "nowhere.example"}


@pytest.mark.parametrize(
    ("mode", "env"),
    [("legacy", {}), ("auto", {"AUTOSEND_API_KEY": ""}), ("auto", {"HTTPS_PROXY": f"http://{PROXY}"})],
    ids=["older era", "newer era without a key", "newer era with a proxy"],
)
async def test_a_start_sends_nothing_and_writes_nothing(world: World, mode: str, env: dict[str, str]) -> None:
    before = world.left()
    async with world.client(mode, **env, **EVERY_TOOLSET) as client:
        assert len((await client.list_tools()).tools) == len(EXAMPLES)
        assert (await client.list_prompts()).prompts
        assert (await client.list_resources()).resources
    assert world.network.seen() == (set(), set())
    assert world.written() == []
    assert world.left() == before


async def test_every_tool_contacts_the_base_url_alone_and_writes_no_file(world: World) -> None:
    before, failed = world.left(), set[str]()
    async with world.client(**EVERY_TOOLSET) as client:
        for name in sorted(EXAMPLES, key=lambda name: name.startswith(("remove_", "delete_", "update_"))):
            result = await client.call_tool(name, await arguments_of(client, name))
            places, names = world.network.seen()
            assert places <= {BASE_URL}, name
            assert names <= {HOST}, name
            failed |= {name} if result.is_error else set()
    assert failed <= {"delete_suppression_group"}  # the example before it has renamed the group
    assert world.written() == []
    assert world.left() == before


def redirect(request: httpx2.Request) -> httpx2.Response:
    there = f"https://{ELSEWHERE}{request.url.path}"
    return httpx2.Response(307, headers={"Location": there}, stream=httpx2.ByteStream(b""))


@pytest.mark.parametrize("world", [httpx2.MockTransport(redirect)], indirect=True, ids=["redirect"])
async def test_a_redirect_to_another_host_is_not_followed(world: World) -> None:
    async with world.client() as client:
        for name in ("create_contact", "list_contact_lists"):
            assert (await client.call_tool(name, EXAMPLES[name])).is_error
    await world.run("doctor", code=1)
    assert world.network.seen() == ({BASE_URL}, {HOST})


# The variables, the places something is sent to, and the names that are asked about.
WAYS: dict[str, tuple[dict[str, str], set[str], set[str]]] = {
    "a host that there is not": ({"AUTOSEND_BASE_URL": "https://nowhere.example/v1"}, set(), {"nowhere.example"}),
    "a host that does not listen": ({"AUTOSEND_BASE_URL": "https://203.0.113.9/v1"}, {"203.0.113.9:443"}, set()),
    "loopback, which needs no proxy": (
        {"AUTOSEND_BASE_URL": "http://127.0.0.1:9/v1", "ALL_PROXY": f"http://{PROXY}", "HTTP_PROXY": f"http://{PROXY}"},
        {"127.0.0.1:9"},
        set(),
    ),
    "a key that is none": ({"AUTOSEND_API_KEY": "sk_live_0123456789abcdef"}, set(), set()),
    "HTTPS_PROXY": ({"HTTPS_PROXY": f"http://{PROXY}"}, {PROXY, BASE_URL}, set()),
    "NO_PROXY, and a proxy for others": (
        {"ALL_PROXY": PROXY, "HTTP_PROXY": f"http://{PROXY}", "NO_PROXY": ".autosend.com"},
        {BASE_URL},
        {HOST},
    ),
    "SOCKS, which is not supported": ({"ALL_PROXY": "socks5h://127.0.0.1:1080"}, set(), set()),
    "a proxy that does not listen": ({"HTTPS_PROXY": "http://127.0.0.1:4"}, {"127.0.0.1:4"}, set()),
}


@pytest.mark.parametrize("way", WAYS)
async def test_settings_and_proxies_lead_nowhere_else(world: World, way: str) -> None:
    env, places, names = WAYS[way]
    async with (
        proxy_to(443, tunnels := [], AUTOSEND, 3128),
        world.client(AUTOSEND_TIMEOUT="30" if BASE_URL in places else "3", **env) as client,
    ):
        for name in ["create_contact", "list_contact_lists"][: len(places | names) or 2]:
            result = await client.call_tool(name, EXAMPLES[name])
            assert result.is_error == (BASE_URL not in places)
        if "PROXY" in way:  # what the doctor looks at is another part of the code
            await world.run("doctor", code=int(BASE_URL not in places), **env)
    assert world.network.seen() == (places, names)
    assert all(tunnel.startswith(f"CONNECT {HOST}:443 ".encode()) for tunnel in tunnels)


NOTHING = (set[str](), set[str]())
AUTOSEND_ALONE = ({BASE_URL}, {HOST})
IMPORT = "import people.csv --create-fields"
# Commands, the exit code of the last of them, and what is sent where by all.
COMMANDS: dict[str, tuple[list[str], int, tuple[set[str], set[str]]]] = {
    "dry run": ([f"{IMPORT} --dry-run"], 1, AUTOSEND_ALONE),
    "import": ([IMPORT], 1, AUTOSEND_ALONE),
    "sandbox": (["call list_contact_lists --sandbox kept.sqlite3"], 0, NOTHING),
    "import into a sandbox": ([f"{IMPORT} --sandbox kept.sqlite3"], 1, NOTHING),
    "install --print": (["install cursor --print"], 0, NOTHING),
    "install and doctor": (["install claude-desktop --yes", "doctor"], 0, AUTOSEND_ALONE),
    "demo": (["demo"], 0, NOTHING),
}


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_command_writes_what_security_md_names_and_sends_no_more(world: World, name: str) -> None:
    commands, code, sent = COMMANDS[name]
    people, desktop = (
        world.folder / path for path in ("work/people.csv", "home/.config/Claude/claude_desktop_config.json")
    )
    people.write_text(ROWS)
    desktop.parent.mkdir(parents=True)
    desktop.write_text("{}\n")
    before = world.left()
    for command in commands:
        await world.run(*command.split(), code=code if command == commands[-1] else 0)
    assert world.network.seen() == sent
    left = {path: mode for path, mode in world.left().items() if path not in before and path.is_file()}
    rows = rows_of_files(ROOT / "SECURITY.md")
    for path in {*world.written(), *left}:
        modes = [mode for pattern, mode in rows if fnmatch("/".join(path.parts[-1 - pattern.count("/") :]), pattern)]
        assert modes or path.is_dir(), f"{path} is not in SECURITY.md"
        assert "0600" not in modes or left.get(path, 0o600) == 0o600, path


def rows_of_files(page: Path) -> list[tuple[str, str]]:
    """Return the patterns of files that the page names, each with the mode of its row."""
    section = page.read_text().partition("## What is kept where")[2].partition("\n## ")[0]
    rows: list[tuple[str, str]] = re.findall(r"^\| (`[^|]*) \|[^|]*\| ([^|]*) \|", section, re.MULTILINE)
    return [(pattern, mode) for names, mode in rows for pattern in re.findall(r"`([^`]+)`", names)]
