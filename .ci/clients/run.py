"""MCP clients of others against the server: a table of what each makes of it.

`.venv/bin/python .ci/clients/run.py [NAME ...]`; without a name, all of them.

Each has a venv of its own, with its version pinned; they are installed and checked side by side. Where the package
index cannot be reached the check is skipped, with the reason; REQUIRE_CLIENTS=1 makes that a failure. Other versions
than these are tried by editing the table.
"""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).resolve().parent
SERVER = HERE.parents[1] / ".venv" / "bin" / "autosend-mcp"
INSTALL, CHECK = 120, 60  # seconds; all of CI has ten minutes

CLIENTS: dict[str, list[str]] = {
    "mcp": ["mcp==1.30.0"],
    "fastmcp": ["fastmcp==4.2.3"],
    "openai_agents": ["openai-agents==0.24.0"],
    "pydantic_ai": ["pydantic-ai-slim[mcp]==2.68.0"],
    "langchain": ["langchain-mcp-adapters==0.3.2", "mcp==1.30.0"],
    "google_genai": ["google-genai==3.6.1", "mcp==2.3.0"],
}
COLUMNS = ("list", "create", "refused", "array", "strict")


def checked(name: str, scratch: Path) -> dict[str, Any]:
    """Install a client and return what it found; `failed` or `skipped` with the reason."""
    place = scratch / name
    try:
        venv.create(place)
        python = str(place / "bin" / "python")
        pip = [sys.executable, "-m", "pip", "--python", python]
        pip += ["install", "-q", "--no-compile", "--disable-pip-version-check"]
        run([*pip, *CLIENTS[name]], INSTALL)
    except (subprocess.SubprocessError, OSError) as error:
        return {"skipped": reason(error)}
    try:
        command = [python, str(HERE / "check.py"), name, str(SERVER), "--sandbox", str(scratch / f"{name}.sqlite3")]
        return json.loads(run(command, CHECK).splitlines()[-1])
    except (subprocess.SubprocessError, OSError, ValueError, IndexError) as error:
        return {"failed": reason(error)}


def run(command: list[str], seconds: int) -> str:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("AUTOSEND_")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=True, env=clean)
    return done.stdout


def reason(error: Exception) -> str:
    said = getattr(error, "stderr", None) or str(error)
    return (said.decode() if isinstance(said, bytes) else said).strip().splitlines()[-1][:200]


def main(names: Sequence[str]) -> int:
    """Print the table; return 1 if a client failed."""
    names = names or list(CLIENTS)
    tools = len(offered())
    with TemporaryDirectory() as scratch, ThreadPoolExecutor(2) as threads:
        found = dict(zip(names, threads.map(lambda name: checked(name, Path(scratch)), names), strict=True))
    print(f"{'client':<46} {' '.join(f'{column:<11}' for column in COLUMNS)}")
    is_bad = False
    for name, result in found.items():
        shown = ("ok" if value is True else value or "NO" for value in result.values())
        print(f"{' '.join(CLIENTS[name]):<46} {' '.join(f'{value:<11}' for value in shown)}")
        if "failed" in result or "skipped" in result:
            print(f"  {next(iter(result))}")
        if "skipped" in result:
            is_bad |= os.environ.get("REQUIRE_CLIENTS") == "1"
        else:
            is_bad |= result.get("list") != tools or not all(result.get(column) for column in COLUMNS)
    return int(is_bad)


def offered() -> list[str]:
    """Return the names of the tools that are offered by default."""
    code = "from autosend_mcp.server.app import chosen; print(*chosen((), read_only=False))"
    return run([str(SERVER.with_name("python")), "-c", code], CHECK).split()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
