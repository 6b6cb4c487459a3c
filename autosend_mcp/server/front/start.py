"""Whether the command is a plain start of the server: one that cannot fail, and what it offers.

Only then the front may answer. Whatever is unusual about an argument or a variable takes the way through `settings`,
where it is repaired, noted or refused. No setting is read here: the server reads them again.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

# The values of our variables that are right beyond doubt.
_PLAIN = {
    "API_KEY": r"[\x21-\x7e]{1,512}",
    "API_KEY_FILE": r"[\x20-\x7e]{1,512}",
    "PROJECT_ID": r"[A-Za-z0-9_-]{1,64}",
    "BASE_URL": r"https://[a-z][a-z0-9]{0,29}(\.[a-z][a-z0-9]{0,29}){1,4}(/[A-Za-z0-9_]{1,30}){0,4}"
    r"|http://(127\.0\.0\.1|localhost)(:[1-9]\d{0,3}|:[1-5]\d{4})?(/[A-Za-z0-9_]{1,30}){0,4}",
    "RATE_LIMIT": r"[1-9]\d{0,5}|[1-9]\d{0,2}\.\d{1,3}",
    "RATE_LIMIT_MINUTE": r"[1-9]\d{0,3}",
    "TIMEOUT": r"[1-9]\d?|[12]\d\d|300",
    "READ_ONLY": r"true|false",
    "TOOLSETS": r"[a-z]+(,[a-z]+)*",
    "IMPORT_DIR": r"/[\x21-\x7e]{0,512}",
    "ASK": r"auto|never",
    "LOG_LEVEL": r"DEBUG|INFO|WARNING|ERROR",
}
_NOTHING = {"null", "undefined", "none", "nil"}
_PREFIX = "AUTOSEND_"


class Start(NamedTuple):
    """What a plain start offers. `toolsets`: none for the default ones."""

    toolsets: tuple[str, ...]
    read_only: bool
    imports: bool
    is_sandbox: bool


def plain_start(words: Sequence[str], environment: Mapping[str, str] = os.environ) -> Start | None:
    """Return what this command line would serve in this environment; None if it does anything else, or might fail."""
    given = _plain_variables(environment)
    flags = _plain_flags(words)
    if given is None or flags is None:
        return None
    if "IMPORT_DIR" in given and not Path(given["IMPORT_DIR"]).is_dir():
        return None
    toolsets = flags.get("--toolsets", given.get("TOOLSETS", ""))
    return Start(
        toolsets=tuple(toolsets.split(",")) if toolsets else (),
        read_only="--read-only" in flags or given.get("READ_ONLY") == "true",
        imports="IMPORT_DIR" in given,
        is_sandbox="--sandbox" in flags or "--sandbox-sample" in flags,
    )


def _plain_variables(environment: Mapping[str, str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for name, text in environment.items():
        if name.upper().startswith(_PREFIX) and text:
            setting = name.removeprefix(_PREFIX)
            if setting not in _PLAIN or text in _NOTHING or not re.fullmatch(_PLAIN[setting], text):
                return None
            found[setting] = text
    return found


def _plain_flags(words: Sequence[str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    left = [*words]
    while left:
        word, _, text = left.pop(0).partition("=")
        if word == "--toolsets":
            text = text or (left.pop(0) if left else "")
            if not re.fullmatch(_PLAIN["TOOLSETS"], text):
                return None
        elif text or word not in {"--read-only", "--sandbox", "--sandbox-sample"}:
            return None
        found[word] = text
    return found
