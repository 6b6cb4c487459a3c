"""The icon as a picture of pixels, drawn from the server's SVG: what a bundle and a plugin show.

Only what the icon is made of is understood: rectangles with round corners, circles, and paths of straight lines.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

SVG = Path(__file__).parents[1] / "autosend_mcp/server/icons/server.svg"
SIZE = 512
_LINES = 4  # looked at in each row of pixels
_SIGNATURE = b"\x89PNG\r\n\x1a\n"

Span = tuple[float, float]
Shape = Callable[[float], list[Span]]  # the spans that a horizontal line has in common with it


def icon(before: bytes = b"") -> bytes:
    """Return the icon as PNG; what was there before, if it shows the same: other compressors write other bytes."""
    pixels = _drawn()
    return before if _pixels_of(before) == pixels else _png(pixels)


@cache
def _drawn() -> bytes:
    """Return the rows of pixels, red, green, blue and opacity each, with the filter's 0 before each row."""
    drawing = ET.fromstring(SVG.read_text(encoding="utf-8"))  # noqa: S314 - our own file
    scale = float(drawing.attrib["viewBox"].split()[2]) / SIZE
    shapes = [(_shape(part), _colour(part.get("fill", "#000"))) for part in drawing]
    return b"".join(b"\0" + _row(shapes, row, scale) for row in range(SIZE))


def _row(shapes: list[tuple[Shape, bytes]], row: int, scale: float) -> bytes:
    """Return a row: each shape over what is below it, by how much of each pixel it covers."""
    pixels = bytearray(SIZE * 4)
    for shape, colour in shapes:
        lines = [(row + (line + 0.5) / _LINES) * scale for line in range(_LINES)]
        spans = [(left / scale, right / scale) for line in lines for left, right in shape(line)]
        at = 0
        for share, run in groupby(_covered(spans) if spans else ()):
            width = len([*run])
            if share:
                pixels[at : at + 4 * width] = _over(pixels[at : at + 4], colour, share) * width
            at += 4 * width
    return bytes(pixels)


def _covered(spans: list[Span]) -> list[float]:
    """Return by how much these spans cover each pixel of a row."""
    steps = [0.0] * (SIZE + 1)  # by how much more than the pixel before
    for left, right in spans:
        for edge, sign in ((left, 1), (right, -1)):
            pixel = min(int(edge), SIZE - 1)
            steps[pixel] += sign * (pixel + 1 - edge) / _LINES
            steps[pixel + 1] += sign * (edge - pixel) / _LINES
    return [round(share, 6) for share in accumulate(steps[:-1])]


def _over(below: bytes | bytearray, colour: bytes, share: float) -> bytes:
    """Return a pixel that this colour covers in part. What is below looks the same all along a run."""
    left = below[3] / 255 * (1 - share)
    opacity = share + left
    parts = [round((value * share + old * left) / opacity) for value, old in zip(colour, below, strict=False)]
    return bytes([*parts, round(opacity * 255)])


def _shape(part: ET.Element) -> Shape:
    given = {name: float(value) for name, value in part.attrib.items() if re.fullmatch(r"[\d.]+", value)}
    match part.tag.rpartition("}")[2]:
        case "rect":
            return _rectangle(given["width"], given["height"], given.get("rx", 0))
        case "circle":
            return _circle(given["cx"], given["cy"], given["r"])
        case "path":
            return _polygon([*_corners(part.attrib["d"])])
        case other:
            raise ValueError(f"{SVG.name}: manifests/icon.py draws no {other}")


def _rectangle(width: float, height: float, radius: float) -> Shape:
    def spans(y: float) -> list[Span]:
        depth = max(0.0, radius - min(y, height - y))
        inset = radius - (radius**2 - depth**2) ** 0.5
        return [(inset, width - inset)]

    return spans


def _circle(x: float, y: float, radius: float) -> Shape:
    def spans(line: float) -> list[Span]:
        half = max(0.0, radius**2 - (line - y) ** 2) ** 0.5
        return [(x - half, x + half)] if half else []

    return spans


def _polygon(corners: list[Span]) -> Shape:
    sides = [*pairwise([*corners, corners[0]])]

    def spans(line: float) -> list[Span]:
        cut = sorted(
            x + (line - y) * (to_x - x) / (to_y - y) for (x, y), (to_x, to_y) in sides if (y > line) != (to_y > line)
        )
        return [*zip(cut[::2], cut[1::2], strict=True)]

    return spans


def _corners(path: str) -> Iterator[Span]:
    """Return the corners of one closed line, written with M, v, h and l."""
    x = y = 0.0
    for command, written in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", written)]
        match command:
            case "M":
                x, y = numbers
            case "h":
                x += numbers[0]
            case "v":
                y += numbers[0]
            case "l":
                x, y = x + numbers[0], y + numbers[1]
            case "z":
                return
            case other:
                raise ValueError(f"{SVG.name}: manifests/icon.py draws no {other} of a path")
        yield x, y


def _colour(written: str) -> bytes:
    digits = written.removeprefix("#")
    return bytes.fromhex(digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def _png(pixels: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def _pixels_of(png: bytes) -> bytes:
    """Return what `_png` wrote, or nothing."""
    body = png[len(_SIGNATURE) + 25 : -12]  # between the header and the end
    try:
        pixels = zlib.decompress(body[8:-4])
    except zlib.error:
        return b""
    return pixels if png == _SIGNATURE + png[8:33] + body + png[-12:] else b""
