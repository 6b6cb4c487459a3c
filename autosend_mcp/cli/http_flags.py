"""The flags of `autosend-mcp serve` and `autosend-mcp token`, and their help."""

import argparse

MAX_WORKERS = 64
MAX_DAYS = 36_500

SERVE_HELP = """\
Serve MCP: on stdin and stdout, as without a subcommand, or over Streamable HTTP. Over HTTP each caller has a server of
their own; who may call is said by bearer tokens (autosend-mcp token) or an OAuth issuer (docs/deploy.md). Without
either, only this machine is served.

examples:
  autosend-mcp serve --http 127.0.0.1:8000 --sandbox-sample        try it, without a key
  autosend-mcp serve --http 0.0.0.0:8000 --tokens tokens.json --allow-host mcp.example.com
  AUTOSEND_REDIS_URL=redis://127.0.0.1:6379/0 autosend-mcp serve --http 127.0.0.1:8000 --workers 3

exit code: 0 asked to end, 2 wrong usage or a wrong setting, 3 the command itself failed
"""

TOKENS_HELP = """\
Make, list and revoke the bearer tokens by which people and agents call a server over HTTP. The file holds hashes alone.
A server that runs knows of a change at once.

examples:
  autosend-mcp token create ana --file tokens.json
  autosend-mcp token create ci --file tokens.json --read-only --days 90
  autosend-mcp token create shop --file tokens.json --key-file /run/secrets/shop-key
  autosend-mcp token create prometheus --file tokens.json --metrics
  autosend-mcp token list --file tokens.json --json
  autosend-mcp token revoke ana --file tokens.json

exit code: 0 done, 2 wrong usage, or there is no such token
"""


def add_serve_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `autosend-mcp serve`."""
    parser.add_argument("--http", metavar="HOST:PORT", help="serve over HTTP at this address, such as 127.0.0.1:8000")
    parser.add_argument(
        "--workers", type=_workers, default=1, metavar="N", help="serve by N processes, which share Redis (default: 1)"
    )
    parser.add_argument("--tokens", metavar="FILE", help="the file of the bearer tokens")
    parser.add_argument("--allow-host", metavar="NAMES", help="accept these Host headers, separated by commas")
    parser.add_argument("--metrics", action="store_true", help="serve /metrics, for Prometheus")
    parser.add_argument("--allow-origin", metavar="ORIGINS", help="accept pages of these origins, separated by commas")


def add_token_flags(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `autosend-mcp token`, and their flags."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make a token, and show it once", allow_abbrev=False)
    create.add_argument("name", metavar="NAME", help="whose it is, such as ana or ci")
    create.add_argument("--read-only", action="store_true", help="it may only read")
    create.add_argument("--metrics", action="store_true", help="it may read /metrics, and nothing else")
    create.add_argument("--toolsets", default="", metavar="NAMES", help="it is offered these toolsets alone")
    create.add_argument("--key-file", metavar="FILE", help="the file of the owner's own AutoSend key")
    create.add_argument("--project-id", metavar="ID", help="the project of an account key")
    create.add_argument("--days", type=_days, metavar="N", help="it expires after N days (default: never)")
    shown = actions.add_parser("list", help="show who has a token", allow_abbrev=False)
    shown.add_argument("--json", action="store_true", help="print JSON")
    revoke = actions.add_parser("revoke", help="take a token away", allow_abbrev=False)
    revoke.add_argument("name", metavar="NAME", help="whose it is")
    for action in (create, shown, revoke):
        action.add_argument("--file", metavar="FILE", help="the file of the tokens (default: AUTOSEND_HTTP_TOKENS)")


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_WORKERS:
        raise argparse.ArgumentTypeError(f"workers are 1 to {MAX_WORKERS}")
    return int(text)


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_DAYS:
        raise argparse.ArgumentTypeError(f"days are 1 to {MAX_DAYS:,}")
    return int(text)
