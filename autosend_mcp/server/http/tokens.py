"""Bearer tokens in a file: who they belong to, and what their owner may do. The file holds hashes alone."""

import hashlib
import hmac
import json
import os
import secrets
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from autosend_mcp.settings import SettingsError

PREFIX = "asm_"


class Token(BaseModel):
    """One token: whose it is, until when, and with which AutoSend key it works.

    `key_file`: the file of the owner's own AutoSend key; without it the server's. `toolsets`: "" for the server's.
    `metrics`: it may read /metrics, and nothing else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    created: datetime
    expires: datetime | None = None
    key_file: str | None = None
    project_id: str | None = None
    read_only: bool = False
    metrics: bool = False
    toolsets: str = ""

    def is_valid(self, now: datetime) -> bool:
        """Return whether it has not expired."""
        return self.expires is None or now < self.expires


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tokens: list[Token] = Field(default_factory=list[Token])


def hashed(token: str) -> str:
    """Return what is kept of a token. It has 256 random bits, so that no slow hash is needed."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


class TokenFile:
    """The tokens of a file. It is read again when it has changed, so that a revoked token ends at once."""

    def __init__(self, path: Path) -> None:
        """The file need not exist yet."""
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def tokens(self) -> tuple[Token, ...]:
        """Return all tokens, also those that have expired.

        Raises:
            SettingsError: The file cannot be read, or is none of ours.
        """
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen != self._seen:
                self._tokens = tuple(_Content.model_validate_json(self._path.read_bytes()).tokens)
                self._seen = seen
        except FileNotFoundError:
            self._tokens, self._seen = (), None
        except (OSError, ValidationError) as error:
            self._tokens, self._seen = (), None
            why = error.strerror if isinstance(error, OSError) else "it is no file of autosend-mcp token"
            raise SettingsError(f"The tokens cannot be read from {self._path}: {why}.") from None
        return self._tokens

    def find(self, token: str, now: datetime) -> Token | None:
        """Return whose token this is; None if it is nobody's or has expired. Takes as long for any of them.

        Raises:
            SettingsError: The file cannot be read.
        """
        given, found = hashed(token), None
        for one in self.tokens():
            if hmac.compare_digest(one.sha256, given):
                found = one
        return found if found is not None and found.is_valid(now) else None

    def create(self, name: str, **about: object) -> str:
        """Add a token for a name that has none; return it, which is the only time that it is known.

        Raises:
            SettingsError: The name has one, or something about it is wrong.
        """
        if any(one.name == name for one in self.tokens()):
            raise SettingsError(f"{name} has a token; revoke it first: autosend-mcp token revoke {name}")
        token = PREFIX + secrets.token_urlsafe(32)
        made = {"name": name, "sha256": hashed(token), "created": datetime.now(UTC).replace(microsecond=0), **about}
        try:
            self._write((*self.tokens(), Token.model_validate(made)))
        except ValidationError:
            raise SettingsError("A name has letters, digits and ._@- in it, at most 64.") from None
        return token

    def revoke(self, name: str) -> bool:
        """Remove the token of this name; return whether there was one.

        Raises:
            SettingsError: The file cannot be read.
        """
        kept = tuple(one for one in self.tokens() if one.name != name)
        if len(kept) == len(self.tokens()):
            return False
        self._write(kept)
        return True

    def _write(self, tokens: tuple[Token, ...]) -> None:
        """Write the file whole or not at all, for its owner alone."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        content = {"tokens": [one.model_dump(mode="json", exclude_defaults=True) for one in tokens]}
        handle, draft = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:  # of mode 0600, as mkstemp makes it
                json.dump(content, file, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(self._path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
