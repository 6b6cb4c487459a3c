"""MCP clients of others against the server: a table of what each makes of it, and the recipes for agents with them.

`.venv/bin/python .ci/clients/run.py [NAME ...]`; without a name, all of them.

Each has a venv of its own, with its version pinned; they are installed and checked side by side. Where the package
index cannot be reached the check is skipped, with the reason; REQUIRE_CLIENTS=1 makes that a failure. Other versions
than these are tried by editing the table.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from autosend_mcp.testing import serving

HERE = Path(__file__).resolve().parent
RECIPES = HERE.parents[1] / "docs" / "recipes"
SERVER = HERE.parents[1] / ".venv" / "bin" / "autosend-mcp"
UV = str(SERVER.with_name("uv"))
INSTALL, CHECK = 120, 60  # seconds; all of CI has ten minutes

CLIENTS: dict[str, list[str]] = {
    "mcp": ["mcp==1.30.0"],
    "fastmcp": ["fastmcp==4.2.3"],
    "openai_agents": ["openai-agents==0.24.0"],
    "pydantic_ai": ["pydantic-ai-slim[mcp]==2.68.0"],
    "langchain": ["langchain-mcp-adapters==0.3.2", "mcp==1.30.0", "langchain==1.5.2"],
    "google_genai": ["google-genai==3.6.1", "mcp==2.3.0"],
    # Without the `claude` of 380 MB that comes in its wheel: the one on the PATH is used.
    "claude_agent_sdk": ["claude-agent-sdk==0.2.189", "--no-binary", "claude-agent-sdk"],
}
COLUMNS = ("list", "create", "refused", "array", "strict", "recipe")
ONLY_A_RECIPE = {"claude_agent_sdk"}


def checked(name: str, scratch: Path) -> dict[str, Any]:
    """Install a client and return what it found; `failed` or `skipped` with the reason."""
    place = scratch / name
    try:
        run([UV, "venv", "-q", str(place)], INSTALL)
        run([UV, "pip", "install", "-q", "--python", str(place), *CLIENTS[name]], INSTALL)
    except (subprocess.SubprocessError, OSError) as error:
        return {"skipped": reason(error)}
    try:
        python = str(place / "bin" / "python")
        command = [python, str(HERE / "check.py"), name, str(SERVER), "--sandbox", str(scratch / f"{name}.sqlite3")]
        found = {} if name in ONLY_A_RECIPE else json.loads(run(command, CHECK).splitlines()[-1])
        return found | {
            "recipe": followed([python, str(HERE / "recipe.py"), name], scratch) if has_recipe(name) else "-"
        }
    except (subprocess.SubprocessError, OSError, ValueError, IndexError) as error:
        return {"failed": reason(error)}


def has_recipe(name: str) -> bool:
    return (RECIPES / f"with_{name}.py").exists()


def followed(command: list[str], home: Path) -> bool:
    """Return whether the recipe with a scripted model adds the contact once, and quotes the answer."""
    with serving() as sandbox:
        env = {"AUTOSEND_API_KEY": sandbox.key, "AUTOSEND_BASE_URL": sandbox.url, "COMMAND": str(SERVER)}
        said = run(command, CHECK, HOME=str(home), **env)
        writes = [request["path"] for request in sandbox.requests() if request["method"] == "POST"]
        contacts = sandbox.state()["contacts"]
    added = [(contact["email"], contact["firstName"]) for contact in contacts] == [("jane@example.com", "Jane")]
    return (
        added and writes.count("/v1/contacts") == 1 and '"outcome":"created"' in said.replace("\\", "").replace(" ", "")
    )


def run(command: list[str], seconds: int, **env: str) -> str:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("AUTOSEND_")} | env
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=True, env=clean)
    return done.stdout


def reason(error: Exception) -> str:
    said = getattr(error, "stderr", None) or str(error)
    return (said.decode() if isinstance(said, bytes) else said).strip().splitlines()[-1][:200]


def main(names: Sequence[str]) -> int:
    """Print the table; return 1 if a client failed."""
    names = names or list(CLIENTS)
    tools = len(offered())
    # A server may still be at its end when its client has gone.
    with TemporaryDirectory(ignore_cleanup_errors=True) as scratch, ThreadPoolExecutor(2) as threads:
        found = dict(zip(names, threads.map(lambda name: checked(name, Path(scratch)), names), strict=True))
    print(f"{'client':<46} {' '.join(f'{column:<11}' for column in COLUMNS)}")
    is_bad = False
    for name, result in found.items():
        shown = ["ok" if value is True else value or "NO" for value in (result.get(column, "-") for column in COLUMNS)]
        print(f"{' '.join(CLIENTS[name]):<46} {' '.join(f'{value:<11}' for value in shown)}")
        for problem in result.keys() & {"failed", "skipped"}:
            print(f"  {problem}: {result[problem]}")
        if "skipped" in result:
            is_bad |= os.environ.get("REQUIRE_CLIENTS") == "1"
        elif name in ONLY_A_RECIPE:
            is_bad |= result.get("recipe") is not True
        else:
            is_bad |= result.get("list") != tools or not all(result.get(column) for column in COLUMNS)
    return int(is_bad)


def offered() -> list[str]:
    """Return the names of the tools that are offered by default."""
    code = "from autosend_mcp.server.app import chosen; print(*chosen((), read_only=False))"
    return run([str(SERVER.with_name("python")), "-c", code], CHECK).split()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
