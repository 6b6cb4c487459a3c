"""Mails in the tests of a Python program: pytest test_mailbox.py, with autosend-mcp and pytest installed.

In a conftest.py of yours stands `pytest_plugins = ["autosend_mcp.testing"]`; alone, this file runs with
`pytest -p autosend_mcp.testing`. What sends is the standard library here; any client of AutoSend does.
"""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from autosend_mcp.testing import AutosendSandbox


def sign_up(email: str, name: str, base_url: str, key: str) -> str:
    """Do what a program of yours would do: send a welcome, and return the mail's id."""
    mail = {
        "from": {"email": "hello@example.com", "name": "Example"},
        "to": {"email": email},
        "subject": "Welcome, {{name}}",
        "html": "<p>Hello {{name}}</p>",
        "dynamicData": {"name": name},
    }
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with urlopen(Request(f"{base_url}/mails/send", json.dumps(mail).encode(), headers)) as response:
        return json.load(response)["data"]["emailId"]


def test_who_signs_up_gets_a_welcome(autosend_sandbox: AutosendSandbox) -> None:
    sign_up("jane@example.com", "Jane", autosend_sandbox.url, autosend_sandbox.key)
    (mail,) = autosend_sandbox.mails(to="jane@example.com")
    assert (mail["subject"], mail["html"]) == ("Welcome, Jane", "<p>Hello Jane</p>")
    assert autosend_sandbox.warnings() == []


def test_each_test_begins_with_nothing(autosend_sandbox: AutosendSandbox) -> None:
    assert autosend_sandbox.mails() == []


def test_a_bounce_is_seen(autosend_sandbox: AutosendSandbox) -> None:
    mail_id = sign_up("bounce@example.com", "Bo", autosend_sandbox.url, autosend_sandbox.key)
    autosend_sandbox.advance(5)
    assert [mail["status"] for mail in autosend_sandbox.mails() if mail["id"] == mail_id] == ["bounced"]


def test_an_outage_is_reported(autosend_sandbox: AutosendSandbox) -> None:
    autosend_sandbox.fail(path="/mails/*", status=503)
    with pytest.raises(HTTPError, match="503"):
        sign_up("jane@example.com", "Jane", autosend_sandbox.url, autosend_sandbox.key)
    assert autosend_sandbox.mails() == []
