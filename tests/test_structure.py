"""The house: what may import what, who reads the environment, and that nothing names this machine."""

import ast
import json
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import cast

from tests.support.source import MODULES, PACKAGE, ROOT, nodes_of, texts_of

# The wings from the ground up: a module imports from its own and from those before it. The modules at the top level of
# the package are the ground, but for `__main__`. The sandbox stands alone.
WINGS = [
    "errors",
    "logs",
    "variables",
    "secret",
    "settings",
    "models",
    "api",
    "tools",
    "imports",
    "server",
    "cli",
    "__main__",
]
RESOURCEFUL = ("models", "api", "tools", "sandbox")  # each has a room for each resource


@cache
def imports_of(file: Path) -> set[str]:
    found: set[str] = set()
    for node in nodes_of(file):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def ours(names: set[str]) -> set[str]:
    """Return the names that are modules of ours, without the package's own."""
    inner = {name.removeprefix("autosend_mcp.") for name in names if name.startswith("autosend_mcp.")}
    return {name for name in inner if (PACKAGE / f"{name.replace('.', '/')}.py").exists()}


def wing_of(module: str) -> str:
    return module.partition(".")[0]


def test_a_module_imports_only_from_its_wing_and_those_below() -> None:
    for module, file in MODULES.items():
        wing = wing_of(module)
        for used in ours(imports_of(file)):
            if wing in WINGS and wing_of(used) in WINGS:
                assert WINGS.index(wing_of(used)) <= WINGS.index(wing), f"{module} may not import {used}"


def test_the_package_is_a_few_wings() -> None:
    entries = [entry for entry in PACKAGE.iterdir() if not entry.name.startswith("__")]
    assert len([entry for entry in entries if entry.suffix == ".py"]) <= 6
    assert len([entry for entry in entries if entry.is_dir()]) <= 7


def test_a_resource_has_the_same_name_in_every_wing() -> None:
    rooms = {wing: {module.split(".")[1] for module in MODULES if wing_of(module) == wing} for wing in RESOURCEFUL}
    resources = rooms["models"] & rooms["tools"]
    assert {"contacts", "contact_lists", "contact_properties", "suppression_groups"} <= resources
    for wing in RESOURCEFUL:
        assert resources <= rooms[wing], wing


def test_no_modules_import_each_other_in_a_circle() -> None:
    order = TopologicalSorter({module: ours(imports_of(file)) for module, file in MODULES.items()})
    assert set(order.static_order()) >= set(MODULES)


def keys_of(data: object) -> set[str]:
    if isinstance(data, list):
        return set[str]().union(*map(keys_of, cast("list[object]", data)))
    if isinstance(data, dict):
        members = cast("dict[str, object]", data)
        return set(members).union(*map(keys_of, members.values()))
    return set()


def test_paths_and_keys_of_autosend_stand_in_api_models_and_sandbox_alone() -> None:
    """Keys: those of the documented exchanges that are no plain words. The demo's arguments are an assistant's."""
    exchanges = [json.loads(file.read_text()) for file in (ROOT / "tests/contract").glob("*.json")]
    bodies = [part.get("body") for exchange in exchanges for part in (exchange["request"], exchange["response"])]
    keys = {key for key in keys_of(bodies) if not key.islower()}
    assert {"firstName", "listIds", "contactListId", "failedCount"} <= keys
    resources = {exchange["request"]["path"].split("/")[2].partition("?")[0] for exchange in exchanges}
    assert {"contacts", "contact-lists", "custom-fields", "suppression-groups"} <= resources
    for module, file in MODULES.items():
        if wing_of(module) not in {"api", "models", "sandbox", "testing"} and module != "cli.demo":
            texts = texts_of(file)
            assert not texts & keys, module
            assert not any(text.startswith(f"/{resource}") for text in texts for resource in resources), module


def test_the_sandbox_shares_no_code_with_the_rest() -> None:
    for module, file in MODULES.items():
        if module.startswith("sandbox."):
            assert all(used.startswith("sandbox.") for used in ours(imports_of(file))), module


def test_one_module_reads_the_environment_and_the_front_looks_at_it() -> None:
    for module, file in MODULES.items():
        text = file.read_text()
        # The front may not import what it is faster than; a test compares what both find.
        # __main__ sets a variable of pydantic's.
        reads = re.search(r"\benviron\b|getenv|BaseSettings", text)
        assert module in {"variables", "server.front.start", "__main__"} or not reads, module


def test_a_module_has_at_most_250_lines_and_a_function_40() -> None:
    long = {module for module, file in MODULES.items() if len(file.read_text().splitlines()) > 250}
    assert not long, "a module past 250 lines has a second subject: split it"
    for module, file in MODULES.items():
        for node in nodes_of(file):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                assert node.end_lineno - node.lineno < 40, f"{module}.{node.name}"


def test_init_files_are_empty() -> None:
    assert [file for file in PACKAGE.rglob("__init__.py") if file.read_text()] == []


def test_no_test_imports_from_another_one() -> None:
    """What two of them use is in tests/support, where it is found, and may change without one of them."""
    for file in (ROOT / "tests").rglob("*.py"):
        assert not [name for name in imports_of(file) if name.startswith("tests.test_")], file.name
