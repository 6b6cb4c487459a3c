"""Lay out the entry of Docker's MCP catalogue in a folder, pinned to the commit that is checked out.

.venv/bin/python manifests/catalogue.py FOLDER

The catalogue builds the image from `source.commit`, 40 hexadecimal digits, and later moves it to newer commits of the
branch itself. No file can name the commit that it is in, so it is added here, and only where nothing differs from it.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_SOURCE = re.compile(r"^source:\n(?:  .*\n)+", re.MULTILINE)


def lay_out(folder: Path, commit: str) -> None:
    """Copy the entry into this folder, which is made, with the commit in it."""
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise ValueError(commit)
    shutil.copytree(ROOT / "manifests/docker", folder)
    entry = folder / "server.yaml"
    entry.write_text(_SOURCE.sub(lambda found: f'{found[0]}  commit: "{commit}"\n', entry.read_text("utf-8")), "utf-8")


def checked_out(root: Path) -> str:
    """Return the commit that is checked out.

    Raises:
        SystemExit: Something differs from it, or there is none.
    """
    if _git(root, "status", "--porcelain"):
        sys.exit("manifests/catalogue.py: commit what is not committed first: the catalogue builds a commit")
    return _git(root, "rev-parse", "HEAD")


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"manifests/catalogue.py: git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: manifests/catalogue.py FOLDER")
    lay_out(Path(sys.argv[1]), checked_out(ROOT))
