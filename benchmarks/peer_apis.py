"""The APIs that the servers call, each imitated just enough to create and import contacts.

What they answer is what their documentation or public source shows. Each refuses what the service refuses: useSend's
source takes any text as an address, the others do not. That of AutoSend is the sandbox of this project.
"""

import csv
import json
import re
from dataclasses import replace
from email.parser import BytesParser
from email.policy import HTTP

import httpx2

from autosend_mcp.sandbox.app import KEY, PROJECT, Options, Sandbox
from benchmarks.peer_line import Asked, Held, Json, Reply

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_READS = ("/contacts/search/emails", "/contact-lists/contacts/search", "/suppression-groups/entries")


class _Imitated:
    """An API that keeps its contacts in a dictionary."""

    def __init__(self) -> None:
        self.contacts: dict[str, Held] = {}

    def writes(self, asked: Asked) -> bool:
        """Return whether it is to change something."""
        return asked.method != "GET"

    async def held(self, email: str) -> Held | None:
        """Return the contact at this address."""
        return self.contacts.get(email)

    async def add(self, email: str, *, mailable: bool = True) -> None:
        """Store a contact."""
        self.store(email, {}, mailable)

    def store(self, email: str, custom: Json, mailable: bool | None) -> Held:
        """Create or change a contact; `mailable` None leaves that as it is."""
        old = self.contacts.get(email) or Held(f"c_{len(self.contacts) + 1:06}", email, {})
        kept = old.mailable if mailable is None else mailable
        self.contacts[email] = replace(old, custom=old.custom | custom, mailable=kept)
        return self.contacts[email]


class ResendApi(_Imitated):
    """Resend: POST /contacts, POST /contacts/imports and its counts."""

    def refusal(self, status: int, message: str) -> Json:
        """Return an error as this API writes it."""
        return {"statusCode": status, "name": "application_error", "message": message}

    async def reply(self, asked: Asked) -> Reply:
        """Carry a request out."""
        if asked.method == "POST" and asked.path == "/contacts":
            body = asked.body
            if not _ADDRESS.fullmatch(str(body.get("email"))):
                return Reply.of(422, self.refusal(422, "Invalid `email` field."))
            if not isinstance(body.get("properties") or {}, dict):
                return Reply.of(422, self.refusal(422, "Invalid `properties` field."))
            unsubscribed = body.get("unsubscribed")
            held = self.store(
                body["email"], body.get("properties") or {}, None if unsubscribed is None else not unsubscribed
            )
            return Reply.of(201, {"object": "contact", "id": held.id})
        if asked.method == "POST" and asked.path == "/contacts/imports":
            return Reply.of(201, {"object": "contact_import", "id": self._imported(asked)})
        if asked.path.startswith("/contacts/imports/"):
            counts = dict.fromkeys(("total", "created", "updated", "skipped", "failed"), 0)
            counts |= {"total": len(self.contacts), "created": len(self.contacts)}
            found = {"object": "contact_import", "id": asked.path.rpartition("/")[2], "status": "completed"}
            return Reply.of(200, found | {"created_at": "2026-01-15T10:30:00Z", "counts": counts})
        return Reply.of(404, self.refusal(404, "Not found"))

    def _imported(self, asked: Asked) -> str:
        """Store the rows of the file; a blank cell of the opt-outs changes nothing."""
        form = BytesParser(policy=HTTP).parsebytes(
            f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode() + asked.content
        )
        parts = {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}
        text = parts["file"].get_content()
        columns: Json = json.loads(parts["column_map"].get_content()) if "column_map" in parts else {}
        for row in csv.DictReader((text if isinstance(text, str) else text.decode()).splitlines()):
            no = row.get(columns.get("unsubscribed") or "", "")
            self.store(row[columns.get("email") or "email"], {}, {"true": False, "false": True}.get(no or ""))
        return "479e3145"


