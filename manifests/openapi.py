"""The OpenAPI document of the sandbox: its routes, the types of what they take, and the documented exchanges.

An exchange that the sandbox does not answer, or answers with other switches than the usual ones, is no example of a
success; its errors are.
"""

import re
from collections import defaultdict
from contextlib import closing
from typing import Any

from pydantic import TypeAdapter
from starlette.routing import Match, Route

from autosend_mcp.sandbox.app import Sandbox
from autosend_mcp.sandbox.control.bodies import BODIES
from autosend_mcp.sandbox.control.warnings import INSTEAD
from manifests.exchanges import DELIVERIES, NAMES, documented
from manifests.openapi_parts import Json, components, delivery, is_answered, named, responses
from manifests.sandbox_queries import QUERIES
from manifests.sandbox_shapes import BODIES as CONTROL_BODIES
from manifests.sandbox_shapes import REPLIES

_PLACED = {"{id}": "507f1f77bcf86cd799439011", "{listId}": "60d5ec49f1b2c72d9c8b4567", "{groupId}": "20XWO"}
_CONTROL, _PAGE = "Sandbox control", "Sandbox page"
_ABOUT = """A local AutoSend for tests: nothing here is real, and no mail leaves the machine. Paths under `/v1` are
AutoSend's, each with the exchanges of AutoSend's documentation as examples; those under `/sandbox` are the sandbox's
own and need no key."""


def openapi(project: Json) -> Json:
    """Return the document of the sandbox with the project's version."""
    with closing(Sandbox()) as sandbox:
        routes = [route for route in sandbox.app.routes if isinstance(route, Route)]
        operations = _operations(routes, sandbox)
    types, schemas = _types()
    examples = _examples(routes)
    paths: defaultdict[str, Json] = defaultdict(dict)
    for name, operation in operations.items():
        method, path = name.split()
        paths[path][method.lower()] = operation | _parameters(path, types.get(("query", name)))
        if body := types.get(("body", name)):
            paths[path][method.lower()]["requestBody"] = _request_body(body, examples[name])
        paths[path][method.lower()]["responses"] = responses(name, examples[name], types.get(("reply", name)))
    return {
        "openapi": "3.1.0",
        "info": {"title": "AutoSend sandbox", "version": project["version"], "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(one["tags"][0] for one in operations.values())],
        "paths": dict(paths),
        "webhooks": {name.partition("/")[2]: delivery(name) for name in DELIVERIES if is_answered(documented(name))},
        "components": components(schemas),
    }


def _operations(routes: list[Route], sandbox: Sandbox) -> dict[str, Json]:
    """Return each route by its method and path: what it does, in the words of its handler."""
    found: dict[str, Json] = {}
    for route in routes:
        (method,) = (route.methods or set()) - {"HEAD"}
        path = route.path
        handler = sandbox.handlers.get((method, path.removeprefix("/v1")), route.endpoint)
        said = re.sub(r"\s+", " ", (handler.__doc__ or "").partition("\n\n")[0])
        _, first, *rest = path.split("/")
        tag = rest[0].replace("-", " ").capitalize() if first == "v1" else _CONTROL
        tag = _PAGE if path == "/" or "/page/" in path else tag
        words = re.findall(r"\w+", path.replace("/v1/", "/")) or ["page"]
        instead = next((to for old, to in INSTEAD.items() if path.removeprefix("/v1").startswith(old)), "")
        found[f"{method} {path}"] = {
            "operationId": "_".join([method.lower(), *words]),
            "tags": [tag],
            "summary": said.rstrip("."),
            **({"deprecated": True, "description": f"Use {instead} instead."} if instead else {}),
            **({} if first == "v1" else {"security": []}),
        }
    return found


def _types() -> tuple[dict[tuple[str, str], Json], Json]:
    """Return the schemas of bodies, queries and replies by their kind and endpoint, and what they refer to."""
    bodies = {f"{name.replace(' ', ' /v1', 1)}": kind for name, kind in BODIES.items()} | {**CONTROL_BODIES}
    kinds = {("body", name): kind for name, kind in bodies.items()}
    kinds |= {("reply", name): kind for name, kind in REPLIES.items()}
    inputs = [(key, "validation", TypeAdapter(kind)) for key, kind in kinds.items()]
    schemas, rest = TypeAdapter.json_schemas(inputs, ref_template="#/components/schemas/{model}")  # pyright: ignore[reportArgumentType]
    found = {key: _untitled(schema) for (key, _), schema in schemas.items()}
    queries = {("query", name): _untitled(TypeAdapter(kind).json_schema()) for name, kind in QUERIES.items()}
    return found | queries, _untitled(rest.get("$defs", {}))


def _untitled(schema: Any) -> Any:
    """Return the schema without the titles that repeat its names."""
    if isinstance(schema, list):
        return [_untitled(one) for one in schema]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(schema, dict):
        return schema
    return {name: _untitled(one) for name, one in schema.items() if name != "title" or not isinstance(one, str)}  # pyright: ignore[reportUnknownVariableType]


def _examples(routes: list[Route]) -> defaultdict[str, dict[str, Json]]:
    """Return the exchanges that are examples, by endpoint and name."""
    found: defaultdict[str, dict[str, Json]] = defaultdict(dict)
    for name in NAMES:
        exchange = _placed(documented(name))
        request = exchange["request"] or exchange.get("sandbox", {}).get("request")
        if request and is_answered(exchange):
            path = request["path"].partition("?")[0]
            scope = {"type": "http", "method": request["method"], "path": path, "root_path": ""}
            matched = [route.path for route in routes if route.matches(scope)[0] is Match.FULL]
            key = f"{request['method']} {matched[0]}" if matched else ""
            found[key][name.replace("/", ".")] = exchange | {"request": request}
    return found


def _placed(exchange: Any) -> Any:
    """Return the exchange with ids in place of their placeholders."""
    if isinstance(exchange, list):
        return [_placed(one) for one in exchange]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(exchange, dict):
        return {name: _placed(one) for name, one in exchange.items()}  # pyright: ignore[reportUnknownVariableType]
    return _PLACED.get(exchange, exchange) if isinstance(exchange, str) else exchange


def _parameters(path: str, query: Json | None) -> Json:
    """Return the parameters of the path, those of its query, and the header that names the project."""
    found: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    found += [{"name": name, "in": "query", "schema": one} for name, one in (query or {}).get("properties", {}).items()]
    found += [{"$ref": "#/components/parameters/project"}] * path.startswith("/v1/")
    return {"parameters": found} if found else {}


def _request_body(schema: Json, exchanges: dict[str, Json]) -> Json:
    """Return the body of a request with the documented ones that are not refused as examples."""
    bodies = {
        name: {"value": exchange["request"]["body"]}
        for name, exchange in exchanges.items()
        if exchange["response"]["status"] < 400
    }
    return {"required": True, "content": {"application/json": {"schema": schema} | named(bodies)}}
