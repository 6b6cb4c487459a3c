"""Links that install a server: a host opens them, shows the entry that is in them, and asks."""

import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote

Entry = dict[str, Any]

INPUT: Entry = {"type": "promptString", "id": "autosend_key", "description": "AutoSend API key", "password": True}


def cursor(name: str, entry: Entry) -> str:
    """Return the link that Cursor opens."""
    return f"cursor://anysphere.cursor-deeplink/mcp/install?{in_base64(name, entry)}"


def vscode(name: str, entry: Entry) -> str:
    """Return the link that VS Code opens. It asks for the key, where the entry refers to that."""
    inputs = {"inputs": [INPUT]} if INPUT["id"] in str(entry.get("env", "")) else {}
    return f"vscode:mcp/install?{quote(compact({'name': name, **inputs, **entry}), safe='')}"


def in_base64(name: str, entry: Entry) -> str:
    """Return the query of a link whose entry is in Base64."""
    return f"name={quote(name)}&config={quote(b64encode(compact(entry).encode()).decode(), safe='')}"


def compact(value: Any) -> str:
    """Return JSON without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
