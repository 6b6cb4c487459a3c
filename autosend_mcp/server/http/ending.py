"""Notice that the process is asked to end while the ASGI server, whichever it is, waits for the calls under way."""

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from autosend_mcp.server.http.signals import named

TO_END = 7.0  # seconds for the calls under way when the process is asked to end; then their writes are ended

_ENDING = ("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP")


@contextmanager
def noticing_the_end(notice: Callable[[], object]) -> Generator[None]:
    """Call `notice` on the running loop at a signal that ends. Whoever handles the signals still does; if nobody, not.

    A lifespan ends too late for that: an ASGI server ends it after the last connection.
    """
    loop, before = asyncio.get_running_loop(), {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in named(*_ENDING)}
    handlers = {number: handler for number, handler in before.items() if callable(handler)}

    def noticed(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(notice)
        handlers[signal.Signals(number)](number, frame)

    for number in handlers:
        signal.signal(number, noticed)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if signal.getsignal(number) is noticed:
                signal.signal(number, handler)
