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


def nginx_conf(folder: Path, port: int, ports: Sequence[int]) -> Path:
    """Write deploy/nginx.conf for this folder and these ports; return where."""
    text = placed((DEPLOY / "nginx.conf").read_text(), ports)
    paths = "".join(f"\n    {name}_temp_path {folder}/{name};" for name in _TEMPORARY)
    text, listens = re.subn(r"\blisten 8080;", f"listen 127.0.0.1:{port};", text)
    text, https = re.subn(r"^http \{", f"http {{{paths}", text, flags=re.MULTILINE)
    assert (listens, https) == (1, 1)
    (folder / "nginx.conf").write_text(f"pid {folder}/pid;\n{text}")
    return folder / "nginx.conf"


@asynccontextmanager
async def balanced(ports: Sequence[int]) -> AsyncGenerator[str]:
    """Yield the URL of nginx before what listens at these ports of loopback: of three workers."""
    command, port = program("nginx"), free_port()
    with TemporaryDirectory() as name:
        words = ["-c", str(nginx_conf(Path(name), port, ports)), "-e", "stderr", "-g", "daemon off;"]
        process = await asyncio.create_subprocess_exec(command, *words)
        try:
            while not await listens(port):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
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
