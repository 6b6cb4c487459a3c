"""`autosend-mcp serve --http`."""

import argparse
import socket
from contextlib import closing

from autosend_mcp.api.client import AutoSend
from autosend_mcp.cli.exits import usage
from autosend_mcp.logs import configure_logging
from autosend_mcp.server.http.app import McpApp
from autosend_mcp.server.http.serve import is_local, listening, serve
from autosend_mcp.server.http.settings import HttpSettings, load_http_settings
from autosend_mcp.server.telemetry.start import tracing_asked_for
from autosend_mcp.settings import Settings, SettingsError


def serve_http(args: argparse.Namespace, autosend: AutoSend) -> int:
    """Serve until the process is asked to end. `autosend` is the client of who has no settings of their own."""

    def connect(settings: Settings) -> AutoSend:
        return autosend.with_settings(settings)

    configure_logging(autosend.settings.log_level)
    try:
        http, listener, where = opened(args)
    except SettingsError as error:
        return usage(f"serve: {error}")
    with closing(listener):
        try:
            app = McpApp(autosend.settings, http, connect, tracing=tracing_asked_for(warn=True)).app()
        except SettingsError as error:
            return usage(f"serve: {error}")
        announce(http, where)
        serve(app, listener)
    return 0


def http_given(args: argparse.Namespace) -> dict[str, object]:
    """Return the settings of serving over HTTP that the flags give."""
    return {
        "http_tokens": args.tokens,
        "http_hosts": args.allow_host,
        "http_origins": args.allow_origin,
        "http_metrics": args.metrics,
    }


def opened(args: argparse.Namespace) -> tuple[HttpSettings, socket.socket, str]:
    """Return the settings, and what listens where.

    Raises:
        SettingsError: The settings are wrong, or may not be served there; or nothing can listen there.
    """
    http = load_http_settings(**http_given(args))
    try:
        listener, where = listening(args.http)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    except OSError as error:
        raise SettingsError(f"{args.http}: {error.strerror or error}") from None
    try:
        return http.checked(loopback=is_local(listener)), listener, where
    except SettingsError:
        listener.close()
        raise


def announce(http: HttpSettings, where: str, by: str = "") -> None:
    """Print where it is served."""
    to = "" if http.authenticates else ", to this machine alone"
    print(f"Serving MCP on http://{where}/mcp{by}{to}", flush=True)
