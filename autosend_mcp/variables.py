"""The environment: our variables as people and hosts leave them, and the proxy for a URL. Its only reader."""

import os
import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, getproxies_environment, proxy_bypass

from httpx2 import URL, InvalidURL

PREFIX = "AUTOSEND_"
SANDBOX = f"{PREFIX}SANDBOX_"
# The settings of serving over HTTP; other commands leave them alone.
OF_HTTP = (
    "http_tokens",
    "http_hosts",
    "http_origins",
    "http_url",
    "http_issuer",
    "http_jwks",
    "http_metrics",
    "redis_url",
    "state_key",
)

# What a host would have replaced, or what stands for "nothing" in one: nobody has filled it in.
_UNFILLED = re.compile(
    r".*\$\{.*\}.*|\$\(.*\)|\$[A-Za-z_]\w*|.*\{\{.*\}\}.*|\{env:.*\}|%[A-Za-z_]\w*%|<.*>|\[\[.*\]\]|@\{.*\}|__\w+__|"
    r"op://.*|null|undefined|none|nil",
    re.IGNORECASE | re.DOTALL,
)
# Kubernetes and Docker set these for a service or a container that is called autosend or autosend-something.
_OF_CONTAINERS = re.compile(
    r"(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?|NAME|ENV_\w+)"
)
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,512}")
_AROUND = "\ufeff\u200b\u200e\u2060\0 \t\r\n\v\f\xa0"
_QUOTES = {('"', '"'), ("'", "'"), ("`", "`"), ("\u201c", "\u201d"), ("\u2018", "\u2019"), ("\u00ab", "\u00bb")}


class Variables(NamedTuple):
    """Ours by the name of the setting. `unfilled`, `wrong`: a sentence for each that was left out, or must not be."""

    values: dict[str, str]
    unfilled: list[str]
    wrong: list[str]


def variable_of(field: str) -> str:
    """Return the environment variable of a field, for example `AUTOSEND_BASE_URL`."""
    return PREFIX + field.upper()


def our_variables(fields: Collection[str], needed: Collection[str], *, others: Collection[str] = ()) -> Variables:
    """Return the variables of these settings that are not empty, without blanks and quotes around their values.

    A placeholder is as good as none, but in those that are `needed`. The variables of `others` are somebody else's.
    """
    found = Variables({}, [], [])
    for name, text in os.environ.items():
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper.startswith(SANDBOX) or not text.strip(_AROUND):
            continue
        field = upper.removeprefix(PREFIX).lower()
        if field in others:
            continue
        if field not in fields:
            if not _OF_CONTAINERS.fullmatch(upper.removeprefix(PREFIX)):
                found.wrong.append(_unknown(name, [*fields, *others]))
        elif field in needed:
            found.values[field] = text
        elif is_unfilled(plain := without_quotes(text)):
            found.unfilled.append(f"{name} holds a placeholder that was not filled in; it counts as not set.")
        elif plain:
            found.values[field] = plain
    return found


def is_unfilled(text: str) -> bool:
    """Return whether a text is a placeholder of a host's, or what stands for nothing."""
    return _UNFILLED.fullmatch(text) is not None


def without_quotes(text: str) -> str:
    """Return a text without blanks, a byte order mark and pairs of quotes around it."""
    text = text.strip(_AROUND)
    while len(text) >= 2 and (text[0], text[-1]) in _QUOTES:
        text = text[1:-1].strip(_AROUND)
    return text


def _unknown(name: str, fields: Collection[str]) -> str:
    known = {field.replace("_", ""): field for field in fields}
    near = get_close_matches(name[len(PREFIX) : 64].lower().replace("_", ""), known, n=1, cutoff=0.7)
    meant = f"did you mean {variable_of(known[near[0]])}?" if near else "unset it for this server."
    if name.upper() == SANDBOX[:-1]:
        meant = "the sandbox is the flag --sandbox."
    return f"{name} is no setting of autosend-mcp; {meant}"


def api_url(value: str) -> str:
    """Return the URL of an API: https, or http on loopback.

    Raises:
        ValueError: It is none.
    """
    url = urlsplit(value)
    if not _PRINTABLE.fullmatch(value) or ".." in url.netloc:
        raise ValueError
    if url.query or url.fragment or url.username or url.password or not url.hostname:
        raise ValueError
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname)):
        raise ValueError
    _ = url.port  # raises ValueError when it is no port
    try:
        URL(value)
    except InvalidURL:
        raise ValueError from None
    return url.geturl().rstrip("/")


def is_loopback(host: str) -> bool:
    """Return whether the host name or address is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def all_variables() -> dict[str, str]:
    """Return the whole environment, for what finds and starts other programs."""
    return dict(os.environ)


def sandbox_variables() -> dict[str, str]:
    """Return the variables `AUTOSEND_SANDBOX_...` that are not empty."""
    return {name: text for name, text in os.environ.items() if text and name.startswith(SANDBOX)}


def proxy_for(url: str) -> tuple[str, str] | None:
    """Return the proxy that applies to an https URL, with the name of the variable it comes from; None for none.

    HTTPS_PROXY comes before ALL_PROXY, and NO_PROXY before both; what is set for other URLs does not count.
    """
    parts, proxies = urlsplit(url), getproxies()
    host = parts.hostname or ""
    if _is_direct(host, f"{host}:{parts.port or 443}", getproxies_environment()):
        return None
    for scheme in ("https", "all"):
        if proxy := proxies.get(scheme):
            names = (name for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY") if os.environ.get(name))
            return next(names, "the system's settings"), proxy if "://" in proxy else f"http://{proxy}"
    return None


def _is_direct(host: str, with_port: str, environment: Mapping[str, str]) -> bool:
    """Return whether NO_PROXY, or without variables the system, has the host; also by `*.domain` and by network."""
    if not environment:
        return bool(proxy_bypass(host))
    entries = [entry.strip().removeprefix("*.") for entry in environment.get("no", "").split(",")]
    for entry in entries:
        try:
            if "/" in entry and ip_address(host) in ip_network(entry, strict=False):
                return True
        except ValueError:
            continue
    names = [entry.lower().lstrip(".").replace("[", "").replace("]", "") for entry in entries if entry]
    return "*" in names or any(
        each == name or each.endswith(f".{name}") for name in names for each in (host, with_port)
    )


def exporters_of_traces() -> list[str]:
    """Return the exporters of traces that OpenTelemetry's own variables ask for, by their entry points' names."""
    given = {name: os.environ.get(f"OTEL_{name}", "").strip() for name in ("SDK_DISABLED", "TRACES_EXPORTER")}
    of_otlp = [os.environ.get(f"OTEL_EXPORTER_OTLP_{name}", "") for name in ("TRACES_ENDPOINT", "ENDPOINT")]
    if given["SDK_DISABLED"].lower() == "true":
        return []
    names = given["TRACES_EXPORTER"].lower() or ("otlp" if any(of_otlp) else "none")
    protocols = (os.environ.get(f"OTEL_EXPORTER_OTLP_{name}", "") for name in ("TRACES_PROTOCOL", "PROTOCOL"))
    otlp = "otlp_proto_grpc" if next(filter(None, protocols), "") == "grpc" else "otlp_proto_http"
    asked = [name.strip() for name in names.split(",")]
    return [otlp if name == "otlp" else name for name in asked if name not in {"", "none"}]
