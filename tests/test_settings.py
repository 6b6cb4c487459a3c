"""The settings: a wrong value is reported by its variable and the rule, and no value is ever shown."""

import re

import pytest

from autosend_mcp.settings import Settings, SettingsError, load_settings
from autosend_mcp.variables import proxy_for

SECRET = "AS_sEcReT"


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("AUTOSEND_BASE_URL", "http://sEcReT.example.com/v1", "must be an https URL (or http on loopback)"),
        ("AUTOSEND_BASE_URL", "ftp://127.0.0.1", "must be an https URL"),
        ("AUTOSEND_BASE_URL", "https://user:sEcReT@example.com", "must be an https URL"),
        ("AUTOSEND_BASE_URL", "https://example.com?sEcReT", "must be an https URL"),
        ("AUTOSEND_BASE_URL", "https://example.com:sEcReT", "must be an https URL"),
        ("AUTOSEND_BASE_URL", "sEcReT", "must be an https URL"),
        ("AUTOSEND_BASE_URL", "https://sEcReT..com", "must be an https URL"),
        ("AUTOSEND_BASE_URL", "https://1.2.3.999", "must be an https URL"),
        ("AUTOSEND_RATE_LIMIT", "sEcReT", "must be a number above 0"),
        ("AUTOSEND_RATE_LIMIT", "0", "must be a number above 0"),
        ("AUTOSEND_RATE_LIMIT", "nan", "must be a number above 0"),
        ("AUTOSEND_TIMEOUT", "0.1", "must be a number of seconds from 1 to 300"),
        ("AUTOSEND_TIMEOUT", "301", "must be a number of seconds from 1 to 300"),
        ("AUTOSEND_LOG_LEVEL", "sEcReT", "must be DEBUG, INFO, WARNING or ERROR"),
        ("AUTOSEND_PROJECT_ID", "sEcReT\nid", "must be printable ASCII without spaces"),
    ],
)
def test_a_wrong_setting_is_reported_by_variable_and_rule_alone(
    variable: str, value: str, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert str(raised.value).startswith(f"{variable} {rule}")
    assert "sEcReT" not in str(raised.value)
    assert raised.value.__cause__ is raised.value.__context__ is None


def test_every_wrong_setting_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOSEND_TIMEOUT", "x")
    monkeypatch.setenv("AUTOSEND_RATE_LIMIT", "x")
    with pytest.raises(SettingsError, match=r"(?s)AUTOSEND_RATE_LIMIT .*\nAUTOSEND_TIMEOUT "):
        load_settings()


def test_a_placeholder_in_an_optional_setting_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, text in enumerate(("${user_config.x}", "{{x}}", "%X%", "<x>", "$X", "undefined", '"${X}"')):
        field = ("project_id", "import_dir", "read_only", "base_url", "timeout", "toolsets", "ask")[number]
        monkeypatch.setenv(f"AUTOSEND_{field.upper()}", text)
    settings = load_settings()
    assert settings.model_dump() == Settings().model_dump()
    assert [note.split()[0] for note in settings.notes] == [
        f"AUTOSEND_{field}"
        for field in ("PROJECT_ID", "IMPORT_DIR", "READ_ONLY", "BASE_URL", "TIMEOUT", "TOOLSETS", "ASK")
    ]


def test_quotes_and_blanks_around_any_setting_are_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOSEND_READ_ONLY", ' "true" ')
    monkeypatch.setenv("AUTOSEND_BASE_URL", "'https://a.co/v1'\r\n")
    assert (load_settings().read_only, load_settings().base_url) == (True, "https://a.co/v1")


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("AUTOSEND_READONLY", "did you mean AUTOSEND_READ_ONLY?"),
        ("AUTOSEND_READ_ONLYY", "did you mean AUTOSEND_READ_ONLY?"),
        ("AUTOSEND_TOOLSET", "did you mean AUTOSEND_TOOLSETS?"),
        ("AUTOSEND_APIKEY", "did you mean AUTOSEND_API_KEY?"),
        ("AUTOSEND_URL", "unset it"),
        ("AUTOSEND_SANDBOX", "the sandbox is the flag --sandbox"),
        ("AUTOSEND_PORTS", "unset it"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest(
    variable: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "sEcReT")
    with pytest.raises(SettingsError, match=re.escape(f"{variable} is no setting of autosend-mcp; ")) as raised:
        load_settings()
    assert said in str(raised.value)
    assert "sEcReT" not in str(raised.value)


def test_what_containers_and_the_sandbox_set_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT", "PORT_80_TCP", "PORT_80_TCP_ADDR",
        "PORT_80_TCP_PROTO",
        "MCP_SERVICE_HOST", "MCP_SERVER_PORT_8080_TCP_PORT", "NAME", "ENV_PATH", "SANDBOX_RATE_LIMIT",
    ):  # fmt: skip
        monkeypatch.setenv(f"AUTOSEND_{name}", "tcp://10.0.0.1:80")
    monkeypatch.setenv("AUTOSEND_READONLY", "")
    assert load_settings() == Settings()


PROXIED = [
    ({"ALL_PROXY": "socks5h://127.0.0.1:9"}, ("ALL_PROXY", "socks5h://127.0.0.1:9")),
    ({"ALL_PROXY": "socks5h://a:9", "HTTPS_PROXY": "http://b:9"}, ("HTTPS_PROXY", "http://b:9")),
    ({"ALL_PROXY": "socks5h://a:9", "NO_PROXY": "api.autosend.com"}, None),
    ({"HTTP_PROXY": "http://a:9", "FTP_PROXY": "x"}, None),
    ({"https_proxy": "a:9"}, ("https_proxy", "http://a:9")),
    ({"HTTPS_PROXY": "http://a:9", "NO_PROXY": "x.co, .autosend.com"}, None),
    ({"HTTPS_PROXY": "http://a:9", "NO_PROXY": "*.autosend.com"}, None),
    ({"HTTPS_PROXY": "http://a:9", "no_proxy": "*"}, None),
    ({"HTTPS_PROXY": "http://a:9", "NO_PROXY": "send.com,10.0.0.0/8,/,"}, ("HTTPS_PROXY", "http://a:9")),
    ({"NO_PROXY": "x"}, None),
]


@pytest.mark.parametrize(("env", "proxy"), PROXIED)
def test_only_the_proxy_that_applies_counts(
    env: dict[str, str], proxy: tuple[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, text in env.items():
        monkeypatch.setenv(name, text)
    assert proxy_for("https://api.autosend.com/v1") == proxy


def test_a_network_in_no_proxy_is_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://a:9")
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8,[::1]:8443")
    assert proxy_for("https://10.1.2.3/v1") is None
    assert proxy_for("https://[::1]:8443/v1") is None
    assert proxy_for("https://11.1.2.3/v1")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8025/v1", "http://[::1]/v1", "http://localhost/v1/", "https://a.co"])
def test_https_and_loopback_are_good_base_urls(url: str) -> None:
    assert load_settings(base_url=url).base_url == url.rstrip("/")


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.setenv(f"AUTOSEND_{field.upper()}", "")
    assert load_settings() == Settings.model_construct(**load_settings().model_dump())
    assert load_settings().timeout == 45
