"""Log one JSON line a call on stderr, without addresses and without the key."""

import json
import logging
import sys
from datetime import UTC, datetime

OURS = "autosend_mcp"


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
            line |= {"event": record.msg} | record.__dict__.get("fields", {})
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
