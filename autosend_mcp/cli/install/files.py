"""Files changed whole or not at all, with what they were kept beside them."""

import os
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path


def content(file: Path) -> str:
    """Return the text of a file as it stands, its line ends too; an empty text where there is none.

    Raises:
        OSError: It cannot be read.
        UnicodeDecodeError: It is not UTF-8.
    """
    return file.read_bytes().decode() if file.exists() else ""


def written(file: Path, text: str, mode: int | None = None) -> None:
    """Write a file in one step, so that nobody ever reads half of it; a link stays one, and the mode what it was.

    Raises:
        OSError: It cannot be written, and is as it was.
    """
    target = file.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    if mode is None:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    number, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(number, "wb") as new:
            new.write(text.encode())
            new.flush()
            os.fsync(new.fileno())
        Path(beside).chmod(mode)
        Path(beside).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise


def backed_up(file: Path, now: datetime) -> Path | None:
    """Copy the file beside itself, under a name that none has; return the copy, None where there is no file."""
    if not file.exists():
        return None
    stamp, number = f"{now:%Y%m%d-%H%M%S}", 1
    copy = file.with_name(f"{file.name}.{stamp}.bak")
    while copy.exists():
        number += 1
        copy = file.with_name(f"{file.name}.{stamp}-{number}.bak")
    written(copy, content(file), mode=file.stat().st_mode & 0o777)
    return copy
