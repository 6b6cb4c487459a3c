"""`python -m autosend_mcp` is the same command as `autosend-mcp`."""

from autosend_mcp.cli.main import run

if __name__ == "__main__":
    run()
