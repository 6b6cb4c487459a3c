"""The machine that a host runs on: its platform, its home, its variables. Parameters, so that each can be tested."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autosend_mcp.variables import all_variables

_PATIENCE = 60  # seconds for a host's own command, which may start Node


@dataclass(frozen=True)
class Machine:
    """Where hosts keep their files. `platform` as in `sys.platform`: darwin, win32, or else Linux.

    `program`: what starts this command, as words; by default found from the running interpreter.
    """

    platform: str
    home: Path
    variables: Mapping[str, str]
    program: tuple[str, ...] = field(default=())

    @property
    def is_windows(self) -> bool:
        """Whether it runs Windows."""
        return self.platform == "win32"

    @property
    def applications(self) -> Path:
        """The folder in which applications keep what belongs to the user."""
        if self.platform == "darwin":
            return self.home / "Library" / "Application Support"
        if self.is_windows:
            return self._named("APPDATA", self.home / "AppData" / "Roaming")
        return self.settings

    @property
    def settings(self) -> Path:
        """The folder of settings by the convention of Linux, which some programs follow elsewhere too."""
        return self._named("XDG_CONFIG_HOME", self.home / ".config")

    def folder(self, variable: str, usual: str) -> Path:
        """Return the folder that a variable names, else the usual one in the home."""
        return self._named(variable, self.home / usual)

    def _named(self, variable: str, usual: Path) -> Path:
        named = Path(self.variables.get(variable, ""))
        return named if named.is_absolute() else usual

    def command(self, name: str) -> str | None:
        """Return the absolute path of a command, or None; also for a script of Windows, whose arguments cmd garbles."""
        found = shutil.which(name, path=self.variables.get("PATH", os.defpath))
        return (
            None if found is None or found.lower().endswith((".cmd", ".bat", ".ps1")) else str(Path(found).absolute())
        )

    def run(self, words: Sequence[str]) -> tuple[int, str]:
        """Run a command without input; return its exit code and what it printed."""
        environment = {**self.variables, "HOME": str(self.home)}
        try:
            done = subprocess.run(  # noqa: S603 - a host's own command, found on the PATH
                [*words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE,
                encoding="utf-8", errors="replace", check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return 1, type(error).__name__
        return done.returncode, (done.stdout + done.stderr).strip()


def this_machine() -> Machine:
    """Return the machine that this process runs on."""
    return Machine(sys.platform, Path.home(), all_variables())
