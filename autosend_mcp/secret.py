"""The API key: read from its file, and taken out of whatever is shown."""

import json
import os
import re
import select
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from autosend_mcp.errors import NotSent

MASK = b"[key]"

# What begins as the key does is taken out from this length on; a piece from its middle or end from the other. Shorter
# ones may be ordinary text. A key that is shorter itself is none of AutoSend's.
_MIN_BEGINNING = 8
_MIN_PIECE = 16

# Of any other key only the whole is taken out: half of it may end in a quote that ends a JSON string.
_PLAIN = re.compile(rb"[a-z0-9_.~+/=-]+")

# A pipe, as of `<(pass show autosend)`, has this long to bring the key; no key is longer than this.
_PATIENCE = 5.0
_MAX_BYTES = 64 * 1024


def content_of(key_file: Path) -> str:
    """Return the key in `AUTOSEND_API_KEY_FILE`.

    Raises:
        NotSent: The file cannot be read.
    """
    try:
        return read_secret(key_file.expanduser())
    except (OSError, ValueError):
        what = "AUTOSEND_API_KEY_FILE names a file that cannot be read."
        raise NotSent(what, user_step="set AUTOSEND_API_KEY_FILE to a text file that can be read") from None


def read_secret(file: Path, patience: float = _PATIENCE) -> str:
    """Return what the file holds, without spaces around it.

    Raises:
        OSError: It cannot be read, or brings nothing in `patience` seconds: a pipe that nobody writes to.
        ValueError: It is no text.
    """
    number = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        content = b""
        while len(content) < _MAX_BYTES and not (content.strip() and content.endswith(b"\n")):
            if not (part := _part(number, patience)):
                break
            content += part
    finally:
        os.close(number)
    return content.decode().strip()


def _part(number: int, patience: float) -> bytes:
    if hasattr(select, "poll"):  # pragma: no branch - Windows has no such pipes
        ready = select.poll()
        ready.register(number, select.POLLIN)
        if not ready.poll(patience * 1000):
            raise TimeoutError
    return os.read(number, _MAX_BYTES)


@lru_cache(maxsize=8)
def redactor(key: str) -> Callable[[bytes], bytes]:
    """Return a function that takes the key out of a text in UTF-8: whole, cut short, in any case, or as JSON has it."""
    forms = {form.encode().lower() for form in (key, json.dumps(key)[1:-1]) if len(form) >= _MIN_BEGINNING}
    # Any piece of 16 bytes holds one of these windows of 8 whole, wherever it begins.
    windows = {form: [(at, form[at : at + 8]) for at in range(0, len(form) - 7, 8)] for form in forms}

    def redacted(text: bytes) -> bytes:
        low = text.lower()  # of the same length: only ASCII changes
        if not any(window in low for each in windows.values() for _, window in each):
            return text
        found = sorted(span for form, each in windows.items() for span in _spans(low, form, each))
        parts: list[bytes] = []
        end = 0
        for start, stop in found:
            if start >= end:
                parts += [text[end:start], MASK]
            end = max(end, stop)
        return b"".join([*parts, text[end:]]) if found else text

    return redacted


def _spans(text: bytes, form: bytes, windows: list[tuple[int, bytes]]) -> list[tuple[int, int]]:
    """Return where the text has the key, or enough of it."""
    spans: list[tuple[int, int]] = []
    for offset, window in windows:
        at = text.find(window)
        while at >= 0:
            start, stop, first, last = at, at + 8, offset, offset + 8
            while start and first and text[start - 1] == form[first - 1]:
                start, first = start - 1, first - 1
            while stop < len(text) and last < len(form) and text[stop] == form[last]:
                stop, last = stop + 1, last + 1
            least = _MIN_PIECE if first else _MIN_BEGINNING
            if stop - start >= (least if _PLAIN.fullmatch(form) else len(form)):
                spans.append((start, stop))
            at = text.find(window, stop)
    return spans
