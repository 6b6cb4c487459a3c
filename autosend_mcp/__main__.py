"""`python -m autosend_mcp` is the same command as `autosend-mcp`."""

import sys

from autosend_mcp.cli import main

if __name__ == "__main__":
    sys.exit(main())
