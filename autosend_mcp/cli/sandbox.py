"""`autosend-mcp sandbox`: from its flags to a sandbox that serves, with what it holds from the start."""

import json
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from autosend_mcp.cli.switches import from_texts, from_variables
from autosend_mcp.sandbox.app import KEY, PROJECT, Options, Sandbox
from autosend_mcp.sandbox.automations.definitions import added_to_list, changes_from_to, matches_with
from autosend_mcp.sandbox.contact_properties import RESERVED, TYPES
from autosend_mcp.sandbox.control.seeds import add_seed
from autosend_mcp.sandbox.sample import add_sample
from autosend_mcp.sandbox.serve import listening, serve
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.validation import email_problems, normalized
from autosend_mcp.settings import SettingsError

_ANY = ("0.0.0.0", "::")  # noqa: S104 - what `--host` may say
_USUAL = (*_ANY, "127.0.0.1", "::1", "localhost")


def run(flags: Namespace) -> str:
    """Serve until the process is asked to end; return why that is impossible, or nothing.

    Prints where the sandbox and its page are, its key, and the ids of what was seeded.
    """
    try:
        with closing(opened(flags)) as sandbox, listening(flags.port, flags.host) as listener:
            url = f"http://{_shown(flags.host)}:{listener.getsockname()[1]}/v1"
            print(f"AutoSend sandbox on {url} with key {KEY}, and its page on {url.removesuffix('v1')}", flush=True)
            for line in seed(sandbox.store, flags):
                print(line, flush=True)
            sandbox.control.keep_seed()
            serve(sandbox, listener)
    except BrokenPipeError:
        raise
    except OSError as error:
        return error.strerror or str(error)
    except (ValueError, SettingsError) as error:
        return str(error)
    return ""


def opened(flags: Namespace) -> Sandbox:
    """Return the sandbox that the flags describe; `seed` fills it.

    Raises:
        ValueError: What seeds it cannot be understood.
        SettingsError: A variable sets no switch.
        OSError: Its file cannot be opened.
    """
    _check(flags)
    return Sandbox(_options(flags), flags.file)


def _check(flags: Namespace) -> None:
    """Check the texts that seed the sandbox.

    Raises:
        ValueError: One of them cannot be understood.
    """
    for text in flags.field:
        name, _, kind = text.rpartition(":")
        if not name or kind not in TYPES:
            raise ValueError(f"{text!r} is not NAME:TYPE, such as plan:string; types: {', '.join(TYPES)}")
        if name in RESERVED:
            raise ValueError(f"{name!r} is a reserved field name")
    for text in flags.unsubscribe:
        if not text.partition(":")[2].strip():
            raise ValueError(f"{text!r} is not ADDRESS:GROUP, such as jane@example.com:Blog")
    for address in [*flags.suppress, *(text.partition(":")[0] for text in flags.unsubscribe)]:
        if email_problems(address):
            raise ValueError(f"{address!r} is not an email address")


def seed(store: Store, flags: Namespace) -> Iterator[str]:
    """Add what the flags name and the store does not hold yet; yield a line for each thing that has an id."""
    if flags.sample:
        add_sample(store, PROJECT)
        yield "sample: jane@example.com, john@example.com, ana@example.com; list Newsletter; segment Pro users"
    for kind, names in (("list", flags.list), ("segment", flags.segment)):
        for name in names:
            yield f"{kind} {name}: {store.contact_lists.seed(PROJECT, name, kind)}"
    for text in flags.field:
        name, _, kind = text.rpartition(":")
        store.contact_properties.define(PROJECT, name, kind)
    groups = store.suppression_groups
    if flags.suppress:
        groups.suppress(PROJECT, map(normalized, flags.suppress), is_global=True)
    for text in flags.unsubscribe:
        address, _, group = text.partition(":")
        group_id = groups.seed(PROJECT, group.strip())
        groups.suppress(PROJECT, [normalized(address)], group_id)
        yield f"group {group.strip()}: {group_id}"
    for file in flags.seed:
        add_seed(store, PROJECT, _json_of(file))


def _shown(host: str) -> str:
    """Return the address as a URL has it; of all of this machine, the one of itself."""
    return "127.0.0.1" if host in _ANY else f"[{host}]" if ":" in host else host


def _options(flags: Namespace) -> Options:
    """Return the switches: those of `--set`, else of the other flags, else of the variables, else as documented."""
    status = flags.exists_status
    usual: dict[str, Any] = {"known_lists_only": True} if flags.list or flags.segment else {}
    given: dict[str, Any] = {
        "error_shape": flags.error_shape,
        **dict.fromkeys(("contact_exists_status", "list_exists_status", "property_exists_status"), status),
        "rate_limit": 0 if flags.no_rate_limit else None,
        "lists_key": flags.lists_key,
        "allow_hosts": tuple(flags.allow_host) or (() if flags.host in _USUAL else (_shown(flags.host),)) or None,
        "upsert_rule": flags.upsert_rule,
        "unknown_fields": flags.unknown_fields,
        "automations": (
            *(added_to_list(f"Welcome to {name}", name) for name in flags.list_in_use),
            *(one for text in flags.automation for one in _automations_of(text)),
        ),
        "webhook_url": flags.webhook,
        "webhook_secret": flags.webhook_secret,
    }
    by_flags = {name: value for name, value in given.items() if value is not None}
    return Options(**usual | from_variables() | by_flags | from_texts(flags.set))


def _automations_of(text: str) -> list[dict[str, Any]]:
    """Return the automations that a flag declares: by a property (`plan`, `plan:free:pro`, `plan::pro`), or as JSON.

    Raises:
        ValueError: The text is none of these.
    """
    if text.startswith(("{", "@")):
        return _definitions(text)
    field, *values = text.split(":", 2)
    if not field or len(values) == 1:
        raise ValueError(f"{text!r} is not PROPERTY, PROPERTY:FROM:TO, a JSON object or @FILE, such as plan:free:pro")
    was, now = values or ("", "")
    if now and not was:
        return [matches_with(field, now)]
    return [changes_from_to(field, was or None, now or None)]


def _json_of(file: str) -> object:
    """Return what a file of JSON holds.

    Raises:
        ValueError: It cannot be read, or is no JSON.
    """
    try:
        return json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}") from None
    except ValueError:
        raise ValueError(f"{file} is not JSON") from None


def _definitions(text: str) -> list[dict[str, Any]]:
    """Return the definitions of a JSON object, or of the file behind the @, which may hold an array of them."""
    try:
        written = Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
        found: object = json.loads(written)
    except OSError as error:
        raise ValueError(f"{text[1:]}: {error.strerror}") from None
    except ValueError:
        raise ValueError(f"{text!r} is not JSON") from None
    definitions = cast("list[object]", found) if isinstance(found, list) else [found]
    if not all(isinstance(one, dict) for one in definitions):
        raise ValueError(f"{text!r} is not an automation in JSON, nor an array of them")
    return cast("list[dict[str, Any]]", definitions)
