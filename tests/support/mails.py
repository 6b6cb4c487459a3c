"""Mails sent through the sandbox, and its mailbox."""

from typing import Any

import httpx2

FROM = {"email": "hello@mail.example.com", "name": "Your Company"}
MAIL: dict[str, Any] = {"to": {"email": "jane@example.com"}, "from": FROM, "subject": "Hello", "text": "Hello"}


async def sent(http: httpx2.AsyncClient, **mail: Any) -> str:
    response = await http.post("/mails/send", json=MAIL | mail)
    assert response.status_code == 200, response.text
    return response.json()["data"]["emailId"]


async def mailbox(http: httpx2.AsyncClient, **query: str) -> list[dict[str, Any]]:
    return (await http.get("http://127.0.0.1/sandbox/mails", params=query)).json()["mails"]
