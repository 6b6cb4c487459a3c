"""The servers of one process, one for each caller: no caller sees what another one did, started or was asked."""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

import anyio
import anyio.abc
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerMiddleware
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.exceptions import HTTPException

from autosend_mcp.api.client import AutoSend
from autosend_mcp.api.pace import Pace
from autosend_mcp.logs import report
from autosend_mcp.models.text import compact_json
from autosend_mcp.server.app import open_server
from autosend_mcp.server.audience import Audience
from autosend_mcp.server.http.access import audience_of, identity, key_now, settings_for
from autosend_mcp.server.http.bodies import MAX_BODY_BYTES
from autosend_mcp.server.http.reports import Reports
from autosend_mcp.server.in_flight import InFlightWrites
from autosend_mcp.server.memory import Remember, in_process
from autosend_mcp.settings import Settings

if TYPE_CHECKING:  # of an extra
    from autosend_mcp.server.http.imports.queue import ImportQueue
    from autosend_mcp.server.http.shared.store import Shared

MAX_IDLE = 1_000  # servers of callers who have nothing under way
MAX_AT_ONCE = 100  # requests of one caller who was asked who they are: the connections are those of all
_TO_TIDY = 5.0  # seconds after a request, when its connections to AutoSend are no longer of use
_TO_ANSWER = 1.0  # seconds for the answers of what had to end
_TOO_MANY = "You have as many calls under way as one caller may have. Nothing was done; call again in a second."

Connect = Callable[[Settings], AutoSend]


class Open(Protocol):
    """Opens the server of one caller."""

    def __call__(
        self, autosend: AutoSend, /, *, audience: Audience, remember: Remember
    ) -> AbstractAsyncContextManager[tuple[Server[Any], InFlightWrites]]:
        """Return the server over this client, and its writes, while it is open."""
        ...


@dataclass(slots=True, eq=False)
class _Tenant:
    """One caller's server. `ended` asks it to end; `unused` is set once nothing is under way after that."""

    manager: StreamableHTTPSessionManager
    writes: InFlightWrites
    autosend: AutoSend
    using: int = 0
    tidies: bool = False
    ended: anyio.Event = field(default_factory=anyio.Event)
    unused: anyio.Event = field(default_factory=anyio.Event)

    def end(self) -> None:
        """Ask it to end."""
        self.ended.set()
        if not self.using:
            self.unused.set()

    def release(self) -> None:
        """Note that a request has ended."""
        self.using -= 1
        if not self.using and self.ended.is_set():
            self.unused.set()


