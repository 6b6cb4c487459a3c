"""The import tools of one caller, where any worker does the imports: each call reads and writes their records."""

import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import anyio
from mcp.server.auth.provider import AccessToken

from autosend_mcp.errors import AutoSendError, NotSent, Unknown
from autosend_mcp.imports.background import (
    as_dry_run,
    as_shown,
    import_of,
    no_dry_run,
    no_such_import,
    notes_on,
    too_many,
    what_it_is_about,
)
from autosend_mcp.imports.job import WAIT, report_progress
from autosend_mcp.imports.state import after_cursor, started_from, state_from
from autosend_mcp.models.imports import GetImport, ImportState, StartedImport, StartImport, StopImport
from autosend_mcp.server.http.imports.principals import as_data
from autosend_mcp.server.http.imports.records import Record, Records, Shown
from autosend_mcp.server.http.shared.seal import Seal
from autosend_mcp.server.http.shared.store import Unreachable
from autosend_mcp.tools.context import Context

_LOOK_EVERY = 0.5  # seconds

_WAITS = (
    "It waits: a worker of this server has not the AutoSend key or the settings that it was started with. Tell the "
    "user to report it to who runs the server. It goes on by itself once they are there."
)
_OTHER_KEY = "This import was started with another AutoSend key, without which it can be neither read nor gone on with."
_OTHER_KEY_STEP = (
    "If that key is gone for good, call start_import with the same arguments: rows that AutoSend holds already are not "
    "sent again. Ask the user first."
)


class Queue(Protocol):
    """What hands imports to workers, one of which is this process."""

    @property
    def is_ending(self) -> bool: ...  # noqa: D102 - whether other workers go on with the imports of this one

    async def enqueue(self, import_id: str) -> None:
        """Have some worker do it."""
        ...


