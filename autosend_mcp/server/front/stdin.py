"""Answer what a host asks first, while the SDK is loaded, which takes the most of a start.

The server reads again what introduces the host, and all that is not answered yet: so the SDK knows the connection, and
its answers to what is `answered` are dropped. It never hears of the rest: listing the tools once more would hold up the
first call.
"""

import os
import select
import sys
from collections.abc import Sequence
from threading import Thread

from autosend_mcp.server.front.offer import Offer
from autosend_mcp.server.front.requests import Opening
from autosend_mcp.server.front.start import plain_start

_CHUNK = 65_536
# In milliseconds: who writes one line after the other is answered before the loading begins.
_QUIET = 5


class Front:
    """The first requests on stdin, answered by a thread between `open` and `close`.

    Attributes:
        answered: The ids of the requests that were answered, and that the SDK must read too.
        unsent: What is left to be written of the last answer.
    """

    def __init__(self, opening: Opening, stdin: int = 0, stdout: int = 1) -> None:
        self.answered: list[int | str] = []
        self.unsent = b""
        self._opening = opening
        self._stdin, self._stdout = stdin, stdout
        self._is_done = False  # stdin has ended, and all that was in it is answered
        self._kept = b""  # the lines that were answered, and that the SDK must read too
        self._waiting = b""  # what was read and is not answered yet
        self._is_plain = True
        self._wake, self._to_wake = os.pipe()
        self._poll = select.poll()
        self._poll.register(self._wake, select.POLLIN)
        self._poll.register(stdin, select.POLLIN)
        self._room = select.poll()
        self._room.register(self._wake, select.POLLIN)
        self._room.register(stdout, select.POLLOUT)
        self._thread = Thread(target=self._serve_to_the_end, daemon=True)

    @property
    def read(self) -> bytes:
        """What was read and the SDK must read too."""
        return self._kept + self._waiting

    def open(self) -> None:
        """Begin to answer. The process ends if the host ends stdin before `close`, with everything answered."""
        self._serve(_QUIET)
        self._end_if_done()
        self._thread.start()

    def close(self) -> None:
        """Stop answering; the server takes over."""
        os.write(self._to_wake, b"x")
        self._thread.join()
        os.close(self._wake)
        os.close(self._to_wake)

    def _serve_to_the_end(self) -> None:
        self._serve(None)
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._is_done:
            os._exit(0)

    def _serve(self, patience: int | None) -> None:
        """Answer until a line is not plain, stdin ends, nothing moves for some milliseconds, or it is closed."""
        try:
            while self._is_plain and self._answer(patience) and not self._is_done:
                ready = dict(self._poll.poll(patience))
                if not ready or self._wake in ready:
                    return
                chunk = os.read(self._stdin, _CHUNK)
                self._is_done = not chunk and not self._waiting
                self._is_plain = bool(chunk)
                self._waiting += chunk
        except OSError:
            self._is_plain = False  # the host has gone; the server finds that out again

    def _answer(self, patience: int | None) -> bool:
        """Answer the whole lines that were read; return whether there was room for that."""
        while self._sent(patience) and self._is_plain and b"\n" in self._waiting:
            line, end, rest = self._waiting.partition(b"\n")
            answered = self._opening.answer(line + end)
            if answered is None:
                self._is_plain = False
                break
            self._waiting = rest
            self.unsent = answered.answer.encode()
            if answered.is_kept:
                self._kept += line + end
                self.answered += [answered.id] * bool(answered.answer)
        return not self.unsent

    def _sent(self, patience: int | None) -> bool:
        """Write the last answer; return whether there was room for all of it before it was closed."""
        while self.unsent:
            ready = dict(self._room.poll(patience))
            if not ready or self._wake in ready:
                return False
            self.unsent = self.unsent[os.write(self._stdout, self.unsent[: select.PIPE_BUF]) :]
        return True


def front(words: Sequence[str]) -> Front | None:
    """Return what answers first at this command line; None where everything is left to the server.

    That is in a checkout, where the generated data may be older than the source; on Windows, where a pipe cannot be
    waited for; at a terminal; and at a start that is not plain.
    """
    if sys.platform == "win32" or sys.stdin is None or sys.stdout is None or sys.stdin.isatty():
        return None
    start = plain_start(words)
    offer = Offer(start) if start else None
    return Front(Opening(offer)) if offer and offer.is_generated and offer.is_known else None
