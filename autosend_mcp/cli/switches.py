"""The sandbox's switches as text: `--set NAME=VALUE`, or the variable `AUTOSEND_SANDBOX_<NAME>`."""

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from autosend_mcp.sandbox.options import Options
from autosend_mcp.settings import SettingsError
from autosend_mcp.variables import sandbox_variables, variable_of

# The switches of `Options` by name; a flag of its own has what is no single value.
_SWITCHES = {name: hint for name, hint in get_type_hints(Options).items() if name != "automations"}


def from_texts(texts: Iterable[str]) -> dict[str, Any]:
    """Return the switches that these texts set, `NAME=VALUE` each.

    Raises:
        ValueError: There is no such switch, or it has no such value.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, _, written = text.partition("=")
        if name not in _SWITCHES:
            raise ValueError(f"{text!r} is not NAME=VALUE; names: {', '.join(_SWITCHES)}")
        found[name] = _value(name, written, name)
    return found


def from_variables() -> dict[str, Any]:
    """Return the switches that variables set.

    Raises:
        SettingsError: A variable names no switch, or its switch has no such value.
    """
    found: dict[str, Any] = {}
    for variable, written in sandbox_variables().items():
        name = variable.removeprefix(variable_of("sandbox_")).lower()
        if name not in _SWITCHES:
            raise SettingsError(f"{variable} names no switch of the sandbox: docs/sandbox.md has their names.")
        try:
            found[name] = _value(name, written, variable)
            Options(**found)
        except ValueError as error:
            raise SettingsError(f"{error}.") from None
    return found


def _value(name: str, written: str, shown: str) -> Any:
    """Return the value of a switch: plain text, as JSON writes it, or texts separated by commas.

    Raises:
        ValueError: It has no such value.
    """
    if _SWITCHES[name] == tuple[str, ...]:
        return tuple(part.strip() for part in written.split(",") if part.strip())
    adapter = TypeAdapter[Any](_SWITCHES[name])
    with suppress(ValidationError):  # `null` is also the name of a value
        return adapter.validate_python(written, strict=True)
    try:
        return adapter.validate_python(_from_json(written), strict=True)
    except ValidationError as error:
        raise ValueError(f"{shown}: {error.errors()[0]['msg'].lower()}") from None


def _from_json(written: str) -> object:
    """Return what the text stands for in JSON, True and FALSE included; a text that is none as it is."""
    try:
        return json.loads(written.lower())
    except ValueError:
        return written
