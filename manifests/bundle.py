"""Lay out the desktop bundle in a folder, for `mcpb pack`.

.venv/bin/python manifests/bundle.py FOLDER
"""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def lay_out(folder: Path) -> None:
    """Copy what the bundle holds into this folder, which is made."""
    shutil.copytree(ROOT / "autosend_mcp", folder / "autosend_mcp", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "README.md"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "manifests/mcpb", folder, dirs_exist_ok=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: manifests/bundle.py FOLDER")
    lay_out(Path(sys.argv[1]))
