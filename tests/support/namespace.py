"""A network namespace in which every address is this machine: what is sent anywhere arrives here, and is noted.

`unshare -rnm COMMAND` starts a command in a namespace of its own, whose one interface is loopback. A route leads all
addresses to it, and its name server is the one here: a connection to any host and a question about any name are seen.
"""

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import cast

NAME_SERVER = "127.0.0.53"
AUTOSEND = "192.0.2.10"  # of TEST-NET-1, which nobody has

_IP, _IPV6 = 0x0800, 0x86DD
_ICMP, _TCP, _UDP, _ICMPV6 = 1, 6, 17, 58
_A = 1


def is_own_namespace() -> bool:
    """Return whether this process may change its network: one user is mapped, and loopback is the one interface."""
    maps = Path("/proc/self/uid_map")
    is_mapped = maps.exists() and maps.read_text().split()[2:] == ["1"]
    return is_mapped and [name for _, name in socket.if_nameindex()] == ["lo"]


def set_up() -> None:
    """Lead all addresses to this machine, and all questions about names to the name server."""
    for family, everything in (("-4", "0.0.0.0/0"), ("-6", "::/0")):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        subprocess.run(["ip", family, "route", "replace", "local", everything, "dev", "lo"], check=True)
    for file, text in (("resolv.conf", f"nameserver {NAME_SERVER}\n"), ("nsswitch.conf", "hosts: files dns\n")):
        with NamedTemporaryFile("w", suffix=file) as ours:
            ours.write(text)
            ours.flush()
            subprocess.run(["mount", "--bind", ours.name, f"/etc/{file}"], check=True)


class Network:
    """What was sent since it was last asked: `host:port` of each connection, and each name that was asked about."""

    def __init__(self, packets: socket.socket, known: Collection[str]) -> None:
        self._packets = packets
        self._known = known
        self._names = list[str]()

    def seen(self) -> tuple[set[str], set[str]]:
        """Return the places that something was sent to, and the names that were asked about; forget both."""
        places = set[str]()
        while packet := self._next():
            places |= {place for place in [_place(*packet)] if place}
        names, self._names = set(self._names), []
        lost = int.from_bytes(self._packets.getsockopt(263, 6, 8)[4:], "little")  # SOL_PACKET, PACKET_STATISTICS
        assert not lost, "packets were not seen: a larger buffer is needed"
        return places - {f"{NAME_SERVER}:53"}, names

    def answer(self, question: bytes) -> bytes:
        """Return the name server's answer: the address of the names that are known, and that there are no others."""
        labels, at = list[str](), 12
        while length := question[at]:
            labels.append(question[at + 1 : at + 1 + length].decode())
            at += 1 + length
        name, end = ".".join(labels), at + 5
        self._names.append(name)
        has_address = name in self._known and int.from_bytes(question[at + 1 : at + 3], "big") == _A
        flags = b"\x81\x80" if name in self._known else b"\x81\x83"
        head = question[:2] + flags + b"\0\1" + (b"\0\1" if has_address else b"\0\0") + b"\0\0\0\0"
        address = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(AUTOSEND)
        return head + question[12:end] + (address if has_address else b"")

    def _next(self) -> tuple[int, bytes] | None:
        try:
            packet, (_, protocol, *_) = self._packets.recvfrom(128)
        except BlockingIOError:
            return None
        return protocol, packet[14:]


def _place(protocol: int, packet: bytes) -> str | None:
    """Return where a packet opens a connection to, or is sent to; None for what answers, and for the kernel's own."""
    if protocol == _IP:
        kind, after = packet[9], (packet[0] & 15) * 4
        host = socket.inet_ntop(socket.AF_INET, packet[16:20])
    elif protocol == _IPV6:
        kind, after = packet[6], 40
        host = f"[{socket.inet_ntop(socket.AF_INET6, packet[24:40])}]"
    else:
        return f"protocol {protocol:#x}"
    source, port = (int.from_bytes(packet[at : at + 2], "big") for at in (after, after + 2))
    if kind == _TCP:
        return f"{host}:{port}" if packet[after + 13] & 0x12 == 2 else None  # SYN without ACK
    if kind == _UDP:
        return None if source == 53 else f"{host}:{port}"
    return None if kind in {_ICMP, _ICMPV6} else f"{host} protocol {kind}"


class _NameServer(asyncio.DatagramProtocol):
    def __init__(self, network: Network) -> None:
        self._network = network

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(self._network.answer(data), addr)


@asynccontextmanager
async def watched(known: Collection[str]) -> AsyncGenerator[Network]:
    """Yield what sees all that is sent; `known`: the names that there are, all of which lead to `AUTOSEND`."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as packets:
        packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**24)
        packets.setblocking(False)
        network = Network(packets, known)
        loop = asyncio.get_running_loop()
        server, _ = await loop.create_datagram_endpoint(lambda: _NameServer(network), (NAME_SERVER, 53))
        try:
            yield network
        finally:
            server.close()


def listing(*folders: Path) -> dict[Path, int]:
    """Return the mode of every file and folder in these."""
    return {path: path.lstat().st_mode & 0o777 for folder in folders for path in folder.rglob("*")}


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment whose home, temporary folder and cache are in this folder, and whose writes are noted."""
    for name in ("home", "tmp", "work"):
        (folder / name).mkdir(exist_ok=True)
    watch = Path(__file__).with_name("watched")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": str(watch),
        "PYTHONDONTWRITEBYTECODE": "1",
        "WATCHED_FILES": str(folder / "written"),
        **more,
    }
