"""The application for ASGI servers.

`autosend-mcp serve --http` gives uvicorn its limits. With workers of its own uvicorn must be given them:

    uvicorn --factory autosend_mcp.server.asgi:create_app --workers 3 \\
        --http autosend_mcp.server.http.protocol:BoundedProtocol --ws none --limit-concurrency 2000 \\
        --timeout-keep-alive 20 --timeout-graceful-shutdown 10 --no-access-log --no-server-header --no-proxy-headers
"""

from starlette.applications import Starlette

from autosend_mcp.logs import configure_logging
from autosend_mcp.server.http.app import McpApp
from autosend_mcp.server.http.settings import load_http_settings
from autosend_mcp.server.telemetry.start import tracing_asked_for
from autosend_mcp.settings import load_settings


def create_app() -> Starlette:
    """Return the application that the variables describe.

    It cannot know where it is bound to, so that it always wants to know who calls.

    Raises:
        SettingsError: A variable is wrong, or nothing says who may call.
    """
    settings, http = load_settings(), load_http_settings()
    configure_logging(settings.log_level)
    return McpApp(settings, http.checked(loopback=False), tracing=tracing_asked_for(warn=True)).app()
