"""The command, as a process of its own: `autosend-mcp`, or `python -m autosend_mcp`."""

import gc
import os
import sys
from typing import NoReturn

from autosend_mcp.server.front.stdin import front


def run() -> NoReturn:
    """Run the command. What a host asks first is answered while the rest is imported."""
    # The models of the SDK are 200,000 objects, none of them garbage; it is collected again when all are there.
    gc.disable()
    # pydantic looks for plugins in every installed package; none is wanted here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        first = front(sys.argv[1:])
        if first:
            first.open()
        from autosend_mcp.cli.exits import exit_now
        from autosend_mcp.cli.main import main
    except KeyboardInterrupt:
        os._exit(130)
    exit_now(main(front=first))


if __name__ == "__main__":
    run()
