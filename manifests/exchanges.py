"""The exchanges that AutoSend documents, in tests/contract/, and the table of what the tests judge by each.

Members of an exchange besides its `source`, `request` and `response`:

- `call`: the tool that sends the request, with its arguments if they are not the documented body;
- `no_call`: why no tool sends it; an error needs neither, for every tool reads every error. What reads the response
  then: `reads`, an endpoint in `autosend_mcp/api/` with its arguments, or `read_by`, a test of its own;
- `sandbox`: what brings the sandbox to the response where the request alone does not: `request`, `options`, `key`,
  `times`;
- `no_sandbox`: why it does not answer so.

A delivery, which AutoSend sends to a webhook, has `headers` and `body` instead.
"""

import json
from pathlib import Path
from typing import Any

from manifests.tables import table

Json = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "contract"
_ALL = sorted(file.relative_to(FOLDER).as_posix().removesuffix(".json") for file in FOLDER.rglob("*.json"))
DELIVERIES = [name for name in _ALL if name.startswith("deliveries/")]
NAMES = [name for name in _ALL if name not in DELIVERIES]


def documented(name: str) -> Json:
    """Return the documented exchange of this name, which is its file's without the suffix."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def contract(name: str) -> tuple[Json, Json]:
    """Return the documented request and response."""
    exchange = documented(name)
    return exchange["request"], exchange["response"]


def is_error(exchange: Json) -> bool:
    """Return whether the response is an error, which every tool reads."""
    return exchange["response"]["status"] >= 400


def exchanges_table() -> str:
    """Return every documented exchange with what the tests judge by it, below their totals."""
    exchanges = {name: documented(name) for name in NAMES}
    sent = sum("call" in exchange for exchange in exchanges.values())
    read = sum(_is_read(exchange) for exchange in exchanges.values())
    answered = sum("no_sandbox" not in exchange for exchange in exchanges.values())
    totals = (
        f"Of {len(exchanges)} exchanges the client sends {sent} as they are documented and reads the responses of "
        f"{read}; the sandbox answers {answered}."
    )
    deliveries = {name: documented(name) for name in DELIVERIES}
    rows = [[f"`{name}`", _client(exchange), _sandbox(exchange, "answered")] for name, exchange in exchanges.items()]
    rows += [[f"`{name}`", "", _sandbox(exchange, "sent")] for name, exchange in deliveries.items()]
    made = sum("no_sandbox" not in exchange for exchange in deliveries.values())
    totals += f" Of {len(deliveries)} deliveries to webhooks it sends {made}."
    return f"{totals}\n\n{table(['Exchange', 'Client', 'Sandbox'], rows)}"


def _is_read(exchange: Json) -> bool:
    return is_error(exchange) or not {"call", "reads", "read_by"}.isdisjoint(exchange)


def _client(exchange: Json) -> str:
    if "call" in exchange:
        return "sent, read"
    if is_error(exchange):
        return "read"
    return f"{'read; not sent' if _is_read(exchange) else 'neither'}: {exchange['no_call']}"


def _sandbox(exchange: Json, verb: str) -> str:
    if "no_sandbox" in exchange:
        return f"not: {exchange['no_sandbox']}"
    options: Json = exchange.get("sandbox", {}).get("options", {})
    return verb + (f", {_set(options)}" if options else "")


def _set(options: Json) -> str:
    return "with " + ", ".join(
        f"`{name}`" if isinstance(value, list) else f"`{name}={json.dumps(value).strip(chr(34))}`"
        for name, value in sorted(options.items())
    )
