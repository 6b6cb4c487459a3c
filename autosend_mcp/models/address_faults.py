"""Why a text is no mail address, in words that show what a user cannot see. Never with the text in them."""

import re

from autosend_mcp.models.letters import APOSTROPHES, HYPHENS, named, scripts_of

_SEPARATORS = re.compile(r"[\s;,|/]+")
_SPELT_OUT = re.compile(r"\(at\)|\[at\]|\{at\}|\sat\s|\(dot\)|\[dot\]|\sdot\s", re.IGNORECASE)
_DOMAIN = re.compile(r"[\w.-]+")


def why_not(text: str, given: str) -> str:
    """Return a predicate of a text that is no address: "holds two addresses", "has a space". `given`: as it stood."""
    if not text:
        return "is blank"
    if text.startswith("/o="):
        return "is an address inside Exchange, which no mail from outside reaches"
    count = text.count("@")
    if count == 0:
        return "has no @, but (at) or the like in its place" if _SPELT_OUT.search(text) else "has no @"
    if count > 1:
        addresses = sum("@" in part.strip("@") for part in _SEPARATORS.split(text))
        return f"holds {'two' if addresses == 2 else addresses} addresses" if addresses > 1 else f"has {count} @"
    local, _, domain = text.partition("@")
    if " " in text:
        odd = next((named(char) for char in given.strip() if char.isspace() and char != " "), "a space")
        return f"has {odd} {'before' if ' ' in local else 'behind'} the @"
    return _why_not_parts(local, domain)


def _why_not_parts(local: str, domain: str) -> str:
    if not local or not domain:
        return f"has nothing {'behind' if local else 'before'} the @"
    for part, where in ((local, "before"), (domain, "behind")):
        if ".." in part:
            quoted = '; mail to it is possible only in quotes, as in "a..b"@example.com' if part is local else ""
            return f"has two dots in a row {where} the @{quoted}"
    if local[0] == "." or local[-1] == ".":
        begins = local[0] == "."
        return (
            "begins with a dot" if begins else 'ends in a dot before the @; it is possible only in quotes ("a."@b.co)'
        )
    if domain[0] == ".":
        return "has a dot behind the @"
    return _odd_letter(local) or _why_no_domain(local, domain)


def _odd_letter(local: str) -> str:
    """Return what is wrong with a character before the @ that stands for another one, or that changes in lower case."""
    for char in local:
        if char in APOSTROPHES or char in HYPHENS:
            meant = "an apostrophe (')" if char in APOSTROPHES else "a hyphen (-)"
            return f"has {named(char)} before the @; perhaps {meant} is meant"
        if len(char.lower()) != 1:
            return f"has {named(char)} before the @, which has no small letter of its own; perhaps a plain one is meant"
    return ""


def is_ambiguous(local: str) -> bool:
    """Return whether the part before the @ has a character that makes it another address than a user would think."""
    return not local.isascii() and bool(_odd_letter(local))


def _why_no_domain(local: str, domain: str) -> str:
    if odd := next((char for char in local if char.isascii() and char in '()<>[]:;\\,"'), ""):
        return f"has {_shown(odd)} before the @"
    if domain.startswith("["):
        return "is at an IP address; it must be at a domain that can receive mail"
    if odd := next((char for char in domain if not _DOMAIN.fullmatch(char) or char == "_"), ""):
        return f"has {_shown(odd)} behind the @, which no domain has"
    if "." not in domain.strip("."):
        return "has no dot behind the @: it must be at a domain that can receive mail"
    return "must be at a domain that can receive mail"


def _shown(char: str) -> str:
    return {",": "a comma", ";": "a semicolon", '"': "a quote", "_": "an underscore"}.get(char, named(char))


def foreign_letters(address: str) -> str:
    """Return what to check of the letters outside ASCII before the @: those that could be taken for others; or ""."""
    local = address.rpartition("@")[0]
    odd = [char for char in dict.fromkeys(local) if not char.isascii()]
    if not odd:
        return ""
    scripts = scripts_of(local)
    mixed = f", among {' and '.join(scripts)} letters" if len(scripts) > 1 else ""
    return f"Check the address: before the @ it has {', '.join(map(named, odd[:3]))}{mixed}. It was used as given."
