"""`autosend-mcp sandbox`: from its flags to a sandbox that serves."""

from argparse import Namespace

from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.seeds import Seeds, automation_of
from autosend_mcp.sandbox.serve import serve


def run(flags: Namespace) -> str:
    """Serve until the process is told to end; or why that cannot be, in words."""
    try:
        seeds = Seeds(flags.list, flags.segment, flags.field, flags.suppress, flags.unsubscribe)
        serve(flags.port, flags.file, _options(flags), seeds)
    except BrokenPipeError:
        raise
    except OSError as error:
        return error.strerror or str(error)
    except ValueError as error:
        return str(error)
    return ""


def _options(flags: Namespace) -> Options:
    return Options(
        exists_status=flags.exists_status,
        rate_limit=0 if flags.no_rate_limit else 2,
        known_lists_only=bool(flags.list or flags.segment),
        lists_key=flags.lists_key,
        upsert_rule=flags.upsert_rule,
        unknown_fields=flags.unknown_fields,
        automations=tuple(automation_of(text) for text in flags.automation),
        webhook_url=flags.webhook,
        webhook_secret=flags.webhook_secret,
    )
