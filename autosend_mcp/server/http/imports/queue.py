"""The queue of imports: SAQ over the Redis that all workers share.

SAQ hands an import to one worker, and to another one when the first gives no sign of life. It may hand one out twice,
or lose one whose worker is killed while it looks after others. So a lease decides who does an import, and every worker
looks for imports that nobody does.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar, cast

import anyio
import anyio.abc
from mcp.server.auth.provider import AccessToken
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from saq.job import Job
from saq.queue.base import Queue
from saq.queue.redis import RedisQueue
from saq.worker import Worker

from autosend_mcp.logs import report
from autosend_mcp.server.http.imports.callers import CallersImports
from autosend_mcp.server.http.imports.principals import seal_of
from autosend_mcp.server.http.imports.records import LEASE, Records
from autosend_mcp.server.http.imports.runner import Connect, Runner
from autosend_mcp.server.http.shared.store import Shared, Unreachable
from autosend_mcp.settings import Settings

_NAME = "autosend-mcp-imports"
_FUNCTION = "do_import"
_AT_ONCE = 8  # imports that one worker does; they mostly wait for the pace
_BEAT = 2.0  # seconds between two signs of life of an import, and between two looks for those that nobody does
_SWEEP = 3  # and for those that show no sign of life
_WAIT = 2  # seconds that a worker waits for an import before it asks again
_TIMEOUT = 5  # seconds for an answer of Redis
_TO_STOP = 1  # seconds for SAQ to end


class _Queue(RedisQueue):
    """SAQ's queue, which waits where SAQ would ask a Redis that is gone again and again, without a pause."""

    listen = Queue.listen  # by looking, not by a subscription that must be kept

    async def dequeue(self, timeout: float = 0.0, poll_interval: float = 0.0) -> Job | None:  # noqa: ASYNC109 - SAQ's
        try:
            return await super().dequeue(timeout, poll_interval)
        except (RedisError, OSError):
            await asyncio.sleep(1)
            return None

    async def sweep(self, lock: int = _SWEEP, abort: float = 0.1) -> list[str]:
        return await super().sweep(lock, abort)


class _Worker(Worker[Any]):
    SIGNALS: ClassVar[list[Any]] = []  # the server has handlers of its own

    async def process(self) -> bool:
        with suppress(RedisError, OSError):  # what SAQ could not note of a job, its sweep or a look finds
            return await super().process()
        return False

    async def stop(self) -> None:
        self.event.set()
        for task in [*self.tasks]:  # else SAQ waits for those that sleep, and reports that they did not end in time
            task.cancel()
        await super().stop()


class ImportQueue:
    """The imports that all workers do, one of which is this process."""

    def __init__(self, shared: Shared, url: str, connect: Connect) -> None:
        """`connect` makes the client of AutoSend for a caller."""
        self._shared = shared
        self._client: Redis = cast("Any", Redis).from_url(
            url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, retry=Retry(NoBackoff(), 0)
        )
        self._records = Records(shared)
        self._queue = _Queue(self._client, _NAME)
        self._runner = Runner(shared, self._records, connect)
        self._ending = anyio.Event()
        self._tries = anyio.CapacityLimiter(_AT_ONCE)
        self._worker = _Worker(
            self._queue,
            [(_FUNCTION, self._do)],
            concurrency=_AT_ONCE,
            dequeue_timeout=_WAIT,
            timers={"schedule": 60, "worker_info": 60, "sweep": _SWEEP, "abort": 1},
            shutdown_grace_period_s=_TO_STOP,
        )

    def of(self, settings: Settings, access: AccessToken | None) -> CallersImports | None:
        """Return the imports of one caller; None without an AutoSend key, with which nothing can be imported."""
        seal = seal_of(self._shared, settings, access)
        return seal and CallersImports(self, self._records, seal, access)

    @property
    def is_ending(self) -> bool:
        """Whether other workers go on with the imports of this one."""
        return self._ending.is_set()

    async def enqueue(self, import_id: str) -> None:
        """Put it into the queue, unless it is there. Where Redis is gone, a look does that later."""
        about = {"timeout": 0, "heartbeat": int(LEASE), "retries": 1_000_000, "ttl": 60}
        with suppress(RedisError, OSError):
            await self._queue.enqueue(_FUNCTION, key=import_id, **about)

    def end(self) -> None:
        """Begin no import, and hand those back that are not done, so that other workers go on with them at once."""
        self._ending.set()

    async def work(self) -> None:
        """Do imports until the end."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._look, tasks)
            tasks.start_soon(self._worker.start)
            await self._ending.wait()
            left = await self._runner.close()
            await self._worker.stop()
            for import_id in left:
                await self._hand_back(import_id)
            tasks.cancel_scope.cancel()

    async def close(self) -> None:
        """Let go of Redis."""
        await self._client.aclose()  # SAQ's own way to disconnect would connect first, to unsubscribe

    async def _do(self, context: dict[str, Any]) -> None:
        """Do an import, with signs of life for the queue."""
        job: Job = context["job"]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_touch, job)
            await self._run(job.key)
            tasks.cancel_scope.cancel()

    async def _run(self, import_id: str) -> None:
        try:
            await self._runner.run(import_id)
        except Exception as bug:  # noqa: BLE001 - a look finds it again; SAQ would try again at once, without an end
            report("import_failed", logging.ERROR, cause=type(bug).__name__)

    async def _try(self, import_id: str) -> None:
        """Do an import that has waited, beside those of the queue: all of them are found at once."""
        async with self._tries:
            await self._run(import_id)

    async def _hand_back(self, import_id: str) -> None:
        """Have the queue hand an import out again, if it is not done."""
        with suppress(RedisError, OSError, Unreachable):
            job = await self._queue.job(import_id)
            if job is not None and await self._records.whole(import_id) is not None:
                await self._queue.retry(job, "handed back")

    async def _look(self, tasks: anyio.abc.TaskGroup) -> None:
        """Put imports into the queue again and again that nobody does and that are not in it.

        One that waits for a worker with its key is tried by each worker, and not by the one whom the queue chooses.
        """
        while True:
            with suppress(Unreachable):
                anybody, somebody = await self._records.waiting()
                for import_id in anybody:
                    await self.enqueue(import_id)
                for import_id in somebody:
                    if self._runner.may_try(import_id):
                        tasks.start_soon(self._try, import_id)
            await anyio.sleep(_BEAT)


async def _touch(job: Job) -> None:
    while True:
        with suppress(RedisError, OSError):
            await job.update()
        await anyio.sleep(_BEAT)


@asynccontextmanager
async def open_imports(shared: Shared, url: str, connect: Connect) -> AsyncGenerator[ImportQueue]:
    """Do imports in the background; hand back on the way out what is not done."""
    logging.getLogger("saq").setLevel(logging.CRITICAL)  # whether Redis is there is reported once, by `Shared`
    imports = ImportQueue(shared, url, connect)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(imports.work)
            try:
                yield imports
            finally:
                imports.end()
    finally:
        with anyio.CancelScope(shield=True):
            await imports.close()