class HubSpotApi(_Imitated):
    """HubSpot: the scopes of a token, POST /crm/v3/objects/contacts and /batch/create."""

    _CONTACTS = "/crm/v3/objects/contacts"

    def refusal(self, status: int, message: str) -> Json:
        """Return an error as this API writes it."""
        category = {409: "CONFLICT", 429: "RATE_LIMITS", 401: "INVALID_AUTHENTICATION"}.get(status, "VALIDATION_ERROR")
        return {"status": "error", "message": message, "correlationId": "aeb5f871", "category": category}

    async def reply(self, asked: Asked) -> Reply:
        """Carry a request out."""
        if asked.path.startswith("/oauth/v1/access-tokens/"):
            return Reply.of(200, {"scopes": ["crm.objects.contacts.read", "crm.objects.contacts.write"]})
        if asked.method == "POST" and asked.path == self._CONTACTS:
            email = asked.body["properties"].get("email")
            if email is not None and not _ADDRESS.fullmatch(email):
                return Reply.of(400, self.refusal(400, f"Email address {email} is invalid"))
            return Reply.of(201, self._stored(asked.body["properties"]))
        if asked.method == "POST" and asked.path == f"{self._CONTACTS}/batch/create":
            results = [self._stored(row["properties"]) for row in asked.body["inputs"]]
            return Reply.of(201, {"status": "COMPLETE", "results": results})
        return Reply.of(404, self.refusal(404, "Not found"))

    def _stored(self, properties: Json) -> Json:
        held = self.store(properties.get("email", ""), properties, None)
        times = {"createdAt": "2026-01-15T10:30:00.000Z", "updatedAt": "2026-01-15T10:30:00.000Z", "archived": False}
        return {"id": held.id, "properties": properties} | times


class UseSendApi(_Imitated):
    """UseSend: POST .../contacts, which also updates, and POST .../contacts/bulk."""

    def refusal(self, status: int, message: str) -> Json:
        """Return an error as this API writes it."""
        code = {401: "UNAUTHORIZED", 409: "NOT_UNIQUE", 429: "RATE_LIMITED", 500: "INTERNAL_SERVER_ERROR"}
        return {"error": {"code": code.get(status, "BAD_REQUEST"), "message": message}}

    async def reply(self, asked: Asked) -> Reply:
        """Carry a request out."""
        if asked.method == "POST" and asked.path.endswith("/contacts"):
            return Reply.of(200, {"contactId": self._stored(asked.body).id})
        if asked.method == "POST" and asked.path.endswith("/contacts/bulk"):
            count = len([self._stored(row) for row in asked.body])
            return Reply.of(200, {"message": f"Queued {count} contacts for processing", "count": count})
        return Reply.of(404, self.refusal(404, "Not found"))

    def _stored(self, row: Json) -> Held:
        return self.store(row["email"], row.get("properties") or {}, row.get("subscribed"))


class AutoSendApi:
    """AutoSend: the sandbox, with the list and the custom field that the calls name."""

    def __init__(self) -> None:
        sandbox = Sandbox(Options(rate_limit=0))
        self._store = sandbox.store
        self._store.contact_lists.seed(PROJECT, "Newsletter")
        self._store.contact_properties.define(PROJECT, "plan", "string")
        self._http = httpx2.AsyncClient(transport=httpx2.ASGITransport(sandbox.app), base_url="http://127.0.0.1")

    def writes(self, asked: Asked) -> bool:
        """Return whether it is to change something; some that read are POST requests."""
        return asked.method != "GET" and not asked.path.endswith(_READS)

    def refusal(self, status: int, message: str) -> Json:
        """Return an error as this API writes it."""
        return {"success": False, "error": {"message": message, "code": f"ERROR_{status}"}}

    async def reply(self, asked: Asked) -> Reply:
        """Carry a request out."""
        kept = {name: asked.headers[name] for name in ("authorization", "content-type") if name in asked.headers}
        answer = await self._http.request(asked.method, asked.path, headers=kept, content=asked.content)
        return Reply(answer.status_code, answer.content, {"Content-Type": answer.headers["content-type"]})

    async def held(self, email: str) -> Held | None:
        """Return the contact at this address."""
        for contact in self._store.contacts.find(PROJECT, [email]):
            suppressed = self._store.suppression_groups.suppressed(PROJECT, [email])
            return Held(contact["id"], email, contact["customFields"], email not in suppressed)
        return None

    async def add(self, email: str, *, mailable: bool = True) -> None:
        """Store a contact, and suppress all mail to it if it may get none."""
        headers = {"Authorization": f"Bearer {KEY}"}
        (await self._http.post("/v1/contacts", json={"email": email}, headers=headers)).raise_for_status()
        if not mailable:
            self._store.suppression_groups.suppress(PROJECT, [email], is_global=True)
