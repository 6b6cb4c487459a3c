"""The command as processes forked from one in which everything is loaded: each starts in milliseconds, not seconds.

`Forked` is one such process. Run as `python -m tests.forking SOCKET`, this module is the process that they come from.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from io import TextIOWrapper
from pathlib import Path
from threading import Lock, Thread
from typing import IO, NoReturn, cast

ROOT = Path(__file__).resolve().parents[1]
_OURS = ("stdin", "stdout", "stderr")


class Forked:
    """`autosend-mcp` with these arguments; its streams are pipes, unless another end is given. As subprocess.Popen."""

    def __init__(
        self, *words: str, env: Mapping[str, str] | None = None, cwd: Path | None = None, **ends: int | IO[str]
    ) -> None:
        """`env` is the whole environment."""
        self.returncode: int | None = None
        pipes = {name: os.pipe() for name in _OURS if name not in ends}
        theirs = {name: pipe[name != "stdin"] for name, pipe in pipes.items()}
        given = {name: end if isinstance(end, int) else end.fileno() for name, end in ends.items()}
        status, status_of_child = os.pipe()
        request = {"words": words, "env": dict(env or {}), "cwd": str(cwd or ROOT)}
        _send(json.dumps(request).encode(), [*((given | theirs)[name] for name in _OURS), status_of_child])
        for end in (*theirs.values(), status_of_child):
            os.close(end)
        self.stdin, self.stdout, self.stderr = (
            os.fdopen(pipes[name][name == "stdin"], "w" if name == "stdin" else "r") if name in pipes else None
            for name in _OURS
        )
        self._status = os.fdopen(status, "rb", buffering=0)
        self.pid = int(self._status.readline())

    def send_signal(self, number: signal.Signals) -> None:
        """Send it, if the process is there."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float = 30) -> int:
        """Its exit code, negative where a signal ended it."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("autosend-mcp", timeout)
            self.returncode = os.waitstatus_to_exitcode(int(self._status.readline()))
            self._status.close()
            if self.stdin:
                with suppress(BrokenPipeError):
                    self.stdin.close()
        return self.returncode

    def communicate(self, timeout: float = 30) -> tuple[str, str]:
        """What it writes on stdout and stderr to its end, with no more on stdin."""
        told = {"stdout": "", "stderr": ""}

        def read(name: str, stream: IO[str]) -> None:
            with stream:
                told[name] = stream.read()

        streams = {name: stream for name in told if (stream := cast("IO[str] | None", getattr(self, name)))}
        readers = [Thread(target=read, args=one, daemon=True) for one in streams.items() if not one[1].closed]
        for reader in readers:
            reader.start()
        if self.stdin:
            self.stdin.close()
        self.wait(timeout)
        for reader in readers:
            reader.join(timeout)
        return told["stdout"], told["stderr"]


_LOCK = Lock()


@cache
def _line() -> socket.socket:
    """A line to the process that forks, which ends with this one."""
    ours, theirs = socket.socketpair()
    with theirs:
        words = [sys.executable, "-m", "tests.forking", str(theirs.fileno())]
        process = subprocess.Popen(words, cwd=ROOT, pass_fds=[theirs.fileno()])

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _send(request: bytes, ends: list[int]) -> None:
    with _LOCK:
        line = _line()
        socket.send_fds(line, [request], ends)
        assert line.recv(1) == b"."


def _serve(line: socket.socket) -> None:
    """Fork a process for each request, until the line ends."""
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, ends, _, _ = socket.recv_fds(line, 1_000_000, 4)
        if not request:
            return
        if os.fork() == 0:
            line.close()
            _supervise(json.loads(request), ends)
        for end in ends:
            os.close(end)
        line.send(b".")


def _load() -> None:
    """Everything that the command imports where it is used, by using it."""
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - only the process that forks needs these

    import autosend_mcp.server.stdio  # noqa: PLC0415
    from autosend_mcp.cli.main import main  # noqa: PLC0415

    assert autosend_mcp.server.stdio
    out = os.dup(1)
    with TemporaryDirectory() as folder, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        file = Path(folder) / "people.csv"
        file.write_text("email\nann@example.com\n", encoding="utf-8")
        assert main(["import", str(file), "--sandbox"]) == 0
        assert main(["call", "create_contact", "--sandbox", "--email", "ann@example.com"]) == 0
    os.dup2(out, 1)


def _supervise(request: dict[str, object], ends: list[int]) -> NoReturn:
    """Fork the process, tell its id, wait for its end, and tell its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, status = ends
    pid = os.fork()
    if pid == 0:
        os.close(status)
        _run(request, streams)
    for end in streams:
        os.close(end)
    os.write(status, f"{pid}\n".encode())
    os.write(status, f"{os.waitpid(pid, 0)[1]}\n".encode())
    os._exit(0)


def _run(request: dict[str, object], streams: list[int]) -> NoReturn:
    from autosend_mcp.cli.main import main  # noqa: PLC0415 - the process that forks has it

    for number, end in enumerate(streams):
        os.dup2(end, number)
        os.close(end)
    code = 70
    try:
        sys.stdin, sys.stdout, sys.stderr = (_opened(number) for number in range(3))
        os.environ.clear()
        os.environ.update(cast("dict[str, str]", request["env"]))
        os.chdir(cast("str", request["cwd"]))
        code = main(cast("list[str]", request["words"]))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _opened(number: int) -> TextIOWrapper:
    """The stream, as Python opens it."""
    file = os.fdopen(number, "wb" if number else "rb", closefd=False)
    return TextIOWrapper(cast("IO[bytes]", file), encoding="utf-8", line_buffering=number == 2)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
