"""A sandbox for the tests of other programs, as a fixture of pytest: `pytest_plugins = ["autosend_mcp.testing"]`.

def test_a_welcome_is_sent(autosend_sandbox):
    my_program.sign_up("jane@example.com", base_url=autosend_sandbox.url, key=autosend_sandbox.key)
    assert [mail["subject"] for mail in autosend_sandbox.mails()] == ["Welcome"]
"""

import threading
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import httpx2
import pytest

from autosend_mcp.sandbox.app import KEY, Options, Sandbox
from autosend_mcp.sandbox.serve import listening, server_of


class AutosendSandbox:
    """A sandbox that serves on this machine: `url` is the base URL of its API, `key` a key for it."""

    key = KEY

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self._http = httpx2.Client(base_url=f"http://127.0.0.1:{port}/sandbox", trust_env=False)

    def mails(self, to: str = "") -> list[dict[str, Any]]:
        """Return the first 1,000 mails, oldest first; of one address, if it is given."""
        return self._got("/mails", limit="1000", **({"to": to} if to else {}))["mails"]

    def empty(self) -> None:
        """Empty the mailbox, and nothing else."""
        self._http.delete("/mails").raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        """Return the last requests with their answers, oldest first."""
        return self._got("/requests", limit="1000")["requests"]

    def warnings(self) -> list[dict[str, Any]]:
        """Return what was sent that AutoSend does not document."""
        return self._got("/warnings")["warnings"]

    def state(self) -> dict[str, Any]:
        """Return what the project holds, as `seed` takes it."""
        return self._got("/state")

    def seed(self, seed: Mapping[str, Any]) -> None:
        """Add what the seed holds, until the next test."""
        self._do("/seed", seed)

    def fail(self, **fault: Any) -> None:
        """Let the next requests fail, such as `fail(path="/mails/*", status=503, times=2)`."""
        self._do("/faults", fault)

    def advance(self, seconds: float) -> None:
        """Move the clock forward: waits and retries come to their end."""
        self._do("/clock", {"advance": seconds})

    def reset(self) -> None:
        """Start anew."""
        self._do("/reset", {})

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _got(self, path: str, **query: str) -> dict[str, Any]:
        return self._http.get(path, params=query).raise_for_status().json()

    def _do(self, path: str, body: Mapping[str, Any]) -> None:
        self._http.post(path, json=dict(body)).raise_for_status()


@contextmanager
def serving(options: Options | None = None) -> Generator[AutosendSandbox]:
    """Serve a sandbox on a free port meanwhile; without options, one without a rate limit."""
    with closing(Sandbox(options or Options(rate_limit=0))) as sandbox, listening(0) as listener:
        server = server_of(sandbox)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        with closing(AutosendSandbox(listener.getsockname()[1])) as served:
            yield served
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def autosend_sandbox_server() -> Generator[AutosendSandbox]:
    """Serve one sandbox for all tests."""
    with serving() as served:
        yield served


@pytest.fixture
def autosend_sandbox(autosend_sandbox_server: AutosendSandbox) -> AutosendSandbox:
    """Return a sandbox with nothing in it."""
    autosend_sandbox_server.reset()
    return autosend_sandbox_server
