"""`autosend-mcp sandbox`: its flags, and what they seed."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import httpx2
import pytest

from autosend_mcp.cli.flags import parser
from autosend_mcp.cli.main import main
from autosend_mcp.cli.sandbox import opened, seed
from autosend_mcp.cli.switches import from_texts
from autosend_mcp.sandbox.app import Options
from tests.support.http import expect_refusal, http_of

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def by_flags(*flags: str) -> AsyncGenerator[tuple[httpx2.AsyncClient, list[str]]]:
    """Yield a client of the sandbox that these flags describe, and the lines that name what was seeded."""
    words = parser().parse_args(["sandbox", "--no-rate-limit", *flags])
    with closing(opened(words)) as sandbox:
        printed = [*seed(sandbox.store, words)]
        async with http_of(sandbox) as http:
            yield http, printed


async def test_seeded_lists_and_segments_are_printed_with_their_ids() -> None:
    async with by_flags("--list", "News letter", "--segment", "Active") as (http, (seeded, segment)):
        assert seeded.startswith("list News letter: ")
        assert segment.startswith("segment Active: ")
        for line, status in ((seeded, 200), (segment, 400)):
            list_id = line.split()[-1]
            response = await http.post("/contacts", json={"email": "a@b.co", "listIds": [list_id]})
            assert response.status_code == status
        assert response.headers["Date"]
        assert json.loads(response.text)["error"]["details"][0]["field"] == "listIds"


async def test_the_sample_is_named_and_there() -> None:
    async with by_flags("--sample") as (http, printed):
        found = (await http.get("/contact-lists")).json()["data"]["lists"]
    assert printed == [
        "sample: jane@example.com, john@example.com, ana@example.com; list Newsletter; segment Pro users"
    ]
    assert {"Newsletter", "Pro users"} <= {one["name"] for one in found}


async def test_the_flags_seed_and_switch() -> None:
    flags = ["--field", "plan:string", "--suppress", "No@x.co", "--unsubscribe", "no@x.co:Blog: weekly"]
    flags += ["--automation", "plan:free:pro", "--lists-key", "lists", "--unknown-fields", "refuse"]
    async with by_flags("--list", "News", *flags) as (http, printed):
        assert len((await http.get("/contact-lists")).json()["data"]["lists"]) == 2
        for plan in ("free", "pro"):
            body = {"email": "no@x.co", "customFields": {"plan": plan}, "listIds": [printed[0].split()[-1]]}
            contact = (await http.post("/contacts/email", json=body)).json()["data"]
        refused = await http.post("/contacts/email", json={"email": "no@x.co", "customFields": {"x": 1}})
        expect_refusal(refused, 400, "VALIDATION_FAILED")
        groups = await http.get(f"/contacts/{contact['id']}/unsubscribe-groups")
        assert "Blog: weekly" in json.dumps(groups.json())
        log = (await http.get("http://127.0.0.1/sandbox/automations")).json()["automations"]
    assert [start["automation"] for start in log] == ["Welcome", "Welcome to News", "plan changed from free to pro"]
    assert [start["mail"] for start in log] == [None] * 3


async def test_automations_are_declared_by_property_list_or_as_the_api_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "automations.json"
    file.write_text(json.dumps([{"name": "From a file", "status": "paused"}]), encoding="utf-8")
    texts = ["plan", "plan:free:", "plan::pro", '{"name": "As JSON"}', f"@{file}"]
    flags = [word for text in texts for word in ("--automation", text)]
    async with by_flags("--list-in-use", "News", "--list", "News", *flags) as (http, _):
        listed = (await http.get("/automations")).json()["data"]["workflowAutomations"]
    assert [(one["name"], one["entryCriteria"]["type"]) for one in listed] == [
        ("Welcome to News", "contact_added_to_list"),
        ("plan changed", "contact_property_changes_from_to"),
        ("plan changed from free", "contact_property_changes_from_to"),
        ("plan became pro", "contact_property_matches_with"),
        ("As JSON", "contact_created"),
        ("From a file", "contact_created"),
    ]


async def test_a_seed_is_read_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "seed.json"
    file.write_text('{"contacts": [{"email": "a@b.co"}]}', encoding="utf-8")
    async with by_flags("--seed", str(file), "--host", "sandbox.test") as (http, _):
        state = await http.get("http://sandbox.test/sandbox/state")
        assert [one["email"] for one in state.json()["contacts"]] == ["a@b.co"]
    for text, said in (("{", f"{file} is not JSON"), ('{"x": 1}', "a seed is a JSON object with ")):
        file.write_text(text, encoding="utf-8")
        assert main(["sandbox", "--port", "0", "--seed", str(file)]) == 2
        assert said in capsys.readouterr().err
    assert main(["sandbox", "--port", "0", "--seed", str(tmp_path)]) == 2


async def test_every_switch_can_be_set() -> None:
    flags = ["--set", "created_status=201", "--set", "list_ids_in_replies=true", "--set", "max_search=1"]
    async with by_flags(*flags, "--unknown-fields", "refuse", "--set", "unknown_fields=ignore") as (http, _):
        created = await http.post("/contacts", json={"email": "a@b.co", "customFields": {"x": 1}})
        assert created.status_code == 201
        assert created.json()["data"]["listIds"] == []
        assert created.json()["data"]["customFields"] == {}
        searched = await http.post("/contacts/search/emails", json={"emails": ["a@b.co", "b@b.co"]})
        expect_refusal(searched, 400, "VALIDATION_FAILED")


def test_each_value_of_each_switch_can_be_written() -> None:
    for name, hint in get_type_hints(Options).items():
        values = get_args(hint) if get_origin(hint) is Literal else {bool: (True, False), int: (7,)}.get(hint, ())
        for value in values:
            assert from_texts([f"{name}={value}"]) == {name: value}
    assert from_texts(["webhook_url=http://127.0.0.1:1", "webhook_secret=0123"])["webhook_secret"] == "0123"


async def test_every_switch_has_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag wins over it, and `--set` over both."""
    given = {"CREATED_STATUS": "201", "LISTS_KEY": "contacts", "UPSERT_RULE": "replace", "ALLOW_HOSTS": "one, two"}
    for name, value in given.items():
        monkeypatch.setenv(f"AUTOSEND_SANDBOX_{name}", value)
    async with by_flags("--lists-key", "lists", "--upsert-rule", "merge", "--set", "upsert_rule=replace") as (http, _):
        assert (await http.post("/contacts", json={"email": "a@b.co", "customFields": {"x": 1}})).status_code == 201
        assert len((await http.get("/contact-lists", headers={"Host": "two"})).json()["data"]["lists"]) == 1
        assert (await http.post("/contacts/email", json={"email": "a@b.co"})).json()["data"]["customFields"] == {}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CREATED_STATUS", "400", "AUTOSEND_SANDBOX_CREATED_STATUS: input should be 200 or 201."),
        ("WEBHOOK_URL", "http://example.com", "the webhook's URL must be http:// on 127.0.0.1, [::1] or localhost."),
        ("NO_SUCH", "1", "AUTOSEND_SANDBOX_NO_SUCH names no switch of the sandbox: docs/sandbox.md has their names."),
    ],
)
def test_a_wrong_variable_is_explained(
    name: str, value: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"AUTOSEND_SANDBOX_{name}", value)
    assert main(["sandbox", "--port", "0"]) == 2
    with pytest.raises(SystemExit, match="2"):
        main(["call", "find_contacts", "--sandbox"])
    assert [line.endswith(said) for line in capsys.readouterr().err.splitlines()] == [True, True]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "created_status"], "created_status: input should be 200 or 201"),
        (["--set", "max_search=many"], "max_search: input should be a valid integer"),
        (["--set", "no_such=1"], "'no_such=1' is not NAME=VALUE; names: error_shape, "),
        (["--set", "webhook_url=http://x"], "the webhook's URL must be http://"),
        (["--field", "plan"], "'plan' is not NAME:TYPE"),
        (["--field", "plan:text"], "'plan:text' is not NAME:TYPE"),
        (["--field", "email:string"], "'email' is a reserved field name"),
        (["--suppress", "jane"], "'jane' is not an email address"),
        (["--unsubscribe", "a@b.co"], "'a@b.co' is not ADDRESS:GROUP"),
        (["--unsubscribe", "jane:Blog"], "'jane' is not an email address"),
        (["--automation", "plan:pro"], "'plan:pro' is not PROPERTY"),
        (["--automation", "{plan"], "'{plan' is not JSON"),
        (["--automation", '{"name": ""}'], "an automation needs a name"),
        (["--automation", "@{tmp}/list.json"], "is not an automation in JSON, nor an array of them"),
        (["--automation", "@no/such"], "no/such: No such file"),
        (["--automation", f"@{__file__}"], "is not JSON"),
        (["--webhook", "http://example.com/"], "the webhook's URL must be http://"),
    ],
)
def test_wrong_flags_are_explained(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.json").write_text("[1]")
    assert main(["sandbox", "--port", "0", *(word.replace("{tmp}", str(tmp_path)) for word in words)]) == 2
    assert said in capsys.readouterr().err
