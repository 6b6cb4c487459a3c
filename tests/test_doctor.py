"""`doctor`: finds what is wrong between a host and AutoSend, with what fixes it; never shows the key."""

import json
import ssl
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme
from httpx2 import ASGITransport

from autosend_mcp.cli.doctor.doctor import examined
from autosend_mcp.cli.doctor.findings import Finding, as_text
from autosend_mcp.cli.main import main
from autosend_mcp.sandbox.app import KEY as SANDBOX_KEY
from autosend_mcp.sandbox.app import Options, Sandbox
from tests.support.doctor import machine_with, problems, put, started_by
from tests.support.faults import HTML, error, refuse
from tests.support.faulty import Fault, faulty_autosend
from tests.support.port import on_a_port
from tests.support.worlds import KEY

pytestmark = pytest.mark.anyio


def test_all_is_well_over_the_sandbox_and_in_a_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def over_the_sandbox() -> list[Finding]:
        async with on_a_port(ASGITransport(Sandbox(Options()).app)) as url:
            variables = {"AUTOSEND_BASE_URL": url, "AUTOSEND_API_KEY": SANDBOX_KEY, "AUTOSEND_TIMEOUT": "30"}
            machine = machine_with(tmp_path, monkeypatch, **variables)
            put("cursor", machine, {"command": started_by(tmp_path)})
            return await examined(machine)

    found = anyio.run(over_the_sandbox)  # on a loop that knows at once when a child has ended
    assert problems(found) == problems(found, state="note") == []
    assert as_text(found).endswith("All is well.")
    assert [one.check for one in found if one.check != "setting"] == [
        "key", "proxy", "dns", "tls", "read", "rate limit", "clock", "cursor",
    ]  # fmt: skip
    said = {one.said for one in found}
    assert {"AUTOSEND_API_KEY = set (environment)", "AUTOSEND_READ_ONLY = False (default)"} <= said
    assert any(one.endswith("and offers 1 tools") for one in said)


late = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
LISTS: dict[str, Any] = {"success": True, "data": {"lists": []}}
FAULTS: dict[str, tuple[Fault, str, str, str]] = {
    "wrong key": (refuse(401, error("Invalid")), "read", "refused the API key", "set AUTOSEND_API_KEY to a valid key"),
    "no page": (refuse(200, HTML), "read", "could not be read", "try again"),
    "failing": (refuse(503, b""), "read", "failed with status 503", "try again"),
    "clock": (refuse(200, LISTS, Date=late), "clock", " s before AutoSend's", "set this machine's clock"),
    "limit": (
        refuse(200, LISTS, X_RateLimit_Limit="50", X_RateLimit_Remaining="0"),
        "rate limit",
        "0 of 50 requests are left",
        "wait a moment",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_autosends_is_found_with_its_fix(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe, check, said, fix = FAULTS[fault]
    async with faulty_autosend(tcp=True) as faulty:
        faulty.describe = describe
        machine = machine_with(tmp_path, monkeypatch, AUTOSEND_BASE_URL=faulty.url, AUTOSEND_API_KEY=KEY)
        found = await examined(machine)
        assert faulty.described == 1
    ((found_check, found_said, found_fix),) = problems(found, state="note" if fault == "limit" else "problem")[:1]
    assert found_check == check
    assert said in found_said
    assert fix in found_fix


async def test_a_certificate_of_strangers_is_found_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # pyOpenSSL, unused
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with faulty_autosend(tcp=True, ssl=context) as faulty:
        found = await examined(machine_with(tmp_path, monkeypatch, AUTOSEND_BASE_URL=faulty.url, AUTOSEND_API_KEY=KEY))
        assert faulty.described == 0
    ((check, said, fix),) = problems(found)
    assert (check, "is not trusted" in said, "SSL_CERT_FILE" in fix) == ("tls", True, True)


NO_CERTIFICATES = "the trusted certificates cannot be read"


@pytest.mark.parametrize(
    ("file", "said", "fix"),
    [
        ("trusted.pem", "", ""),
        ("gone.pem", f"{NO_CERTIFICATES}: No such file or directory", "SSL_CERT_FILE"),
        ("empty.pem", NO_CERTIFICATES, "SSL_CERT_FILE"),
    ],
)
async def test_certificates_of_the_user_s_own_are_used_or_named(
    file: str, said: str, fix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), trustme.CA()
    authority.issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # pyOpenSSL, unused
    authority.cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
    (tmp_path / "empty.pem").write_text("")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / file))
    async with faulty_autosend(tcp=True, ssl=context) as faulty:
        faulty.describe = refuse(200, LISTS)
        found = await examined(machine_with(tmp_path, monkeypatch, AUTOSEND_BASE_URL=faulty.url, AUTOSEND_API_KEY=KEY))
        assert faulty.described == int(not said)
    of_tls = [one for one in problems(found) if one[0] == "tls"]
    assert [(said in one, fix in step) for _, one, step in of_tls] == ([(True, True)] if said else [])
    assert said or any("certificate valid until" in one.said for one in found)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HTTPS_PROXY": "socks5://127.0.0.1:9"}, ("read", "names a SOCKS proxy", "set HTTPS_PROXY to an http proxy")),
        ({"NO_PROXY": "*"}, ("tls", "no TLS connection to 127.0.0.1:9", "check the network, a firewall")),
        ({"AUTOSEND_BASE_URL": f"https://{'a' * 70}.test/v1"}, ("dns", "was not found", "check AUTOSEND_BASE_URL")),
    ],
)
async def test_what_stands_in_the_way_is_found_with_its_fix(
    variables: dict[str, str], expected: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"AUTOSEND_BASE_URL": "https://127.0.0.1:9/v1", "AUTOSEND_API_KEY": KEY, **variables}
    (found,) = problems(await examined(machine_with(tmp_path, monkeypatch, **variables)))
    assert all(part in text for part, text in zip(expected, found, strict=True)), found


