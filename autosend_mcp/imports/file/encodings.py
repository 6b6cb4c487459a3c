"""A file of contacts as text: its encoding, certain in its bytes or named, checked over all of them; its lines.

No more than one chunk and one line are in memory.
"""

import codecs
import hashlib
import io
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from autosend_mcp.imports.file.guesses import Sample, readings, shown
from autosend_mcp.imports.file.other_formats import other_format
from autosend_mcp.imports.hints import Hint
from autosend_mcp.models.text import quoted

MAX_LINE = 32_000_000  # characters of one line, or of one row over several lines
_CHUNK = 1 << 18

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SHIFTS = re.compile(rb"\x1b[$(][@A-J]")  # of ISO-2022: to Japanese, Korean or Chinese, and back
_PYTHONS_OWN = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}


class FileError(Exception):
    """The file as a whole cannot be read. The text says what is wrong, in which line, and what to do.

    `hint`: an option that would help.
    """

    def __init__(self, text: str, hint: Hint | None = None) -> None:
        super().__init__(text)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the bytes of a file are read, and which bytes they are.

    `name`: the codec. `digest`: SHA-256 in hex.
    """

    name: str
    digest: str


def find_encoding(file: BinaryIO, named: str | None) -> Encoding:
    """Return the encoding that was named; else by the byte order mark or NULs, or UTF-8.

    Raises:
        FileError: The bytes are none of these, or are not what was named; or a line is too long.
    """
    file.seek(0)
    head = file.read(4096)
    if other := other_format(head):
        raise FileError(f"The file is {other}")
    certain = _known(named) if named is not None else _marked(head)
    digest, bad_line = _scan(file, certain or "utf-8")
    if not bad_line:
        if named is None and _SHIFTS.search(head):
            raise FileError("The file switches between alphabets (U+001B $), as iso2022_jp does.", Hint("encoding"))
        return Encoding(certain or "utf-8", digest)
    if certain:
        raise FileError(f"Line {bad_line} holds bytes that are not {certain}.", Hint("encoding"))
    raise _unnamed(file, bad_line)


def _known(named: str) -> str:
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=named)  # refuses a codec that is not of text
        name = codecs.lookup(named).name
    except (LookupError, ValueError):
        name = ""
    if not name or name in _PYTHONS_OWN:
        raise FileError(f"{quoted(named)} is no text encoding known here.", Hint("encoding"))
    return name


def _marked(head: bytes) -> str:
    """Return what the byte order mark says, or NULs beside ASCII; "" if neither says anything."""
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name
    even, odd = head[::2].count(0), head[1::2].count(0)
    many = len(head) // 20  # a tenth of the characters; a stray NUL makes no UTF-16
    if odd > many and odd > 4 * even:
        return "utf-16-le" if _reads_as(head, "utf-16-le") else ""
    return "utf-16-be" if even > many and even > 4 * odd and _reads_as(head, "utf-16-be") else ""


def _reads_as(head: bytes, encoding: str) -> bool:
    """Return whether the bytes of line ends are line ends, and no character is a NUL, as where one ends each cell."""
    text = head.decode(encoding, "replace")
    ends, bytes_of_ends = (one.count("\n") + one.count("\r") for one in (text, head.decode("latin-1")))
    return "\0" not in text and 2 * ends >= bytes_of_ends


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK):
        yield chunk


def digest_of(file: BinaryIO) -> str:
    """Return SHA-256 of all bytes, in hex."""
    digest = hashlib.sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
    return digest.hexdigest()


def _scan(file: BinaryIO, encoding: str) -> tuple[str, int]:
    """Return SHA-256 of all bytes, in hex, and the first line that is not in the encoding; 0 if there is none.

    Raises:
        FileError: A line is too long.
    """
    digest, decoding = hashlib.sha256(), _Decoding(encoding)
    for chunk in _chunks(file):
        digest.update(chunk)
        decoding.add(chunk)
    decoding.add(b"", final=True)
    return digest.hexdigest(), 0 if decoding.readable else decoding.line


class _Decoding:
    """The count of lines over chunks of bytes, up to the first byte that is not in the encoding.

    `line`: where that is. `readable`: whether all could be decoded so far.
    """

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._line_ends = io.IncrementalNewlineDecoder(None, translate=True)
        self._length = 0
        self.line = 1
        self.readable = True

    def add(self, chunk: bytes, *, final: bool = False) -> None:
        """Count on over the chunk. Raises FileError at a line that is too long."""
        if not self.readable:
            return
        state = self._decoder.getstate()
        try:
            self._count(self._decoder.decode(chunk, final), final)
        except UnicodeError as error:
            self.readable = False
            self._decoder.setstate(state)
            with suppress(UnicodeError):  # UTF-16 and UTF-32 without a mark: nothing could be decoded
                self._count(self._decoder.decode(chunk[: _readable_bytes(error, chunk)]), final=True)

    def _count(self, text: str, final: bool) -> None:
        text = self._line_ends.decode(text, final)
        end = text.find("\n")
        self._length += len(text) if end < 0 else end
        if self._length > MAX_LINE:
            raise FileError(
                f"Line {self.line} is longer than {MAX_LINE // 1_000_000} million characters. "
                "Check that the file is CSV, TSV or JSONL, and that its lines end."
            )
        if end >= 0:
            self.line += text.count("\n")
            self._length = len(text) - text.rindex("\n") - 1


def _readable_bytes(error: UnicodeError, chunk: bytes) -> int:
    """Return how many bytes of the chunk stand before the first that could not be decoded."""
    if not isinstance(error, UnicodeDecodeError):
        return 0
    # The decoder may have added bytes of the chunk before, so that only the distance from the end is certain.
    return max(0, len(chunk) - (len(error.object) - error.start))


def _unnamed(file: BinaryIO, bad_line: int) -> FileError:
    """Return the error for a file that is in an encoding nobody named: how it may read."""
    sample = Sample()
    for chunk in _chunks(file):
        sample.add(chunk)
    sample.close()
    found = [one for one in readings(sample) if not _scan(file, one.encoding)[1]]
    what = f"Line {bad_line} is not UTF-8, and the encoding of the file"
    if not found:
        return FileError(f"{what} cannot be guessed.", Hint("encoding"))
    return FileError(f"{what} would be a guess. Words of it, read as {shown(found)}.", Hint("guess", "", found[0][0]))


@contextmanager
def lines_of(file: BinaryIO, encoding: str) -> Generator[Iterable[str]]:
    r"""Yield the lines from the start of the file, each with its own end (`\n`, `\r\n` or `\r`); no byte order mark.

    The file stays open. Raises FileError if the bytes are no longer those that the encoding was found in.
    """
    file.seek(0)
    stream = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield chain([stream.readline().removeprefix("\ufeff")], stream)
    except UnicodeError as error:
        raise FileError("The file changed while it was read. Run the import again.") from error
    finally:
        stream.detach()
