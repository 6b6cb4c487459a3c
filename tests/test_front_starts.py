"""Which starts of the command the front serves: only those that work, and that offer the same."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosend_mcp.cli.flags import apart, parser
from autosend_mcp.server.app import offered_tools
from autosend_mcp.server.front.offer import MODERN, Offer
from autosend_mcp.server.front.start import Start, plain_start
from autosend_mcp.server.front.stdin import front
from autosend_mcp.settings import Settings, SettingsError, load_settings
from tests.support.examples import TIMES

VALUES = [
    *[
        "",
        " ",
        "true",
        "1",
        "yes",
        "null",
        "${X}",
        "2",
        "0",
        "0.5",
        "1e9",
        "nan",
        "301",
        "45",
        "AS_key",
        "\udc80",
        "a b",
    ],
    *["contacts", "contacts,lists", "nothing", "/", "/nowhere", "auto", "INFO", "info"],
    *["https://api.autosend.com/v1", "https://api.autosend.com/v1?x", "https://a..b", "http://example.com"],
    *["http://127.0.0.1:7363/v1", "http://localhost:99999"],
]
FIELDS = [*Settings.model_fields, "sandbox", "sandbox_created_status", "base"]
VARIABLES = ["autosend_read_only", *(f"AUTOSEND_{name.upper()}" for name in FIELDS)]
WORDS = [
    *["--read-only", "--read-only=1", "--toolsets", "--toolsets=lists", "--toolsets=x", "contacts,fields"],
    *["--sandbox", "--sandbox=a.db", "--sandbox-sample", "--help", "import", "lists"],
]


@given(
    environment=st.dictionaries(st.sampled_from(VARIABLES), st.sampled_from(VALUES), max_size=3),
    words=st.lists(st.sampled_from(WORDS), max_size=3),
)
@settings(max_examples=200 * TIMES)
def test_a_plain_start_is_one_that_works_and_offers_the_same(environment: dict[str, str], words: list[str]) -> None:
    start = plain_start(words, environment)
    if start is None:
        return
    args = parser().parse(apart(words))
    assert args.command == "serve"
    given = {name: getattr(args, name) for name in ("read_only", "toolsets") if name in args}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        names = [*offered_tools(load_settings(**given))] if Offer(start).is_known else None
        if names is None:
            with pytest.raises(SettingsError):
                offered_tools(load_settings(**given))
            return
    shown = json.loads(Offer(start).result("tools/list", MODERN))["tools"]
    assert [tool["name"] for tool in shown] == names
    assert start.is_sandbox == ("sandbox" in args or "sandbox_sample" in args)


def test_in_a_checkout_and_at_an_odd_start_all_is_left_to_the_server(tmp_path: Path) -> None:
    assert front([]) is None
    assert front(["import", "x.csv"]) is None
    for odd in ({"AUTOSEND_IMPORT_DIR": str(tmp_path / "none")}, {"AUTOSEND_TIMEOUT": "400"}, {"AUTOSEND_FOO": "1"}):
        assert plain_start([], odd) is None
    assert plain_start([], {"AUTOSEND_IMPORT_DIR": str(tmp_path)}) == Start((), False, True, False)


def test_the_usual_starts_are_plain() -> None:
    for words in (
        [],
        ["--read-only"],
        ["--toolsets", "contacts,lists"],
        ["--sandbox"],
        ["--sandbox-sample", "--read-only"],
    ):
        for environment in (
            {},
            {"AUTOSEND_API_KEY": "AS_key"},
            {"AUTOSEND_READ_ONLY": "true", "AUTOSEND_TOOLSETS": ""},
        ):
            assert plain_start(words, environment), (words, environment)
