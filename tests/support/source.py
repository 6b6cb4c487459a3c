"""The modules of the package, and the string constants in one."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "autosend_mcp"


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(PACKAGE).with_suffix("").parts)


@cache
def nodes_of(file: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(file.read_text())))


MODULES = {module_of(file): file for file in PACKAGE.rglob("*.py") if file.name != "__init__.py"}


def texts_of(file: Path) -> set[str]:
    """Return the string constants of a module, docstrings too."""
    return {node.value for node in nodes_of(file) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
