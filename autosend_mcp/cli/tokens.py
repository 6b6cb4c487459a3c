"""`autosend-mcp token`: make, list and revoke bearer tokens. Nothing of serving is loaded."""

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from autosend_mcp.cli.exits import usage
from autosend_mcp.errors import NotSent
from autosend_mcp.server.http.settings import load_http_settings
from autosend_mcp.server.http.tokens import TokenFile
from autosend_mcp.settings import Settings, SettingsError
from autosend_mcp.variables import variable_of

_TOKENS = variable_of("http_tokens")


def token(args: argparse.Namespace) -> int:
    """Make, list or revoke the bearer tokens of a file."""
    try:
        path = args.file or load_http_settings().http_tokens
        if path is None:
            return usage(f"token: name the file of the tokens: --file FILE, or {_TOKENS}")
        return _ACTIONS[args.action](TokenFile(Path(path).expanduser()), args)
    except SettingsError as error:
        return usage(f"token: {error}")
    except OSError as error:
        return usage(f"token: {error.filename}: {error.strerror}")


def _create(file: TokenFile, args: argparse.Namespace) -> int:
    about: dict[str, Any] = {
        "read_only": args.read_only,
        "toolsets": args.toolsets,
        "project_id": args.project_id,
        "metrics": args.metrics,
    }
    if args.key_file:
        about["key_file"] = str(Path(args.key_file).expanduser().absolute())
    _check(about)
    if args.days:
        about["expires"] = datetime.now(UTC).replace(microsecond=0) + timedelta(days=args.days)
    made = file.create(args.name, **about)
    print(made)
    print("It is shown this once. Clients send it as: Authorization: Bearer asm_...", file=sys.stderr)
    return 0


def _check(about: dict[str, Any]) -> None:
    """Check what a token is given.

    Raises:
        SettingsError: There is no such toolset, or no key in the file.
    """
    key_file = about.get("key_file")
    settings = Settings(api_key_file=Path(key_file) if key_file else None, project_id=about["project_id"])
    settings.model_copy(update={"toolsets": about["toolsets"]}).toolsets_named()
    try:
        if key_file:
            settings.credentials()
    except NotSent as problem:
        what = problem.what.replace(variable_of("api_key_file"), "--key-file")
        raise SettingsError(what) from None


def _list(file: TokenFile, args: argparse.Namespace) -> int:
    tokens, now = file.tokens(), datetime.now(UTC)
    rows = [
        one.model_dump(mode="json", exclude={"sha256"}, exclude_none=True) | {"valid": one.is_valid(now)}
        for one in tokens
    ]
    if args.json:
        print(json.dumps(rows, indent=2))
        return 0
    for one in tokens:
        until = (
            "no end" if one.expires is None else f"{'until' if one.is_valid(now) else 'expired'} {one.expires:%Y-%m-%d}"
        )
        may = "reads /metrics" if one.metrics else "reads" if one.read_only else "reads and writes"
        print(f"{one.name}\t{may}\t{until}\t{one.key_file or 'the key of the server'}")
    return 0


def _revoke(file: TokenFile, args: argparse.Namespace) -> int:
    if not file.revoke(args.name):
        return usage(f"token: {args.name} has no token")
    print(f"{args.name} has no token any more; a server that runs knows at once.")
    return 0


_ACTIONS = {"create": _create, "list": _list, "revoke": _revoke}
