"""Which tools a host has from the server, as the host itself says it, in the home that HOME names.

python3 .ci/hosts/tools.py claude    what it offers its model, which is a stand-in on loopback
python3 .ci/hosts/tools.py copilot   the same
python3 .ci/hosts/tools.py codex     what its app server lists
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".ci/hosts/node_modules/.bin"
FOLDER = Path(os.environ["HOME"]) / "folder"
OFFERED = {tool.stem for tool in (ROOT / "autosend_mcp/tools/definitions").glob("*.json")}
EXPECTED = {"create_contact", "find_contacts", "list_contact_lists", "undo"}


class Model(BaseHTTPRequestHandler):
    """A model that refuses every request, after noting the tools in it."""

    tools: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        """Note the tools."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.tools.update(tool.get("function", tool).get("name") or "" for tool in asked.get("tools", []))
        answer = b'{"type": "error", "error": {"type": "invalid_request_error", "message": "enough"}}'
        self.send_response(400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def of_claude() -> set[str]:
    """Return the tools that Claude Code offers its model."""
    own = {
        "ANTHROPIC_BASE_URL": "{url}",
        "ANTHROPIC_API_KEY": "sk-ant-none",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "ENABLE_TOOL_SEARCH": "false",  # tools may else be left to a search
        "MCP_CONNECTION_NONBLOCKING": "0",
    }
    return _offered("claude", own, "mcp__autosend__")


def of_copilot() -> set[str]:
    """Return the tools that Copilot CLI offers its model."""
    own = {"COPILOT_OFFLINE": "true", "COPILOT_PROVIDER_BASE_URL": "{url}/v1", "COPILOT_MODEL": "gpt-4"}
    return _offered("copilot", own, "autosend-")


def _offered(program: str, own: dict[str, str], prefix: str) -> set[str]:
    """Ask a host something, its model being the stand-in; return the server's tools that this is offered."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    Thread(target=server.serve_forever, daemon=True).start()
    own = {name: value.replace("{url}", f"http://127.0.0.1:{server.server_port}") for name, value in own.items()}
    words = [str(BIN / program), "-p", "Which contact lists do I have?"]
    subprocess.run(
        words, cwd=FOLDER, env={**os.environ, **own}, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
        check=False,
    )  # fmt: skip
    return {tool.removeprefix(prefix) for tool in Model.tools if tool.startswith(prefix)}


def of_codex() -> set[str]:
    """Return the tools that Codex lists of the server, which it starts for that."""
    words = [str(BIN / "codex"), "app-server"]
    piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, cwd=FOLDER, text=True, **piped) as codex:
        client = {"clientInfo": {"name": "checks", "version": "1"}}
        answers = _asked(codex, [("initialize", client), ("mcpServerStatus/list", {})])
        (server,) = (one for one in [*answers][-1]["data"] if one["name"] == "autosend")
        codex.terminate()
    return set(server["tools"])


def _asked(codex: subprocess.Popen[str], requests: list[tuple[str, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Send each request when the one before is answered; return the results."""
    assert codex.stdin
    assert codex.stdout
    for number, (method, params) in enumerate(requests):
        print(json.dumps({"id": number, "method": method, "params": params}), file=codex.stdin, flush=True)
        for line in codex.stdout:
            answer = json.loads(line)
            if answer.get("id") == number:
                yield answer["result"]
                break
        if not number:
            print(json.dumps({"method": "initialized"}), file=codex.stdin, flush=True)


if __name__ == "__main__":
    tools = {"claude": of_claude, "copilot": of_copilot, "codex": of_codex}[sys.argv[1]]()
    if not EXPECTED <= tools <= OFFERED:
        sys.exit(f"{sys.argv[1]} has these tools of the server: {sorted(tools)}")
    print(f"ok {sys.argv[1]} has {len(tools)} tools of the server")
