"""The names by which clients call the server over HTTP: each spelling of an accepted Host, and nothing more."""

from pathlib import Path

import pytest

from autosend_mcp.server.http.settings import HttpSettings, load_http_settings
from autosend_mcp.settings import SettingsError
from tests.support.line import Line
from tests.support.serving import served
from tests.support.sockets import message

# By what the settings accept: the Host headers that name the same, and some that do not.
SAME: dict[str, tuple[list[str], list[str]]] = {
    "mcp.example.com": (
        [
            "mcp.example.com",
            "MCP.Example.COM",
            "mcp.example.com.",
            "mcp.example.com:443",
            "mcp.example.com:80",
            "mcp.example.com:",
            "mcp.example.com.:0443",
            "%6Dcp.example.com",
        ],
        [
            "mcp.example.com:8000",
            "mcp.example.com..",
            ".mcp.example.com",
            "mcp.example.com.evil.example",
            "mcp.example.com:443:443",
            "mcp.example.com:http",
            "mcp.example.com%2eevil.example",
            "mcp%2fexample.com",
            "ana@mcp.example.com",
            "mcp.example.com/",
            "mcp.example.com, evil.example",
            "https://mcp.example.com",
            "mcp",
            "example.com",
            "mcpxexample.com",
            "[mcp.example.com]",
            "\u0661.example.com",
            "",
        ],
    ),
    "MCP.example.com.:443": (
        ["mcp.example.com", "mcp.example.com:443"],
        ["mcp.example.com:80", "mcp.example.com:8443"],
    ),
    "localhost:8000": (
        ["localhost:8000", "LOCALHOST:8000", "localhost.:8000", "localhost:08000"],
        ["localhost", "localhost:80", "127.0.0.1:8000", "[::1]:8000", "localhost:800000"],
    ),
    "localhost:*": (
        ["localhost", "localhost.", "localhost:1", "localhost:65535", "Localhost.:443"],
        ["localhost:0", "localhost:65536", "localhost:*", "localhost.evil.example:80"],
    ),
    "127.0.0.1:*": (
        ["127.0.0.1", "127.0.0.1:8000", "[::ffff:127.0.0.1]:8000", "[::FFFF:7F00:1]", "[0:0:0:0:0:ffff:7f00:0001]"],
        ["127.0.0.1.", "127.1", "127.000.000.001", "0x7f000001", "2130706433", "127.0.0.2", "[::127.0.0.1]", "[::1]"],
    ),
    "[::1]:8000": (
        ["[::1]:8000", "[0:0:0:0:0:0:0:1]:8000", "[0000::0001]:8000", "[::0.0.0.1]:8000"],
        ["[::1]", "[::1", "::1:8000", "[::1%25lo]:8000", "[::1%lo]:8000", "[::2]:8000", "127.0.0.1:8000"],
    ),
    "[2001:DB8::A]": (["[2001:db8::a]", "[2001:db8:0:0::A]:443"], ["[2001:db8::b]", "2001:db8::a"]),
    "[::ffff:10.0.0.1]": (["10.0.0.1", "[::ffff:a00:1]"], ["10.0.0.10"]),
}


@pytest.mark.anyio
@pytest.mark.parametrize("accepted", SAME)
async def test_a_host_is_accepted_in_every_spelling_of_its_own(line: Line, accepted: str) -> None:
    same, others = SAME[accepted]
    headers, body = message("tools/list", {})
    async with served(line, http={"http_hosts": (accepted,)}) as app, app.http() as http:
        for expected, spelled in ((200, same), (421, others)):
            for host in spelled:
                sent = {**headers, "Host": host.encode()}
                answer = await http.post("/mcp", json=body, headers=sent)  # pyright: ignore[reportArgumentType]
                assert answer.status_code == expected, host


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["localhost", "localhost.", "127.0.0.1:8000", "[::1]:8000", "[::ffff:7f00:1]:8000"])
async def test_this_machine_is_called_by_any_of_its_names(line: Line, host: str) -> None:
    headers, body = message("tools/list", {})
    async with served(line) as app, app.http(Host=host) as http:
        assert (await http.post("/mcp", json=body, headers=headers)).status_code == 200


def test_origins_of_the_settings_are_spelled_as_browsers_do() -> None:
    settings = HttpSettings(http_origins=("HTTPS://App.Example.com:443", "http://LOCALHOST:*", "http://a.test:443"))
    assert settings.origins == ["https://app.example.com", "http://localhost:*", "http://a.test:443"]


@pytest.mark.parametrize(
    "name", ["https://mcp.example.com", "a b", "a/b", "[::g]", "a:0", "a:65536", "*", "a%62", ":8000"]
)
def test_what_names_no_host_is_no_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv("AUTOSEND_HTTP_TOKENS", str(tmp_path / "tokens.json"))
    monkeypatch.setenv("AUTOSEND_HTTP_HOSTS", f"mcp.example.com, {name}")
    with pytest.raises(SettingsError, match="AUTOSEND_HTTP_HOSTS must be host names"):
        load_http_settings()