class Tenants:
    """Opens a server for each caller at its first call, and closes the longest unused beyond `max_idle`.

    Callers with the same AutoSend key share its pace. `imports`: what does imports, where all workers share them.
    """

    imports: "ImportQueue | None" = None

    def __init__(
        self,
        tasks: anyio.abc.TaskGroup,
        base: Settings,
        connect: Connect,
        *,
        sealed: ServerMiddleware[Any],
        shared: "Shared | None" = None,
        opened: Open = open_server,
        max_idle: int = MAX_IDLE,
    ) -> None:
        """`tasks` outlives every caller. `connect` makes the client of AutoSend for some settings, `opened` a server.

        `sealed`: what each server does first with a request, and last with its answer. `shared`: what all workers
        share; None if this is the only one.
        """
        self._tasks = tasks
        self._base = base
        self._connect = connect
        self._opened = opened
        self._max_idle = max_idle
        self._shared = shared
        self._sealed = sealed
        self._open: OrderedDict[str, _Tenant] = OrderedDict()
        self._opening = anyio.Lock()
        self._paces: dict[str, Pace] = {}
        self._reports = Reports()

    @asynccontextmanager
    async def server_for(self, access: AccessToken | None) -> AsyncGenerator[StreamableHTTPSessionManager]:
        """Lend the caller's server.

        Raises:
            SettingsError, HTTPException: The caller's own settings are wrong; they have too many requests under way.
        """
        key = identity(access) + key_now(self._base, access)
        async with self._opening:
            tenant = self._open.get(key) or await self._start(key, access)
            self._open.move_to_end(key)
            if access is not None and tenant.using >= MAX_AT_ONCE:
                raise HTTPException(429, _TOO_MANY, {"Retry-After": "1"})
            tenant.using += 1
        try:
            yield tenant.manager
        finally:
            tenant.release()
            self._close_idle()
            if not tenant.tidies and not tenant.ended.is_set():
                tenant.tidies = True
                self._tasks.start_soon(self._tidy, tenant)

    async def _tidy(self, tenant: _Tenant) -> None:
        """Close what a caller has left idle: the connections of a thousand callers would be thousands."""
        while not tenant.ended.is_set():
            with anyio.move_on_after(_TO_TIDY):
                await tenant.ended.wait()
            if not await tenant.autosend.close_idle():
                break
        tenant.tidies = False

    async def _start(self, key: str, access: AccessToken | None) -> _Tenant:
        return await self._tasks.start(self._serve, key, access)

    def client_for(self, access: AccessToken | None) -> AutoSend:
        """Return a client of AutoSend for a caller.

        Raises:
            SettingsError: The caller's own settings are wrong.
        """
        autosend = self._connect(settings_for(self._base, access))
        pace = _pace_name(autosend.settings)
        if pace not in self._paces:
            self._paces[pace] = self._pace(pace, autosend)
        autosend.pace = self._paces[pace]
        return autosend

    async def _serve(
        self,
        key: str,
        access: AccessToken | None,
        *,
        task_status: anyio.abc.TaskStatus[_Tenant] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Keep one server until it is ended. If it fails, those of others go on."""
        tenant: _Tenant | None = None
        try:
            autosend = self.client_for(access)
            async with self._served(key, autosend, access) as (manager, writes):
                self._open[key] = tenant = _Tenant(manager, writes, autosend)
                task_status.started(tenant)
                await tenant.ended.wait()
                await writes.close()
                with anyio.move_on_after(_TO_ANSWER):
                    await tenant.unused.wait()
        except Exception as bug:
            if tenant is None:
                raise
            report("server_failed", logging.ERROR, cause=type(bug).__name__)
        finally:
            if tenant is not None and self._open.get(key) is tenant:
                del self._open[key]

    @asynccontextmanager
    async def _served(
        self, key: str, autosend: AutoSend, access: AccessToken | None
    ) -> AsyncGenerator[tuple[StreamableHTTPSessionManager, InFlightWrites]]:
        """Open a server. On the way out its writes in flight end first, and their callers are answered."""
        async with self._opened(
            autosend,
            audience=audience_of(self._base, access),
            remember=self._reports.of(key, self._remember(access)),
        ) as (server, writes):
            server.middleware.insert(0, self._sealed)
            manager = StreamableHTTPSessionManager(server, stateless=True, max_request_body_size=MAX_BODY_BYTES)
            async with manager.run():
                yield manager, writes

    def paces(self) -> list[Pace]:
        """Return the pace of each AutoSend key that callers have."""
        return [*self._paces.values()]

    def _pace(self, name: str, autosend: AutoSend) -> Pace:
        if self._shared is None:
            return autosend.pace
        from autosend_mcp.server.http.shared.pace import SharedPace  # noqa: PLC0415 - of an extra

        settings = autosend.settings
        return SharedPace(self._shared, name, settings.rate_limit, settings.rate_limit_minute)

    def _remember(self, access: AccessToken | None) -> Remember:
        if self._shared is None:
            return in_process
        from autosend_mcp.server.http.shared.memory import remembering  # noqa: PLC0415 - of an extra

        queue = self.imports
        return remembering(self._shared, identity(access), lambda settings: queue and queue.of(settings, access))

    def close(self) -> None:
        """Ask every server to end; other workers go on with imports."""
        if self.imports is not None:
            self.imports.end()
        for tenant in [*self._open.values()]:
            tenant.end()

    def _close_idle(self) -> None:
        """Close the longest unused, but for those with a request, a write or an import under way."""
        beyond = max(0, len(self._open) - self._max_idle)
        for key, tenant in [*islice(self._open.items(), beyond)]:
            if not tenant.using and not tenant.writes.are_at_work:
                del self._open[key]
                self._reports.leave(key)
                tenant.end()


def _pace_name(settings: Settings) -> str:
    """Return the same name for the same AutoSend key at the same place, and nothing that tells the key."""
    about = [settings.base_url, settings.fingerprint("pace") or "", settings.project_id or ""]
    return hashlib.sha256(compact_json(about).encode()).hexdigest()
