"""One mail address: repaired where the meaning is plain, refused where it is not."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from pydantic_core import PydanticCustomError

from autosend_mcp.models.address_faults import foreign_letters, is_ambiguous, why_not
from autosend_mcp.models.base import broken_rule
from autosend_mcp.models.letters import named, script, scripts_of
from autosend_mcp.models.mailboxes import Mailbox, unwrapped
from autosend_mcp.models.text import visible

MAX_LENGTH = 254

# What stands before the @ in most addresses. Whether it is valid does not depend on the domain.
_PLAIN_LOCAL = re.compile(r"(?=.{1,60}$)[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*")
_PLAIN_LOCALS = re.compile(rf"({_PLAIN_LOCAL.pattern.replace('$', chr(10))}\n)+")  # of several addresses
# Domains that are valid beyond doubt, as most are. What is none of these is for email_validator, which takes a tenth of
# the start to load; a test holds this pattern to its verdict.
_PLAIN_DOMAIN = re.compile(
    r"(?=.{4,100}$)([a-z0-9](?!.--)([a-z0-9-]{0,60}[a-z0-9])?\.){1,4}"
    r"(com|net|org|edu|gov|info|biz|io|co|me|ai|app|dev|eu|at|au|be|br|ca|ch|cn|cz|de|dk|es|fi|fr|gr|hu|ie|in|it|jp|kr|mx|"
    r"nl|no|nz|pl|pt|ro|ru|se|sg|tr|uk|us|za)"
)

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
    return read_mailbox(given).address


def read_mailbox(given: str) -> Mailbox:
    """Return the address to send, with the name beside it and the repairs that were made.

    Raises:
        PydanticCustomError: It is not a mail address. The text never repeats it.
    """
    if given.isascii() and (address := _plain(given.strip())):
        return Mailbox(address)
    if "\ufffd" in given:
        raise broken_rule("must be one mail address; this one was damaged on the way")
    mailbox = unwrapped(given)
    bare = mailbox.address
    if len(bare) > MAX_LENGTH:
        raise broken_rule(f"must be at most {MAX_LENGTH} characters")
    local = bare.rpartition("@")[0]
    address = None if is_ambiguous(local) else _plain(bare) or _validated(bare)
    if address is None:
        raise broken_rule(f"must be one mail address; this one {why_not(bare, given)}")
    return mailbox._replace(address=address)


def read_plain(given: str) -> str | None:
    """Return the address to send, where reading it needs neither a repair nor a word; None for any other text."""
    bare = given.strip()
    local, _, domain = bare.rpartition("@")
    is_plain = given.isascii() and len(bare) <= MAX_LENGTH and _PLAIN_LOCAL.fullmatch(local) and _is_plain(domain)
    return bare.lower() if is_plain else None


def read_all_plain(given: Sequence[str]) -> list[str] | None:
    """Return what `read_plain` returns of each; None where one has blanks around it, or is not plain."""
    parts = [address.rpartition("@") for address in given]
    names = "\n".join([*(local for local, _, _ in parts), ""])
    are_plain = _PLAIN_LOCALS.fullmatch(names) and names.count("\n") == len(given)
    if not are_plain or max(map(len, given)) > MAX_LENGTH:
        return None
    domains = {domain for _, _, domain in parts}
    return [*map(str.lower, given)] if all(domain.isascii() and _is_plain(domain) for domain in domains) else None


@lru_cache(maxsize=4096)
def _is_plain(domain: str) -> bool:
    lowered = domain.lower()
    return _domain(domain) == lowered and _resembled(lowered) is None


def _plain(bare: str) -> str | None:
    """Return the address, if it is one of the usual kind."""
    local, _, domain = bare.rpartition("@")
    if len(bare) <= MAX_LENGTH and _PLAIN_LOCAL.fullmatch(local) and (known := _domain(domain)):
        return f"{local.lower()}@{known}"
    return None


def read_addresses(given: Iterable[str], notes: list[str]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the addresses, each once, and the entries that are none: a bad one keeps no other back."""
    read: dict[str, None] = {}
    invalid: list[dict[str, Any]] = []
    for number, text in enumerate(given, start=1):
        try:
            mailbox = read_mailbox(text)
        except PydanticCustomError as error:
            invalid.append({"row": number, "email": visible(text)[:80], "why": error.message()})
        else:
            read[mailbox.address] = None
            notes += address_notes(text, mailbox)
    return [*read], invalid


def address_notes(given: str, mailbox: Mailbox) -> list[str]:
    """Return what the user should know of how an address was read."""
    address, notes = mailbox.address, list[str]()
    if mailbox.repairs:
        notes.append(f"email was read as {address}: {'; '.join(mailbox.repairs)}.")
    elif address != given.strip(" \t\r\n").lower():  # mere case needs no word
        notes.append(f"email was read as {address}.")
    if odd := foreign_letters(address) or _mixed_domain(given):
        notes.append(odd)
    if known := misspelt_domain(address):
        notes.append(f"Check the address: its domain resembles {known}. It was used as given.")
    return notes


def _mixed_domain(given: str) -> str:
    """Return what to check of a domain that has letters of two scripts in one of its parts; or ""."""
    domain = unicodedata.normalize("NFKC", given.rpartition("@")[2])
    for label in domain.split(".") if not domain.isascii() else ():
        scripts = scripts_of(label)
        if len(scripts) > 1 and "latin" in scripts:
            odd = next(char for char in label if char.isalpha() and script(char) != "latin")
            return f"Check the address: its domain has {named(odd)} among {' and '.join(scripts)} letters."
    return ""


@lru_cache(maxsize=4096)
def _domain(given: str) -> str | None:
    """Return the domain in ASCII; None if no address can be at it. Many addresses share one."""
    if _PLAIN_DOMAIN.fullmatch(lowered := given.lower()):
        return lowered
    address = _validated(f"a@{given}")
    return address and address.removeprefix("a@")


def _validated(bare: str) -> str | None:
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - most calls can do without

    try:
        address = validate_email(bare, check_deliverability=False, allow_quoted_local=True)
    except EmailNotValidError:
        return None
    return f"{address.local_part.lower()}@{address.ascii_domain}"


def same_address(one: str, read: str) -> bool:
    """Return whether an address from AutoSend is the one that was read here, also with its domain in Unicode."""
    return one.lower() == read or read_stored(one) == read


def read_stored(address: str) -> str | None:
    """Return an address from AutoSend as one that was read here would be; None if it is none. Nothing is repaired."""
    bare = address.strip()
    return _plain(bare) or _validated(bare)


def misspelt_domain(address: str) -> str | None:
    """Return the well-known mail domain that the address's domain seems to be a misspelling of, if any."""
    return _resembled(address.rpartition("@")[2])


@lru_cache(maxsize=1024)
def _resembled(domain: str) -> str | None:
    if domain in _COMMON_DOMAINS or domain in _REAL_LOOKALIKES:
        return None
    near = get_close_matches(domain, _COMMON_DOMAINS, n=1, cutoff=0.885)
    return near[0] if near else None
