"""What is wrong with a request that does not fit the protocol, of which the SDK says only that it is invalid."""

from mcp_types import INVALID_PARAMS, ErrorData
from pydantic import ValidationError

from autosend_mcp.models.text import visible

UNEXPLAINED = "Invalid request parameters"  # in the chain of handlers: of a request that comes before `initialize`

_AGAIN = "Nothing was done. Fix this and send it again."
_KINDS = {
    "string_type": "a string",
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "list_type": "an array",
}
_MAX_PROBLEMS = 5
_MAX_NAME = 80


def explained(error: ValidationError) -> ErrorData:
    """Return the error that names the members at fault; no value of theirs is in it."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    said = dict.fromkeys(_said(problem["loc"], problem["type"]) for problem in problems)
    return ErrorData(code=INVALID_PARAMS, message=f"{'; '.join([*said][:_MAX_PROBLEMS])}. {_AGAIN}")


def uninitialized() -> ErrorData:
    """Return the error for a request before `initialize`."""
    return ErrorData(code=INVALID_PARAMS, message="initialize must come first. Nothing was done.")


def _said(place: tuple[int | str, ...], kind: str) -> str:
    name = visible(".".join(str(part) for part in place if part != "params"))[:_MAX_NAME] or "params"
    if kind == "missing":
        return f"{name} is missing"
    return f"{name} must be {_KINDS[kind]}" if kind in _KINDS else f"{name} is not as the protocol has it"
