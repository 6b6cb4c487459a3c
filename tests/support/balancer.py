"""nginx before three workers: Debian's package, with the file of deploy/ but for ports and paths."""

import asyncio
import os
import re
import shutil
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import trustme

DEPLOY = Path(__file__).parents[2] / "deploy"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name: str) -> str:
    """Return where the program is; skip the test where it is missing, but for CI."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None and not os.environ.get("CI"):
        pytest.skip(f"needs {name}")
    assert found, f"CI installs {name}"
    return found


def placed(text: str, ports: Sequence[int]) -> str:
    """Return a file of deploy/ with the workers at these ports of loopback, of which it names as many."""
    workers = dict(zip(sorted(set(re.findall(r"worker-\d+:8000", text))), ports, strict=True))
    return re.sub(r"worker-\d+:8000", lambda found: f"127.0.0.1:{workers[found.group()]}", text)


def nginx_conf(folder: Path, port: int, ports: Sequence[int], certificate: trustme.LeafCert | None = None) -> Path:
    """Write deploy/nginx.conf for this folder and these ports; return where. `certificate`: for TLS, as it says."""
    text = placed((DEPLOY / "nginx.conf").read_text(), ports)
    if certificate is not None:
        text = _with_tls(text, folder, port, certificate)
        port = free_port()
    paths = "".join(f"\n    {name}_temp_path {folder}/{name};" for name in _TEMPORARY)
    text, listens = re.subn(r"\blisten 8080;", f"listen 127.0.0.1:{port};", text)
    text, https = re.subn(r"^http \{", f"http {{{paths}", text, flags=re.MULTILINE)
    assert (listens, https) == (1, 1)
    folder.chmod(0o755)  # nginx that root starts works as another user, and keeps a long message here
    (folder / "nginx.conf").write_text(f"pid {folder}/pid;\n{text}")
    return folder / "nginx.conf"


def _with_tls(text: str, folder: Path, port: int, certificate: trustme.LeafCert) -> str:
    """Return the file with the lines taken in that are for TLS, at this port."""
    certificate.private_key_pem.write_to_path(folder / "tls.key")
    for pem in certificate.cert_chain_pems:
        pem.write_to_path(folder / "tls.crt", append=True)
    text, taken = re.subn(r"^( +)# (listen 8443 ssl;|ssl_certificate .*)$", r"\1\2", text, flags=re.MULTILINE)
    text, listens = re.subn(r"\blisten 8443 ssl;", f"listen 127.0.0.1:{port} ssl;", text)
    text, files = re.subn(r"/etc/nginx/tls/", f"{folder}/", text)
    assert (taken, listens, files) == (2, 1, 2)
    return text


@asynccontextmanager
async def balanced(ports: Sequence[int], certificate: trustme.LeafCert | None = None) -> AsyncGenerator[str]:
    """Yield the URL of nginx before what listens at these ports of loopback: of three workers."""
    command, port = program("nginx"), free_port()
    with TemporaryDirectory() as name:
        words = ["-c", str(nginx_conf(Path(name), port, ports, certificate)), "-e", "stderr", "-g", "daemon off;"]
        process = await asyncio.create_subprocess_exec(command, *words)
        try:
            while not await listens(port):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
            yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        finally:
            process.terminate()
            await process.wait()


async def listens(port: int) -> bool:
    """Return whether something does at this port of loopback."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    return True
