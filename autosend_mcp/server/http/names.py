"""The names by which clients call the server: which spellings of the Host header are the same name.

RFC 9110, 4.2.3, compares hosts as RFC 3986 does: in any case, with percent-encoded letters as letters, and without a
port that is the default. A name with a dot at its end is the same in DNS (RFC 1034), and an address in IPv6 has several
spellings (RFC 5952), one of which stands for an address in IPv4 (RFC 4291, 2.5.5.2).
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[\w.~%-]{1,253})(?::(\d{0,5}))?", re.ASCII)
_PERCENT = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[\w.~-]", re.ASCII)
_DEFAULTS = frozenset({80, 443})  # of http and https: what speaks TLS for the server is not seen here


class _Name(NamedTuple):
    """A host, and the ports that are meant."""

    host: str
    ports: frozenset[int]


class Names:
    """The names that are accepted, as settings write them: `HOST`, `HOST:PORT`, or `HOST:*` for any port."""

    def __init__(self, accepted: Iterable[str]) -> None:
        self._hosts: dict[str, list[frozenset[int] | None]] = {}  # with the ports it may be called at; None for any
        for text in accepted:
            if name := _read(text.removesuffix(":*")):
                ports = None if text.endswith(":*") else name.ports
                self._hosts.setdefault(name.host, []).append(ports)

    def accept(self, header: str | None) -> bool:
        """Return whether a Host header is one of these, however it is spelled."""
        asked = _read(header or "")
        if asked is None:
            return False
        return any(ports is None or ports & asked.ports for ports in self._hosts.get(asked.host, ()))


def is_name(text: str) -> bool:
    """Return whether a text is what settings name a host by."""
    return _read(text.removesuffix(":*")) is not None and "%" not in text


def _read(text: str) -> _Name | None:
    """Return the host in its one spelling, with the ports that are meant; None for no host."""
    found = _HOST.fullmatch(text)
    if found is None:
        return None
    port = int(found[2]) if found[2] else None
    host = _address(found[1][1:-1]) if found[1].startswith("[") else _name(found[1])
    if not host or (port is not None and not 0 < port <= 65_535):
        return None
    return _Name(host, _DEFAULTS if port is None else frozenset({port}))


def _address(text: str) -> str | None:
    """Return an address in IPv6 in its one spelling; the address in IPv4 where it stands for one."""
    with suppress(ValueError):
        address = IPv6Address(text)
        return str(address.ipv4_mapped or f"[{address}]")
    return None


def _name(text: str) -> str:
    """Return a name in its one spelling. An address in IPv4 has only one (RFC 3986, 3.2.2)."""
    name = _PERCENT.sub(_decoded, text).lower()
    absolute = name.removesuffix(".")
    with suppress(ValueError):
        IPv4Address(absolute)
        return name
    return absolute


def _decoded(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if _UNRESERVED.fullmatch(character) else found[0]