@pytest.mark.skipif(sys.platform == "win32", reason="no such permissions there")
async def test_a_key_that_others_may_read_is_noted_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    key.write_text(KEY)
    key.chmod(0o644)
    variables = {"AUTOSEND_API_KEY_FILE": str(key), "AUTOSEND_BASE_URL": "http://127.0.0.1:9/v1"}
    found = await examined(machine_with(tmp_path, monkeypatch, **variables))
    assert ("key", f"Others on this machine may read {key}.", f"chmod 600 '{key}'") in problems(found, state="note")


@pytest.mark.parametrize("words", [["doctor"], ["doctor", "--json"]])
def test_the_command_reports_a_problem_by_its_exit_code(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("HOME", str(tmp_path)), ("AUTOSEND_BASE_URL", "http://127.0.0.1:9/v1"), ("PATH", "")):
        monkeypatch.setenv(name, value)
    assert main(words) == 1
    printed = capsys.readouterr().out
    assert "AUTOSEND_API_KEY is missing or empty" in printed
    assert words == ["doctor"] or json.loads(printed)["ok"] is False


@pytest.mark.parametrize(
    ("variables", "check", "said"),
    [
        ({"AUTOSEND_API_KEY": "re_1234567890123456"}, "key", "begins like a key of Resend"),
        ({}, "key", "AUTOSEND_API_KEY is missing or empty"),
        ({"AUTOSEND_API_KEY": KEY, "AUTOSEND_TIMEOUT": "soon"}, "settings", "AUTOSEND_TIMEOUT must be a number"),
        ({"AUTOSEND_API_KEY": KEY, "AUTOSEND_READONLY": "1"}, "settings", "did you mean AUTOSEND_READ_ONLY?"),
        ({"AUTOSEND_API_KEY": KEY, "AUTOSEND_TOOLSETS": "${TOOLS}"}, "settings", "holds a placeholder"),
        ({"AUTOSEND_API_KEY": KEY, "AUTOSEND_BASE_URL": "http://127.0.0.1:9/v1"}, "read", "could not be reached"),
    ],
)
async def test_a_wrong_setting_is_found_with_its_fix(
    variables: dict[str, str], check: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"AUTOSEND_BASE_URL": "http://127.0.0.1:9/v1", **variables}
    found = problems(await examined(machine_with(tmp_path, monkeypatch, **variables)))
    assert (check, True) in [(one, said in text) for one, text, _ in found]
