"""What deploy/Dockerfile does, as processes: there is no container here.

    .venv/bin/python .ci/container.py FOLDER

COPY, RUN, CMD and HEALTHCHECK are read from the file and done below FOLDER, whose paths stand for those of the image;
stages share it. The base image, the user and the layers stay untested: docs/sandbox.md says so.
"""

import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "deploy" / "Dockerfile"
WAIT = 30.0

Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """Return the instructions of the file with their arguments, each on one line."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", FILE.read_text(encoding="utf-8"))).splitlines()
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines if line.strip())]


def ignored(path: str) -> bool:
    """Return whether the context leaves out a path at the project's top: what is not named after the `*`."""
    first, *rules = [line for line in Path(f"{FILE}.dockerignore").read_text().split("\n") if line and line[0] != "#"]
    assert first == "*"
    return f"!{path}" not in rules


class Image:
    """The files of the image, below a folder, and what the instructions so far set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env: dict[str, str] = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        self.work = self.at("/")
        self.user, self.command, self.check = "", list[str](), list[str]()

    def at(self, path: str) -> Path:
        """Return where a path of the image is."""
        return self.folder / path.lstrip("/")

    def placed(self, text: str) -> str:
        """Return the text with the paths of the image where they are."""
        return re.sub(r"(?<![\w./:])/(opt|data|build)\b", rf"{self.folder}/\1", text)

    def do(self, name: str, rest: str) -> None:
        """Do one instruction."""
        match name:
            case "FROM":
                assert re.fullmatch(r"python:\d\.\d+-slim-\w+( AS \w+)?", rest), rest
                self.work = self.at("/")
            case "WORKDIR":
                self.work = self.at(rest)
                self.work.mkdir(parents=True, exist_ok=True)
            case "COPY":
                self.copy(rest.split())
            case "RUN":
                command = ["sh", "-ec", self.placed(rest)]
                done = subprocess.run(command, cwd=self.work, capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stderr
            case "ENV":
                for given in shlex.split(rest):
                    key, _, value = given.partition("=")
                    self.env[key] = self.placed(value.replace("$PATH", self.env["PATH"]))
            case "USER":
                self.user = rest
            case "HEALTHCHECK":
                self.check = json.loads(rest.partition(" CMD ")[2])
            case "CMD":
                self.command = json.loads(rest)
            case _:
                assert name in {"LABEL", "EXPOSE"}, name

    def copy(self, words: list[str]) -> None:
        """Copy from the context what it holds; what an earlier stage made is there already."""
        *sources, target = [word for word in words if not word.startswith("--")]
        if words[0].startswith("--from="):
            assert sources == [target], "the stages share one folder"
            assert self.at(target).is_dir()
            return
        for source in sources:
            assert not ignored(source), source
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, self.work / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, self.work / target)

    def started(self, command: list[str], **more: str) -> "subprocess.Popen[str]":
        """Start a command as the image would."""
        env = self.env | more
        found = shutil.which(command[0], path=env["PATH"])
        assert str(found).startswith(str(self.folder)), command
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        return subprocess.Popen([str(found), *command[1:]], cwd=self.work, env=env, **pipes)


def status(host: str, port: int = 7363, path: str = "/sandbox/health") -> int:
    """Return the status of the sandbox's answer to a request by this name, or of what else is at a port."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path, headers={"Host": host})
    found = connection.getresponse().status
    connection.close()
    return found


def serve(image: Image, **more: str) -> Iterator[None]:
    """Serve meanwhile, once HEALTHCHECK says so; then end as a container is stopped."""
    server, until = image.started(image.command, **more), time.monotonic() + WAIT
    while image.started(image.check).wait() != 0:
        assert server.poll() is None, f"it ended with {server.returncode}"
        assert time.monotonic() < until, "it does not become healthy"
        time.sleep(0.2)
    yield
    server.send_signal(signal.SIGTERM)
    assert server.wait(WAIT) in {0, -signal.SIGTERM}, server.returncode


def serving_http(image: Image) -> None:
    """Serve over HTTP as compose.yaml does, but for its workers' Redis: a file of tokens, a name, the extras."""
    file = str(image.folder / "tokens.json")  # a secret is mounted from elsewhere; /data is of the image's user
    made = image.started(["autosend-mcp", "token", "create", "ana", "--file", file])
    assert made.communicate(timeout=WAIT)[0].startswith("asm_")
    settings = {"TOKENS": file, "HOSTS": "mcp.example.com", "METRICS": "true"}
    variables = {f"AUTOSEND_HTTP_{name}": value for name, value in settings.items()}
    server = image.started(["autosend-mcp", "serve", "--http", "0.0.0.0:8000", "--sandbox"], **variables)
    assert server.stdout
    assert server.stdout.readline().startswith("Serving MCP on ")
    found = [status("mcp.example.com", 8000, path) for path in ("/health", "/ready", "/mcp", "/metrics")]
    assert found == [200, 200, 401, 401], found
    server.send_signal(signal.SIGTERM)
    assert server.wait(WAIT) == 0


def loopback_up() -> None:
    """Let this network namespace reach itself."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS; up, running


def main() -> None:
    """Build the image below the folder; then, in a network namespace where one is allowed, run it."""
    image, inside = Image(Path(sys.argv[1]).resolve()), sys.argv[2:] == ["serve"]
    for name, rest in instructions():
        if not (inside and name in {"COPY", "RUN"}):
            image.do(name, rest)
    assert image.user.split(":")[0] not in {"", "0", "root"}
    if not inside:
        print("ok built")
        unshare = ["unshare", "--map-root-user", "--net"]
        alone = subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode == 0
        command = [*(unshare if alone else []), sys.executable, __file__, sys.argv[1], "serve"]
        sys.exit(subprocess.run(command, check=False).returncode)
    if len(socket.if_nameindex()) == 1:
        loopback_up()
    for _ in serve(image):
        assert [status(host) for host in ("localhost:7363", "127.0.0.1:9000", "mailbox:7363")] == [200, 200, 421]
    print("ok healthy, and no other name is answered")
    for _ in serve(image, AUTOSEND_SANDBOX_ALLOW_HOSTS="mailbox"):
        assert [status(host) for host in ("mailbox:7363", "localhost", "other")] == [200, 200, 421]
    print("ok answers by the name of its container")
    host = image.started(["autosend-mcp", "--sandbox"])
    about = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "ci", "version": "1"}}
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about})
    printed, _ = host.communicate(f"{line}\n", timeout=WAIT)
    assert json.loads(printed)["result"]["serverInfo"]["name"] == "autosend-mcp", printed
    print("ok serves MCP on stdin and stdout")
    serving_http(image)
    print("ok serves MCP over HTTP, to tokens of a file, and its metrics to none of them")


if __name__ == "__main__":
    main()
