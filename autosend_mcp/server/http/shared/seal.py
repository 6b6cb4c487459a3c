"""Names and values of one caller in Redis: of use to nobody without the caller's AutoSend key."""

import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from pydantic_core import to_json

from autosend_mcp.models.text import compact_json
from autosend_mcp.server.http.shared.store import Shared
from autosend_mcp.settings import Settings


class Seal:
    """Hashes names and encrypts values, both with a secret derived from the AutoSend key."""

    def __init__(self, shared: Shared, settings: Settings, who: str) -> None:
        """`who` tells one caller from another with the same key. Without a key there is nothing to seal."""
        self._shared = shared
        self._settings = settings
        self._who = compact_json([who, settings.base_url, settings.project_id])
        secret = settings.fingerprint(f"seal {self._who}", 32) or ""
        self._fernet = Fernet(urlsafe_b64encode(bytes.fromhex(secret)))

    def hashed(self, text: str) -> str:
        """Return what stands for a text."""
        return self._settings.fingerprint(f"{self._who} {text}", 16) or ""

    def name(self, kind: str, about: str = "") -> str:
        """Return the name of an entry of this caller's."""
        return f"{self._shared.prefix}{kind}:{self.hashed(about)}"

    def closed(self, data: object) -> str:
        """Return data as only this caller's servers can read it."""
        return self.encrypted(to_json(data))

    def opened(self, text: str) -> Any:
        """Return the data again; None where it is not ours."""
        content = self.decrypted(text)
        return None if content is None else json.loads(content)

    def encrypted(self, content: bytes) -> str:
        """Return bytes as only this caller's servers can read them."""
        return self._fernet.encrypt(content).decode()

    def decrypted(self, text: str) -> bytes | None:
        """Return the bytes again; None where they are not ours."""
        try:
            return self._fernet.decrypt(text.encode())
        except InvalidToken:
            return None
