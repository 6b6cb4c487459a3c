"""An error's body in each of the shapes that AutoSend has documented.

Sources: the page "Errors", its versions of 2025-11, and the error examples of the pages "Troubleshooting", "Delete
project" and "Create custom field".
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Literal

ErrorShape = Literal["object", "flat", "errors", "title", "array"]
Error = Mapping[str, Any]


def body_of_error(shape: ErrorShape, status: int, error: Error) -> dict[str, Any]:
    """Return the body that says this error: what a shape has no place for is left out, as in its examples."""
    return {"success": False, **_SHAPES[shape](status, error)}


def _object(_status: int, error: Error) -> dict[str, Any]:
    return {"error": dict(error)}


def _flat(_status: int, error: Error) -> dict[str, Any]:
    return {name: value for name, value in error.items() if name != "status"}


def _errors(_status: int, error: Error) -> dict[str, Any]:
    details = {"errors": error["details"]} if "details" in error else {}
    return {"message": error["message"]} | details | _wait(error)


def _title(status: int, error: Error) -> dict[str, Any]:
    """Return the title and the text: of a validation, what is wrong instead of where."""
    message = "; ".join(one["message"] for one in error.get("details", ()))
    title = error["message"] if message else HTTPStatus(status).phrase
    return {"error": title, "message": message or error["message"]} | _wait(error)


def _array(_status: int, error: Error) -> dict[str, Any]:
    return {"error": [dict(one) for one in error.get("details") or [{"message": error["message"]}]]} | _wait(error)


def _wait(error: Error) -> dict[str, Any]:
    return {name: error[name] for name in ("retryAfter",) if name in error}


_SHAPES: dict[ErrorShape, Callable[[int, Error], dict[str, Any]]] = {
    "object": _object,
    "flat": _flat,
    "errors": _errors,
    "title": _title,
    "array": _array,
}
