"""Bearer tokens in a file: who they belong to, and what their owner may do. The file holds hashes alone."""

import codecs
import hashlib
import hmac
import json
import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from autosend_mcp.settings import SettingsError

if sys.platform != "win32":  # pragma: no branch
    import fcntl

PREFIX = "asm_"


def _with_zone(value: datetime) -> datetime:
    """Return a time that names no zone, as people write it into the file, as one of UTC."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


_Time = Annotated[datetime, AfterValidator(_with_zone)]


class Token(BaseModel):
    """One token: whose it is, until when, and with which AutoSend key it works.

    `key_file`: the file of the owner's own AutoSend key; without it the server's. `toolsets`: "" for the server's.
    `metrics`: it may read /metrics, and nothing else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    created: _Time
    expires: _Time | None = None
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

    @model_validator(mode="after")
    def _checked(self) -> Self:
        """Let no token be of two owners: what one of them may not, the other one could."""
        if len({one.sha256 for one in self.tokens}) < len(self.tokens):
            raise ValueError
        return self


def hashed(token: str) -> str:
    """Return what is kept of a token. It has 256 random bits, so that no slow hash is needed."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


class TokenFile:
    """The tokens of a file. It is read again when it has changed, so that a revoked token ends at once."""

    def __init__(self, path: Path) -> None:
        """The file need not exist yet."""
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._tokens: tuple[Token, ...] = ()

    def tokens(self) -> tuple[Token, ...]:
        """Return all tokens, also those that have expired.

        Raises:
            SettingsError: The file cannot be read, or is none of ours.
        """
        try:
            found = self._path.stat()
            seen = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
            if seen != self._seen:
                self._tokens, self._seen = self._read(found.st_mode), seen
        except FileNotFoundError:
            self._tokens, self._seen = (), None
        except (OSError, ValueError) as error:
            self._tokens, self._seen = (), None
            why = error.strerror if isinstance(error, OSError) else "it is no file of autosend-mcp token"
            raise SettingsError(f"The tokens cannot be read from {self._path}: {why}.") from None
        return self._tokens

    def problem(self, *, needed: bool) -> str:
        """Return why it lets nobody in, or nothing. `needed`: nothing else does, so that there must be a token."""
        try:
            valid = any(one.is_valid(datetime.now(UTC)) and not one.metrics for one in self.tokens())
        except SettingsError:
            return "The file of tokens cannot be read."
        return "" if valid or not needed else "The file of tokens has none that is valid."

    def _read(self, mode: int) -> tuple[Token, ...]:
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise ValueError  # a pipe would be waited for
        return tuple(_Content.model_validate_json(self._path.read_bytes().removeprefix(codecs.BOM_UTF8)).tokens)

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
        token = PREFIX + secrets.token_urlsafe(32)
        self._target.parent.mkdir(parents=True, exist_ok=True)
        made = {"name": name, "sha256": hashed(token), "created": datetime.now(UTC).replace(microsecond=0), **about}
        with self._alone():
            if any(one.name == name for one in self.tokens()):
                raise SettingsError(f"{name} has a token; revoke it first: autosend-mcp token revoke {name}")
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
        with self._alone():
            kept = tuple(one for one in self.tokens() if one.name != name)
            if len(kept) == len(self.tokens()):
                return False
            self._write(kept)
        return True

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Let nobody else change the file meanwhile, who would write back what is revoked here."""
        folder = self._target.parent
        if sys.platform == "win32":
            yield
            return
        handle = os.open(folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # a network file system without locks
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    @property
    def _target(self) -> Path:
        """The file itself, where the path is a link to it: a server may know it by another name."""
        return self._path.resolve()

    def _write(self, tokens: tuple[Token, ...]) -> None:
        """Write the file whole or not at all.

        Raises:
            SettingsError: It cannot be written, as on a disk that is full.
        """
        try:
            self._replace(tokens)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise SettingsError(f"{self._target} cannot be written: {why}. Nothing was changed.") from None

    def _replace(self, tokens: tuple[Token, ...]) -> None:
        """Put a new file in the place of the old one: as private as it was, at first for its owner alone."""
        target = self._target
        content = {"tokens": [one.model_dump(mode="json", exclude_defaults=True) for one in tokens]}
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:  # of mode 0600, as mkstemp makes it
                json.dump(content, file, indent=2)
                file.write("\n")
                file.flush()
                _keep_readable(file.fileno(), self._path)
                os.fsync(file.fileno())
            Path(draft).replace(target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise


def _keep_readable(draft: int, path: Path) -> None:
    """Give a draft the owner and the mode of the file that it replaces: a server of another user may read that.

    Raises:
        SettingsError: The file is of somebody else, who could not read it any more.
    """
    try:
        before = path.stat()
        if sys.platform != "win32":
            os.fchown(draft, before.st_uid, before.st_gid)
            os.fchmod(draft, before.st_mode & 0o777)
    except FileNotFoundError:  # the first one
        return
    except PermissionError:
        raise SettingsError(f"{path} is of another user; run this as that user. Nothing was changed.") from None