class CallersImports:
    """The imports of one caller; nobody else's are found."""

    def __init__(self, queue: Queue, records: Records, seal: Seal, access: AccessToken | None) -> None:
        self._queue = queue
        self._records = records
        self._seal = seal
        self._access = as_data(access)

    async def start(self, context: Context, body: StartImport) -> StartedImport:
        """Start an import, or find the same one under way; wait a little for its end.

        Raises:
            AutoSendError: The file, its columns or the lists are not clear, or Redis is gone.
        """
        if body.import_id is not None:
            body = await self._shown_before(context, body.import_id, dry_run=body.dry_run)
        import_of(context.call.autosend, body).close()  # there is such a file
        before = None if body.dry_run else await self._dry_run_of(body)
        new = secrets.token_hex(16)
        try:
            import_id = await self._begin(context, new, body)
            record, shown = await self._waited(context, import_id)
        except anyio.get_cancelled_exc_class():
            if not self._queue.is_ending:  # then another worker goes on, and the same call finds it
                with anyio.CancelScope(shield=True), suppress(Unreachable):
                    await self._records.stop(new)  # nobody has its id
            raise
        if shown.error is not None and shown.digest is None:
            raise shown.error
        notes = notes_on(body, is_new=import_id == new)
        self._was_told(import_id, record, shown)
        return started_from(_state(record, shown), import_id, shown.problems, shown.reading, notes=notes, before=before)

    async def show(self, context: Context, body: GetImport) -> ImportState:
        """Return how far an import is; wait a little for its end.

        Raises:
            NotSent: There is no such import, or Redis is gone.
        """
        after_cursor(body.cursor, body.import_id)
        return await self._state_of(context, body.import_id, body.cursor)

    async def stop(self, context: Context, body: StopImport) -> ImportState:
        """Let an import send nothing more.

        Raises:
            NotSent: There is no such import, or Redis is gone.
        """
        await self._found(body.import_id)
        with _without_redis(_unknown("is being stopped", "Call stop_import again in a minute.")):
            await self._records.stop(body.import_id)
        return await self._state_of(context, body.import_id)

    async def _state_of(self, context: Context, import_id: str, cursor: str | None = None) -> ImportState:
        record, shown = await self._waited(context, import_id)
        was_shown = self._was_told(import_id, record, shown)
        return state_from(_state(record, shown), import_id, shown.problems, cursor, was_shown=was_shown)

    def _was_told(self, import_id: str, record: Record, shown: Shown) -> bool:
        """Return whether an answer has said what is said once until the end; from now on it has."""
        if not record.has("told") and shown.digest is not None:  # the file was read
            self._records.note_told(import_id)
        return record.has("told") and not record.has("ended")

    async def _shown_before(self, context: Context, import_id: str, *, dry_run: bool) -> StartImport:
        """Return the arguments of the dry run with this id, to do what it showed.

        Raises:
            NotSent: There is none that has ended, the file has changed since, or Redis is gone.
        """
        record, shown = await self._found(import_id)
        if not record.has("ended") or shown.state["outcome"] != "dry_run":
            raise no_dry_run()
        with _without_redis(_gone()):
            asked = await self._records.asked(import_id, self._seal)
        return await as_shown(context, asked, shown.digest or "", dry_run=dry_run)

    async def _dry_run_of(self, body: StartImport) -> dict[str, Any] | None:
        """Return what the dry run of the same import has read, if there was one.

        Raises:
            NotSent: Redis is gone.
        """
        with _without_redis(_gone()):
            same = await self._records.same(self._seal, what_it_is_about(as_dry_run(body)))
            record = same and await self._records.shown(same, self._seal)
        return record.shown.reading if record and record.shown and record.has("ended") else None

    async def _begin(self, context: Context, new: str, body: StartImport) -> str:
        """Return the id of the import: `new`, or of the same one. Wait for the end of one that is being stopped.

        Raises:
            AutoSendError: Redis is gone, or too many are under way.
        """
        if_gone = (
            _gone() if body.dry_run else _unknown("was started", "Call start_import with the same arguments again.")
        )
        while True:
            with _without_redis(if_gone):
                about = what_it_is_about(body)
                word, import_id = await self._records.start(self._seal, new, self._access, about, body)
            if word == "full":
                raise too_many()
            if word == "new":
                await self._queue.enqueue(import_id)
                return import_id
            if not (await self._found(import_id))[0].has("stop"):
                return import_id
            await self._waited(context, import_id)
            if not (await self._found(import_id))[0].has("ended"):
                return import_id

    async def _found(self, import_id: str) -> tuple[Record, Shown]:
        """Return an import of this caller.

        Raises:
            NotSent: There is none, or Redis is gone.
        """
        with _without_redis(_gone()):
            record = await self._records.shown(import_id, self._seal)
            is_of_another_key = record is None and await self._records.is_of(import_id, self._access)
        shown = record and record.shown
        if is_of_another_key:
            raise NotSent(_OTHER_KEY, _OTHER_KEY_STEP, changed="")
        if record is None or shown is None:
            raise no_such_import()
        return record, shown

    async def _waited(self, context: Context, import_id: str) -> tuple[Record, Shown]:
        """Wait some seconds for the end, report to the client how far it is, and return what is shown of it.

        A process that ends answers at once, so that the caller has the id.
        """
        record, shown = await self._found(import_id)
        reported = 0.0
        with anyio.move_on_after(WAIT * context.call.scale):
            while not record.has("ended") and not self._queue.is_ending:
                await anyio.sleep(_LOOK_EVERY * context.call.scale)
                record, shown = await self._found(import_id)
                reported = await report_progress(context, reported, shown.state["rows"], shown.state.get("settled"))
        return record, shown


def _state(record: Record, shown: Shown) -> Mapping[str, Any]:
    """Return how far it is; where it waits for a key, that this is so."""
    waits = record.has("waits") and not record.has("ended")
    return {**shown.state, "next_step": _WAITS, "seconds_left": None} if waits else shown.state


@contextmanager
def _without_redis(error: AutoSendError) -> Generator[None]:
    """Raise this error where Redis does not answer."""
    try:
        yield
    except Unreachable:
        raise error from None


def _gone() -> NotSent:
    changed = "Imports under way go on where they can."
    return NotSent("Redis, which all workers share, cannot be reached now.", "Try again in a minute.", changed=changed)


def _unknown(whether: str, next_step: str) -> Unknown:
    what = f"Redis, which all workers share, did not answer, so it is not known whether the import {whether}."
    return Unknown(what, next_step, changed="")
