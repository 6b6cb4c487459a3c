"""The responses, deliveries and shared components of the sandbox's OpenAPI document, from the documented exchanges."""

from collections import defaultdict
from typing import Any

from autosend_mcp.sandbox.app import KEY
from manifests.exchanges import NAMES, documented
from manifests.inferred_schemas import inferred

Json = dict[str, Any]
_ERRORS = {
    "BadRequest": "The request is not as it has to be; nothing changed.",
    "Unauthorized": "The key is missing, or none.",
    "NotFound": "There is no such thing.",
    "RateLimited": "Too many requests; `retryAfter` says when to try again.",
    "Failed": "Any other error.",
}
_SHAPES = {"flat": "FlatError", "errors": "ErrorsError", "title": "TitleError", "array": "ArrayError"}
_HEADERS = {
    "X-RateLimit-Limit": "Requests that the key has.",
    "X-RateLimit-Remaining": "Requests that are left.",
    "X-RateLimit-Reset": "When it begins anew, in Unix seconds.",
}


def is_answered(exchange: Json) -> bool:
    """Return whether the sandbox answers the exchange, so that it can be an example."""
    return "no_sandbox" not in exchange


def named(examples: Json) -> Json:
    """Return the member `examples` of a media type, or nothing where there are none."""
    return {"examples": examples} if examples else {}


# What answers besides JSON, where a query asks for it.
_FORMS = {"GET /sandbox/mails/{id}": ("text/html", "text/plain")}


def responses(name: str, exchanges: dict[str, Json], reply: Json | None) -> Json:
    """Return the responses of an endpoint: as documented, or of the sandbox's own paths, and the usual errors."""
    path = name.partition(" ")[2]
    if not path.startswith("/v1/"):
        if reply is None:
            kinds = ("text/css", "text/javascript") if "{" in path else ("text/html",)
            return {"200": {"description": "The page, or a part of it.", "content": {kind: {} for kind in kinds}}}
        status = "201" if name == "POST /sandbox/faults" else "200"
        content = {"application/json": {"schema": reply}}
        content |= {kind: {"schema": {"type": "string"}} for kind in _FORMS.get(name, ())}
        done = {status: {"description": "Done.", "content": content}}
        return done | {"default": {"$ref": "#/components/responses/Failed"}}
    usual = {"401": "Unauthorized", "429": "RateLimited", "default": "Failed"}
    usual |= {"404": "NotFound"} if "{" in path else {}
    usual |= {"400": "BadRequest"} if name.startswith(("POST", "PUT", "PATCH")) else {}
    found: Json = {status: {"$ref": f"#/components/responses/{one}"} for status, one in usual.items()}
    by_status: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for example, exchange in exchanges.items():
        statuses = {exchange["response"]["status"]}
        statuses |= {200} if exchange.get("sandbox", {}).get("options", {}).get("created_status") else set[int]()
        for status in statuses:
            shown = exchange["response"]["body"]
            by_status[str(status)] |= {example: {"value": shown}} if shown is not None else {}
    for status, examples in by_status.items():
        found[status] = _response(int(status), examples)
    return dict(sorted(found.items()))


def _response(status: int, examples: dict[str, Any]) -> Json:
    """Return a documented response: of an error the schema of errors, else what its examples have in common."""
    values = [one["value"] for one in examples.values()]
    schema = inferred(values) if status < 400 else {"$ref": "#/components/schemas/AnyError"}
    described = "As AutoSend documents it." if values else "Done."
    content = {"application/json": {"schema": schema} | named(examples)} if values else {}
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}
    return {"description": described, "headers": headers} | ({"content": content} if content else {})


def delivery(name: str) -> Json:
    """Return what AutoSend sends to a webhook for one event."""
    exchange = documented(name)
    content = {"application/json": {"schema": inferred([exchange["body"]]), "example": exchange["body"]}}
    headers = [
        {"name": header, "in": "header", "schema": {"type": "string"}}
        for header in exchange["headers"]
        if header not in ("Content-Type", "User-Agent")  # which OpenAPI leaves out, or says elsewhere
    ]
    return {
        "post": {
            "operationId": f"on_{name.partition('/')[2].replace('.', '_')}",
            "tags": ["Webhooks"],
            "summary": f"Signed delivery of {name.partition('/')[2]}",
            "security": [],
            "parameters": headers,
            "requestBody": {"content": content},
            "responses": {"2XX": {"description": "It arrived; any other status is tried again."}},
        }
    }


def components(schemas: Json) -> Json:
    """Return what operations share: types, errors in each of their shapes, the key, and the headers of rate limits."""
    errors: defaultdict[str, list[Any]] = defaultdict(list)
    for name in NAMES:
        exchange = documented(name)
        if exchange["response"]["status"] >= 400 and is_answered(exchange):
            shape = exchange.get("sandbox", {}).get("options", {}).get("error_shape", "object")
            errors[_SHAPES.get(shape, "Error")].append(exchange["response"]["body"])
    shapes = {name: inferred(bodies) for name, bodies in sorted(errors.items())}
    any_error = {
        "description": "`Error`, or an older shape where the switch `error_shape` asks for it.",
        "anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in shapes],
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/AnyError"}}}
    project = {"name": "x-project-id", "in": "header", "schema": {"type": "string"}}
    about = f"Any key `AS_...`, such as `{KEY}`, or `ASA_...` with `x-project-id`."
    return {
        "schemas": schemas | shapes | {"AnyError": any_error},
        "responses": {name: {"description": said, "content": content} for name, said in _ERRORS.items()},
        "parameters": {"project": project | {"description": "The project, where the key is an account's."}},
        "headers": {name: {"description": said, "schema": {"type": "integer"}} for name, said in _HEADERS.items()},
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": about}},
    }
