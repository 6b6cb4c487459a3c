"""What lets an import go on that was interrupted: by the same command, or by another process that takes it over."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Protocol

from autosend_mcp.api.client import AutoSend
from autosend_mcp.errors import NotSent
from autosend_mcp.imports.hints import another_import
from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.journal_file import lock, parts_of
from autosend_mcp.imports.options import ImportOptions

_FINISHED = "finished"  # the journal's note of the import that needs it no more


class Keeping(Protocol):
    """An import that any of several processes goes on with, one at a time.

    `key`: what it is called in all of them. `kept`: the journal of an import without a file, as it was saved last.
    """

    @property
    def key(self) -> str: ...  # noqa: D102 - see above

    @property
    def kept(self) -> bytes | None: ...  # noqa: D102

    async def permit(self, journal: Callable[[], bytes] | None) -> bool:
        """Return whether this process may still send, and then save the journal, if one is given."""
        ...


def identity(autosend: AutoSend, options: ImportOptions, digest: str) -> dict[str, Any]:
    """Return what tells one import from another: the file, by its digest, the options and where it goes."""
    target = autosend.settings.fingerprint(f"{autosend.settings.base_url} {autosend.target}")
    return {"file": digest, "options": json.loads(json.dumps(asdict(options))), "target": target}


class BeingImportedError(NotSent):
    """Another import has the file."""

    def __init__(self) -> None:
        super().__init__("This file is being imported already.", "Wait until that has ended.")


class JournalPlace:
    """Where an import has its journal: beside the file, in memory, or for a dry run in a folder that goes with it."""

    def __init__(self, path: Path | None, keeping: Keeping | None, *, dry_run: bool) -> None:
        self._path = path
        self._keeping = keeping
        self._dry_run = dry_run
        self._scratch: TemporaryDirectory[str] | None = None

    @property
    def in_memory(self) -> bool:
        """Whether it must be saved, so that another process can go on with it."""
        return self._path is None and not self._dry_run

    @property
    def _beside(self) -> Path | None:
        return None if self._path is None or self._dry_run else self._path.with_name(f"{self._path.name}.journal")

    def open(self, file: BinaryIO) -> Journal:
        """Open it, or create it. The file that it is beside is locked.

        Raises:
            JournalBusyError: The file is being imported already.
            OSError: It cannot be opened.
        """
        if self._path is None:
            return Journal(None, self._keeping.kept if self._keeping else None)
        if self._beside is not None:
            lock(file)
            return Journal(self._beside)
        self._scratch = TemporaryDirectory(ignore_cleanup_errors=True)
        return Journal(Path(self._scratch.name) / "journal")

    def staged_before(self, journal: Journal, this: Mapping[str, Any], *, restart: bool) -> Mapping[str, Any] | None:
        """Return what was staged, if the journal is that of `this` import; else None, and it begins anew.

        Raises:
            NotSent: It belongs to another import, which is not finished.
        """
        begun, staged = journal.get_fact("begun"), journal.get_fact("staged")
        restart |= journal.get_fact(_FINISHED) not in {None, self._keeping and self._keeping.key}
        if begun is not None and staged is not None and not restart and (begun == this or journal.was_sent()):
            if begun != this:
                raise another_import(journal.count_outcomes(), begun, this)
            return staged
        journal.clear()
        journal.set_fact("begun", dict(this))
        return None

    def finish(self, journal: Journal) -> None:
        """Close and remove the journal of an import that is done; not before all processes know of that."""
        if self._keeping is not None:
            journal.set_fact(_FINISHED, self._keeping.key)
        journal.close(keep=self._keeping is not None)

    def discard(self) -> None:
        """Remove what finishing left for other processes."""
        if self._beside is not None:
            for part in parts_of(self._beside):
                part.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the folder of a dry run."""
        if self._scratch is not None:
            self._scratch.cleanup()
