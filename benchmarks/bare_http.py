"""The yardstick of over_http.py: bare_server.py over Streamable HTTP, as the SDK serves it, at 127.0.0.1:PORT."""

import sys
from typing import Any

import uvicorn
from bare_server import Bare
from mcp.server.lowlevel import Server


def main() -> None:
    """Serve until the process is ended."""
    bare = Bare()
    server = Server[Any]("bare", version="0", on_list_tools=bare.list_tools, on_call_tool=bare.call_tool)
    app = server.streamable_http_app(stateless_http=True)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False, ws="none")


if __name__ == "__main__":
    main()
