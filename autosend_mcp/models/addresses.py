"""One mail address: repaired where the meaning is plain, refused where it is not."""

import re
from difflib import get_close_matches
from functools import lru_cache

from pydantic_core import PydanticCustomError

from autosend_mcp.models.base import broken_rule

MAX_LENGTH = 254

# What stands before the @ in most addresses. Whether it is valid does not depend on the domain.
_PLAIN_LOCAL = re.compile(r"(?=.{1,60}$)[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*")

_NAMED = re.compile(r"[^<>@]*<([^<>]+)>")

# The domains that most people's mail is at, and real ones that look like a misspelling of those.
_COMMON_DOMAINS = (
    "gmail.com", "googlemail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "protonmail.com",
    "live.com", "comcast.net", "verizon.net",
)  # fmt: skip
_REAL_LOOKALIKES = frozenset({"ymail.com", "mail.com", "email.com", "hotmail.co", "yahoo.co", "cloud.com", "proton.me"})


def read_address(given: str) -> str:
    """Return the address to send: bare, trimmed, in lower case (AutoSend lower-cases it too), its domain in ASCII.

    Raises:
        PydanticCustomError: It is not a mail address. The text never repeats it.
    """
    bare = given.strip()
    if named := _NAMED.fullmatch(bare):
        bare = named[1].strip()
    if len(bare) > MAX_LENGTH:
        raise broken_rule(f"must be at most {MAX_LENGTH} characters")
    if "\ufffd" in bare:
        raise broken_rule("must be one mail address; this one was damaged on the way")
    local, _, domain = bare.rpartition("@")
    if _PLAIN_LOCAL.fullmatch(local) and (known := _domain(domain)):
        return f"{local.lower()}@{known}"
    address = _validated(bare)
    if address is None:
        raise broken_rule("must be one mail address, at a domain that can receive mail")
    return address


@lru_cache(maxsize=4096)
def _domain(given: str) -> str | None:
    """Return the domain in ASCII; None if no address can be at it. Many addresses share one."""
    address = _validated(f"a@{given}")
    return address and address.removeprefix("a@")


def _validated(bare: str) -> str | None:
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - 20 ms that starting can do without

    try:
        address = validate_email(bare, check_deliverability=False)
    except EmailNotValidError:
        return None
    return f"{address.local_part.lower()}@{address.ascii_domain}"


def same_address(one: str, read: str) -> bool:
    """Return whether an address from AutoSend is the one that was read here, also with its domain in Unicode."""
    if one.lower() == read:
        return True
    try:
        return read_address(one) == read
    except PydanticCustomError:
        return False


def misspelt_domain(address: str) -> str | None:
    """Return the well-known mail domain that the address's domain seems to be a misspelling of, if any."""
    return _resembled(address.rpartition("@")[2])


@lru_cache(maxsize=1024)
def _resembled(domain: str) -> str | None:
    if domain in _COMMON_DOMAINS or domain in _REAL_LOOKALIKES:
        return None
    near = get_close_matches(domain, _COMMON_DOMAINS, n=1, cutoff=0.885)
    return near[0] if near else None
