"""The lease of one import: while this worker has it, it may send; when it is lost, nothing more leaves."""

import secrets
from collections.abc import Callable

import anyio
from anyio import to_thread

from autosend_mcp.server.http.imports.records import LEASE, Claim, Fields, Record, Records
from autosend_mcp.server.http.shared.store import Unreachable

_MARGIN = 3.0  # seconds before its end from which on the lease is taken to be lost
_PAUSE = 0.2


class Lease:
    """A worker's right to do an import. `kept`: see `Keeping`. `is_to_stop`: the caller wants nothing more sent."""

    def __init__(self, records: Records, import_id: str, record: Record) -> None:
        asked = record.asked
        self.key = import_id
        self.kept = record.journal
        self.is_to_stop = False
        self._records = records
        self._record = record
        file = "" if asked.dry_run else asked.file or ""  # of which no two imports are done at a time
        self._claim = Claim(import_id, secrets.token_hex(16), file)
        self._until = 0.0
        self._one_at_a_time = anyio.Lock()

    @property
    def seconds_left(self) -> float:
        """For how long it is held, if it cannot be renewed."""
        return max(0.0, self._until - anyio.current_time())

    @property
    def held(self) -> bool:
        """Whether nobody else can have it. Once it is lost, it is for good."""
        return self.seconds_left > 0

    async def claim(self) -> tuple[int, bool]:
        """Take it; return how often the import was claimed, 0 if it cannot be had, and whether its file is free.

        Raises:
            Unreachable: Redis does not answer.
        """
        asked = anyio.current_time()
        claims, is_free = await self._records.claim(self._claim)
        self._until = asked + LEASE - _MARGIN if claims else 0.0
        return claims, is_free

    async def renew(self, fields: Fields) -> None:
        """Keep it, and record these fields; while Redis is gone, it is held until shortly before it would end.

        Raises:
            Unreachable: Redis does not answer.
        """
        asked = anyio.current_time()
        stop = await self._records.renew(self._claim, fields)
        self._until = asked + LEASE - _MARGIN if self.held and stop is not None else 0.0
        self.is_to_stop |= bool(stop)

    async def permit(self, journal: Callable[[], bytes] | None) -> bool:
        """Return whether a write may leave; wait for Redis while the lease lasts. See `Keeping`."""
        async with self._one_at_a_time:
            fields = {"sent": "1"}
            if journal is not None:
                fields |= await to_thread.run_sync(lambda: self._record.keeping(journal()))
            while self.held:
                try:
                    await self.renew(fields)
                except Unreachable:
                    await anyio.sleep(_PAUSE)
                else:
                    return self.held and not self.is_to_stop
            return False

    async def end(self, fields: Fields) -> None:
        """Record that the import has ended, unless the lease is lost.

        Raises:
            Unreachable: Redis does not answer; then another worker finds that there is nothing more to do.
        """
        await self._records.end(self._claim, self._record, fields)

    async def release(self, *, uncounted: bool = False) -> None:
        """Give it back, so that nobody need wait for its end. `uncounted`: nothing went wrong, so do not count it.

        Raises:
            Unreachable: Redis does not answer.
        """
        self._until = 0.0
        await self._records.release(self._claim, uncounted=uncounted)
