"""Log one JSON line a call on stderr, without addresses and without the key."""

import json
import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

OURS = "autosend_mcp"

_principal: ContextVar[str | None] = ContextVar("principal", default=None)


class _JsonLine(logging.Formatter):
    """Formats a record as one line of JSON.

    A library's record is shown by its template alone: its arguments and traceback may hold anything.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
        }
        if record.name == OURS:
            principal = _principal.get()
            line |= {"event": record.msg} | ({"principal": principal} if principal else {})
            line |= record.__dict__.get("fields", {})
        else:
            line |= {"event": "library", "logger": record.name, "message": str(record.msg)}
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line)


def configure_logging(level: str) -> None:
    """Write our records to stderr from `level` on, and those of libraries from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(level)


@contextmanager
def calling(principal: str | None) -> Generator[None]:
    """Name in each line that is logged within, or by what is started within, who calls."""
    token = _principal.set(principal)
    try:
        yield
    finally:
        _principal.reset(token)


def report(event: str, level: int = logging.WARNING, **fields: object) -> None:
    """Log a line about the process itself. The fields must hold nothing of a stranger's."""
    logging.getLogger(OURS).log(level, event, extra={"fields": fields})
