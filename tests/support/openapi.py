"""The sandbox's OpenAPI document, as its users read it: which operation a path is, and what a body has to be."""

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

Json = dict[str, Any]

DOCUMENT: Json = json.loads(
    (Path(__file__).resolve().parents[2] / "autosend_mcp/sandbox/openapi.json").read_text(encoding="utf-8")
)


def operation_of(method: str, path: str) -> Json:
    """Return the operation of a path, the one without parameters before those with some."""
    for template in sorted(DOCUMENT["paths"], key=lambda one: one.count("{")):
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in DOCUMENT["paths"][template]:
            return DOCUMENT["paths"][template][method.lower()]
    raise LookupError(f"{method} {path}")


def response_of(operation: Json, status: int) -> Json:
    """Return the response to this status, from the components where it is there."""
    found = operation["responses"].get(str(status)) or operation["responses"]["default"]
    return DOCUMENT["components"]["responses"][found["$ref"].rpartition("/")[2]] if "$ref" in found else found


def faults_of(described: Json, body: Any) -> list[str]:
    """Return what is wrong with the body of a described request or response."""
    content = described.get("content", {})
    if "application/json" not in content:
        return [] if body is None else ["a body that is not described"]
    schema = {"components": DOCUMENT["components"], **content["application/json"]["schema"]}
    return [error.message for error in Draft202012Validator(schema).iter_errors(body)]  # pyright: ignore[reportUnknownMemberType]
