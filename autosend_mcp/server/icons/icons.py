"""The icons of the server and of its tools. It needs no SDK: the front answers before that is loaded."""

from binascii import b2a_base64
from functools import cache
from pathlib import Path
from typing import Any

_DRAWINGS = Path(__file__).parent
_KNOWN_SINCE = "2025-11-25"

OF_SERVER = "server"


def are_known(version: str) -> bool:
    """Return whether this version of the protocol has icons: clients of an older one may refuse what they do not know.

    Page "Key changes" of 2025-11-25 (SEP-973). Versions are dates.
    """
    return version >= _KNOWN_SINCE


@cache
def icons(name: str | None) -> list[dict[str, Any]]:
    """Return the icons of a toolset, of the server without a name, as a list of tools and `serverInfo` have them.

    As data, because there is no host to load them from; in base64, as the protocol asks of `data:` URIs.
    """
    svg = (_DRAWINGS / f"{name or OF_SERVER}.svg").read_bytes().strip()
    data = b2a_base64(svg, newline=False).decode()
    return [{"mimeType": "image/svg+xml", "src": f"data:image/svg+xml;base64,{data}"}]
