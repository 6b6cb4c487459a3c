"""The files that an assistant may name: those in the import directory itself, and no others."""

import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

from autosend_mcp.errors import NOTHING_CHANGED, NotSent

_ENDINGS = {".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson"}
_MAX_SHOWN = 50
_REPORT = re.compile(r"\.(report|dry-run)(-\d+)?\.csv$")


def open_file(directory: Path | None, name: str) -> tuple[BinaryIO, Path]:
    """Open the file of this name in the directory; return it with its path.

    Raises:
        NotSent: There is none. A path, a link, a URL, a device or a file that is no table counts as none.
    """
    if directory is None:
        raise NotSent(
            "No import directory is set, so no file can be named.",
            "Give the content as text, or have AUTOSEND_IMPORT_DIR set.",
        )
    if _is_plain(name) and (file := _opened(directory, name)):
        return file, directory / name
    raise NotSent(
        "The import directory has no file of this name. A path, a link or a URL is not read.",
        "Call again with the name of a file in it, or give the content as text.",
        changed=NOTHING_CHANGED,
        facts={"there are": _names(directory)},
    )


def _is_plain(name: str) -> bool:
    """Return whether it is the name of a table that is not hidden, and no path."""
    if any(char in name for char in "/\\:\0") or name != name.strip() or name.startswith((".", "~")):
        return False
    return Path(name).suffix.lower() in _ENDINGS


def _opened(root: Path, name: str) -> BinaryIO | None:
    """Open the file if it is a regular one that no link leads to. What is checked is what is opened."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if (root / name).is_symlink():  # where there is no O_NOFOLLOW
            return None
        number = os.open(root / name, flags)
    except OSError:
        return None
    about = os.fstat(number)
    if stat.S_ISREG(about.st_mode) and about.st_nlink == 1:
        return os.fdopen(number, "rb")
    os.close(number)
    return None


def _can_be_named(entry: "os.DirEntry[str]") -> bool:
    """Return whether it is a table that would be opened; not one of our own reports."""
    is_alone = entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_nlink == 1
    return is_alone and _is_plain(entry.name) and not _REPORT.search(entry.name)


def _names(root: Path) -> list[str]:
    """Return the names that could be given instead."""
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for entry in entries if _can_be_named(entry))
    except OSError:
        return []
    return names[:_MAX_SHOWN]
