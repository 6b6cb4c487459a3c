"""The house: what may import what, who reads the environment, and that nothing names this machine."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "autosend_mcp"

# From the ground up: a module imports only from rows above its own. CONTRIBUTING.md shows the same table.
LAYERS = [
    {"errors", "logs", "exits", "flags", "sandbox", "wire", "jobs", "imports.journal", "imports.jsonl"},
    {"settings", "models.base", "imports.tally"},
    {
        "models.addresses",
        "models.arguments",
        "models.pages",
        "pace",
        "prompts",
        "history",
        "imports.encodings",
        "imports.inside",
    },
    {"models.values", "envelope", "imports.tables"},
    {"models.contacts", "models.lists", "models.fields", "models.batches", "models.suppressions", "models.imports"},
    {"models.searches", "models.comparison", "catalogue"},
    {"models.outcomes", "client", "imports.columns"},
    {"calls", "imports.reports", "imports.cells"},
    {"lookups", "confirmations", "tools.toolset", "asking", "writes"},
    {"directory", "deletions", "imports.comparing"},
    {"imports.requests"},
    {"field_checks", "memberships", "definitions", "resources", "suppressions"},
    {"reconcile", "upserts", "rows", "imports.joining"},
    {"batches", "searches", "imports.staging"},
    {"imports.updating", "imports.fields"},
    {"imports.sending"},
    {"imports.run"},
    {"imports.display"},
    {"imports.background", "imports.command"},
    {"dispatch", "tools.contacts", "tools.lists", "tools.fields", "tools.suppressions", "tools.imports"},
    {"server"},
    {"stdio", "connect", "shell", "demo"},
    {"cli"},
    {"__main__"},
]
HEAVY = {"rich", "typer", "sqlite3", "redis", "autosend_mcp.sandbox", "autosend_mcp.demo"}


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(PACKAGE).with_suffix("").parts)


def imports_of(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def ours(names: set[str]) -> set[str]:
    """The names that are modules of ours, without the package's own."""
    inner = {name.removeprefix("autosend_mcp.") for name in names if name.startswith("autosend_mcp.")}
    return {name for name in inner if (PACKAGE / f"{name.replace('.', '/')}.py").exists()}


MODULES = {module_of(file): file for file in PACKAGE.rglob("*.py") if file.name != "__init__.py"}


def height(module: str) -> int:
    name = "sandbox" if module.startswith("sandbox.") else module
    return next(row for row, names in enumerate(LAYERS) if name in names)


@pytest.mark.parametrize("module", sorted(name for name in MODULES if not name.startswith("sandbox.")))
def test_a_module_imports_only_from_below(module: str) -> None:
    for used in ours(imports_of(MODULES[module])):
        assert height(used) < height(module), f"{module} may not import {used}"


def test_the_sandbox_shares_no_code_with_the_rest() -> None:
    for module, file in MODULES.items():
        if module.startswith("sandbox."):
            assert all(used.startswith("sandbox.") for used in ours(imports_of(file))), module


def test_only_the_settings_read_the_environment() -> None:
    for module, file in MODULES.items():
        text = file.read_text()
        assert module == "settings" or not any(word in text for word in ("environ", "getenv", "BaseSettings")), module


def test_init_files_are_empty() -> None:
    assert [file for file in PACKAGE.rglob("__init__.py") if file.read_text()] == []


def test_serving_stdio_loads_only_what_it_needs() -> None:
    code = (
        "import sys, autosend_mcp.cli, autosend_mcp.stdio, autosend_mcp.connect, autosend_mcp.logs\nprint(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY & set(loaded) == set()
    assert "autosend_mcp.server" in loaded
