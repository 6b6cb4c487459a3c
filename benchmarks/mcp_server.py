"""The other yardstick of overhead.py: one tool on the SDK's MCPServer, as its documentation shows, and nothing else."""

import os
from typing import Any

import httpx2
from mcp.server import MCPServer

_server = MCPServer("bare")
_clients: list[httpx2.AsyncClient] = []


@_server.tool()
async def create_contact(
    email: str,
    firstName: str = "",  # noqa: N803 - AutoSend's names
    lastName: str = "",  # noqa: N803
    userId: str = "",  # noqa: N803
    customFields: dict[str, Any] | None = None,  # noqa: N803
) -> dict[str, Any]:
    """Create a contact in AutoSend."""
    if not _clients:
        _clients.append(httpx2.AsyncClient(headers={"Authorization": f"Bearer {os.environ['AUTOSEND_API_KEY']}"}))
    body = {"email": email, "firstName": firstName, "lastName": lastName, "userId": userId}
    url = f"{os.environ['AUTOSEND_BASE_URL']}/contacts"
    reply = await _clients[0].post(url, json={**body, "customFields": customFields})
    return reply.json()["data"]


if __name__ == "__main__":
    _server.run("stdio")
