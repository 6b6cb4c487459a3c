"""`autosend-mcp demo`: show what an assistant sees, with the real server as a child process and a real MCP client."""

import json
import sys
import tempfile
from typing import Any, TextIO

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import CallToolResult, TextContent

JOHN: dict[str, Any] = {
    "email": "john@example.com",
    "firstName": "John",
    "lastName": "Doe",
    "userId": "user_12345",
    "customFields": {"plan": "premium"},
}


def demo() -> int:
    """Run the demo; return the exit code: 0 when every answer was as promised, else 1."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        try:
            return anyio.run(_demo, log)
        except OSError as error:
            print(f"autosend-mcp: demo: {error}", file=sys.stderr)
            return 1


async def _demo(log: TextIO) -> int:
    server = StdioServerParameters(command=sys.executable, args=["-P", "-m", "autosend_mcp", "--sandbox"])
    async with Client(stdio_client(server, errlog=log)) as client:
        info = client.server_info
        print(f"$ autosend-mcp --sandbox     (a child process over stdio; MCP {client.protocol_version})")
        print(f"connected to {info.name} {info.version}\n" if info else "")
        await _show_tools(client)
        field = {"fieldName": "plan", "fieldType": "string"}
        misspelt = {"email": "jane@example.com", "fristName": "Jane"}
        again = {**JOHN, "firstName": "Johnny"}
        change = {"email": JOHN["email"], "firstName": "Johnny"}
        as_promised = [
            await _show(client, "1. A custom field, defined once", "create_custom_field", field, error=False),
            await _show(client, "2. A new contact", "create_contact", JOHN, error=False),
            await _show(client, "3. A misspelt argument", "create_contact", misspelt, error=True),
            await _show(client, "4. The same address again", "create_contact", again, error=True),
            await _show(client, "5. The change that the error named", "upsert_contact", change, error=False),
        ]
    _show_log(log)
    if all(as_promised):
        print("All five answers were as promised. Next: README.md, or autosend-mcp --help")
        return 0
    print("An answer was not as promised.", file=sys.stderr)
    return 1


async def _show_tools(client: Client) -> None:
    _title("What the assistant sees")
    first, *others = (await client.list_tools()).tools
    print(f"{first.name}: {first.description}")
    required = first.input_schema.get("required", [])
    for name, schema in first.input_schema["properties"].items():
        print(f"  {name} ({schema['type']}{', required' if name in required else ''}): {schema['description']}")
    print(f"and {', '.join(tool.name for tool in others)}.\n")


async def _show(client: Client, title: str, tool: str, arguments: dict[str, Any], *, error: bool) -> bool:
    """Call the tool, print arguments and answer; return whether it failed, or did not, as promised by `error`."""
    _title(title)
    print(f"{tool} {json.dumps(arguments)}\n")
    result = await client.call_tool(tool, arguments)
    print(f"{'error' if result.is_error else 'answer'}: {_text(result)}\n")
    return bool(result.is_error) is error


def _show_log(log: TextIO) -> None:
    _title("What the server logged: no address, no key")
    log.seek(0)
    print(log.read())


def _text(result: CallToolResult) -> str:
    if result.is_error:
        return "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    return json.dumps(result.structured_content, indent=2, ensure_ascii=False)


def _title(text: str) -> None:
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"{bold}{text}{plain}\n{'-' * len(text)}")
