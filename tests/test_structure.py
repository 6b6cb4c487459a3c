"""The house: what may import what, who reads the environment, and that nothing names this machine."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "autosend_mcp"

# The wings from the ground up: a module imports from its own and from those before it. The modules at the top level of
# the package are the ground, but for `__main__`. The sandbox stands alone.
WINGS = ["errors", "logs", "settings", "models", "api", "tools", "imports", "server", "cli", "__main__"]
HEAVY = {"rich", "typer", "sqlite3", "redis", "autosend_mcp.sandbox", "autosend_mcp.cli.demo"}


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


def wing_of(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_from_its_wing_and_those_below(module: str) -> None:
    wing = wing_of(module)
    for used in ours(imports_of(MODULES[module])):
        if wing in WINGS and wing_of(used) in WINGS:
            assert WINGS.index(wing_of(used)) <= WINGS.index(wing), f"{module} may not import {used}"


def test_the_package_is_a_few_wings() -> None:
    entries = [entry for entry in PACKAGE.iterdir() if not entry.name.startswith("__")]
    assert len([entry for entry in entries if entry.is_file()]) <= 4
    assert len([entry for entry in entries if entry.is_dir()]) <= 7


def test_no_modules_import_each_other_in_a_circle() -> None:
    order = TopologicalSorter({module: ours(imports_of(file)) for module, file in MODULES.items()})
    assert set(order.static_order()) >= set(MODULES)


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
    needed = ("cli.main", "cli.connect", "logs", "server.stdio")
    code = "\n".join([*(f"import autosend_mcp.{module}" for module in needed), "import sys", "print(*sys.modules)"])
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY & set(loaded) == set()
    assert "autosend_mcp.server.app" in loaded
