"""The records of imports in Redis: what was asked for, by whom, how far it is, and who does it now."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from pydantic_core import to_json

from autosend_mcp.errors import AutoSendError
from autosend_mcp.imports.journal_rows import JournalRow
from autosend_mcp.models.imports import StartImport
from autosend_mcp.server.http.imports import scripts
from autosend_mcp.server.http.shared.results import as_data, from_data
from autosend_mcp.server.http.shared.seal import Seal
from autosend_mcp.server.http.shared.store import Shared

LEASE = 10.0  # seconds that a worker has an import without a sign of life
_UNDER_WAY = 7 * 24 * 3600  # seconds that an import is kept that nobody goes on with
_ENDED = 24 * 3600  # and one that has ended
_MAX_RUNNING = 3  # of one caller
_SHOWN = ("shown", "stop", "ended", "told", "waits")
_ALL = (*_SHOWN, "access", "asked", "sent", "journal")
_BEFORE_IT_BEGINS: Mapping[str, Any] = {
    "outcome": "reading",
    "rows": 0,
    "next_step": "Call get_import to see how far it is.",
    "notes": None,
}

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """How far an import is, as its worker has recorded it last. `digest`, `reading`: of the file, once it was read."""

    state: Mapping[str, Any]
    problems: Sequence[JournalRow] = ()
    digest: str | None = None
    reading: dict[str, Any] | None = None
    error: AutoSendError | None = None

    def data(self) -> dict[str, Any]:
        """Return it as data. The values of rows that did not succeed are left out."""
        rows = [row._replace(expected="") for row in self.problems]
        told = self.error and as_data(self.error)
        return asdict(Shown(self.state, rows, self.digest, self.reading)) | {"error": told}


def _from_data(data: Mapping[str, Any]) -> Shown:
    given: dict[str, Any] = {**data}
    given["problems"] = [JournalRow(*row) for row in data["problems"]]
    given["error"] = data["error"] and from_data(data["error"])
    return Shown(**given)


class Claim(NamedTuple):
    """What a worker has a lease by. `file`: that it has a lease of too; empty for none."""

    import_id: str
    token: str
    file: str


class Record:
    """One import, as its caller and the worker that does it can read it, by the seal of the caller."""

    def __init__(self, fields: Mapping[str, str | None], seal: Seal) -> None:
        self._fields = fields
        self.seal = seal

    def has(self, name: str) -> bool:
        """Return whether a mark is there: see the methods of `Records`; `sent` once a write may have left."""
        return self._fields[name] is not None

    @property
    def shown(self) -> Shown | None:
        """How far it is; None to anybody but its caller."""
        content = self._content("shown")
        return None if content is None else _from_data(json.loads(content))

    @property
    def asked(self) -> StartImport:
        """What was asked for."""
        return StartImport.model_construct(**json.loads(self._content("asked") or b""))

    @property
    def journal(self) -> bytes | None:
        """The journal that was saved last, of an import without a file."""
        return self._content("journal")

    def showing(self, shown: Shown) -> dict[str, str]:
        """Return the field that says how far it is."""
        return {"shown": self._packed(to_json(shown.data()))}

    def asking(self, asked: StartImport) -> dict[str, str]:
        """Return the field that holds what was asked for."""
        return {"asked": self._packed(to_json(asked.model_dump(mode="json")))}

    def keeping(self, journal: bytes) -> dict[str, str]:
        """Return the field that holds a journal."""
        return {"journal": self._packed(journal)}

    def _packed(self, content: bytes) -> str:
        return self.seal.encrypted(zlib.compress(content, 1))

    def _content(self, name: str) -> bytes | None:
        """Return what a field holds; None to anybody but the caller."""
        content = self.seal.decrypted(self._fields[name] or "")
        return None if content is None else zlib.decompress(content)


class Records:
    """The records of all imports. Every method raises Unreachable while Redis is gone."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._open = f"{shared.prefix}imports"

    def _of(self, kind: str, import_id: str) -> str:
        return f"{self._shared.prefix}{kind}:{import_id}"

    async def start(self, seal: Seal, import_id: str, access: object, about: str, body: StartImport) -> tuple[str, str]:
        """Record a new import; return `new` and its id, `found` and the id of the same one, or `full`."""
        record = Record({}, seal)
        given = {"access": json.dumps(access), **record.asking(body), **record.showing(Shown(_BEFORE_IT_BEGINS))}
        keys = [seal.name("import-about", about), self._open, seal.name("imports-of")]
        about_it = (self._of("import", ""), import_id, _UNDER_WAY, _MAX_RUNNING)
        word, found = await self._shared.run(scripts.START, keys, *about_it, *_flat(given))
        return word, found

    async def shown(self, import_id: str, seal: Seal) -> Record | None:
        """Return the import with this id, if it is of this caller; without its journal and what was asked for."""
        fields = await self._read(import_id, _SHOWN)
        record = Record(fields or dict.fromkeys(_SHOWN), seal)
        return None if record.shown is None else record

    async def same(self, seal: Seal, about: str) -> str | None:
        """Return the id of the last import of this caller that was about the same."""
        return await self._shared.run(scripts.SAME, [seal.name("import-about", about)])

    async def asked(self, import_id: str, seal: Seal) -> StartImport:
        """Return what was asked for with an import of this caller."""
        return Record(await self._read(import_id, ("asked",)) or {}, seal).asked

    async def whole(self, import_id: str) -> tuple[dict[str, Any] | None, Mapping[str, str | None]] | None:
        """Return who asked for an import, and its fields; None where there is none that has not ended."""
        fields = await self._read(import_id, _ALL)
        if fields is None or fields["ended"] is not None:
            return None
        return json.loads(fields["access"] or "null"), fields

    async def _read(self, import_id: str, names: Sequence[str]) -> dict[str, str | None] | None:
        values = await self._shared.run(scripts.READ, [self._of("import", import_id)], *names)
        return dict(zip(names, values, strict=True)) if values[0] is not None else None

    async def stop(self, import_id: str) -> None:
        """Ask the worker that does it to send nothing more."""
        await self._shared.run(scripts.STOP, [self._of("import", import_id)])

    def note_told(self, import_id: str) -> None:
        """Mark that an answer has said what it is about (`told`)."""
        self._shared.post(scripts.TOLD, [self._of("import", import_id)])

    async def wait(self, import_id: str) -> None:
        """Mark that it waits for a worker with what it needs (`waits`), unless one does it."""
        await self._shared.run(scripts.WAIT, [self._of("import", import_id), self._of("import-lease", import_id)])

    async def is_of(self, import_id: str, access: object) -> bool:
        """Return whether this caller has started it, with whatever AutoSend key."""
        fields = await self._read(import_id, ("access",))
        return fields is not None and fields["access"] == json.dumps(access)

    async def waiting(self) -> tuple[list[str], list[str]]:
        """Return the ids of the imports that have not ended, and that nobody does.

        Those that any worker may do, and those that wait for one with what they need.
        """
        begins = (self._of("import", ""), self._of("import-lease", ""))
        anybody, somebody = await self._shared.run(scripts.WAITING, [self._open], *begins)
        return anybody, somebody

    async def claim(self, claim: Claim) -> tuple[int, bool]:
        """Take the lease of an import and of its file, if it has one.

        Returns:
            How often it was claimed, 0 if it has ended or another worker has it; and whether the file is free.
        """
        claims, free = await self._shared.run(scripts.CLAIM, self._names(claim), *_about(claim))
        return claims, bool(free)

    async def renew(self, claim: Claim, fields: Fields) -> bool | None:
        """Keep the lease, and record these fields; return whether the import is to stop, None if the lease is lost."""
        keys = [*self._names(claim), self._open]
        answer = await self._shared.run(scripts.RENEW, keys, *_about(claim), _UNDER_WAY, *_flat(fields))
        return None if answer < 0 else bool(answer)

    async def release(self, claim: Claim, *, uncounted: bool) -> None:
        """Give the lease back. `uncounted`: the claim is not counted."""
        await self._shared.run(scripts.RELEASE, self._names(claim), claim.token, int(uncounted))

    async def end(self, claim: Claim, record: Record, fields: Fields) -> None:
        """Record that it has ended, if the lease is still this worker's; it keeps the lease."""
        keys = [*self._names(claim), self._open, record.seal.name("imports-of")]
        await self._shared.run(scripts.END, keys, claim.token, _ENDED, claim.import_id, *_flat(fields))

    def _names(self, claim: Claim) -> list[str]:
        lease, of_file = self._of("import-lease", claim.import_id), self._shared.name("import-file", claim.file)
        return [self._of("import", claim.import_id), lease, of_file]


def _about(claim: Claim) -> tuple[str, int, int]:
    return claim.token, int(LEASE * 1000), int(bool(claim.file))


def _flat(fields: Fields) -> list[str]:
    return [part for field in fields.items() for part in field]
