"""The API key: read from its file, and taken out of whatever is shown."""

import json
import os
import re
import select
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from autosend_mcp.errors import NotSent
from autosend_mcp.variables import is_unfilled, without_quotes

MASK = b"[key]"

# What begins as the key does is taken out from this length on; a piece from its middle or end from the other. Shorter
# ones may be ordinary text. A key that is shorter itself is none of AutoSend's.
_MIN_BEGINNING = 8
_MIN_PIECE = 16

# Of any other key only the whole is taken out: half of it may end in a quote that ends a JSON string.
_PLAIN = re.compile(rb"[a-z0-9_.~+/=-]+")

_IN_URLS = str.maketrans("+/", "-_")  # of Base64

# A pipe, as of `<(pass show autosend)`, has this long to bring the key; no key is longer than this.
_PATIENCE = 5.0
_MAX_BYTES = 64 * 1024


# A key as AutoSend gives it. Documented is the prefix alone, of late in capitals; nothing is known of what follows it.
_KEY = re.compile(r"(?i:ASA?_)[\x21-\x7e]{1,508}")
# What is pasted around a key: the name of a variable or header, how a shell, .env, YAML or JSON sets it, quotes.
_PASTED = re.compile(
    r"""(?:[\s"'`{<(\[]|\$env:|(?:export|set|setx|env|bearer|token|-H|--header|-e|--env|[\w-]*key|authorization|"""
    r"""api|my|the|is|autosend)(?:[\s"'`]*[:=]|\b))*((?i:ASA?_)[\w.~+/-]*[\w~+/-]=*)[\s"'`;,.})>\]]*(?:(?<=\s)[\#(].*)?""",
    re.IGNORECASE,
)
_MADE_UP = re.compile(
    r"(?:ASA?_)?[(\[<]?(?:[.\u2026*\u2022\u25cf\-_]+|fake|dummy(?:[\s_-]*key)?|replace[\s_-]*me|"
    r"[xy.\-_]{3,}|(?:your|my|insert|enter|paste|put|replace|add|the|change|test|demo|sample|example)?[\s_-]*(?:actual|real|own|autosend|me|with)?[\s_-]*(?:account|project)?[\s_-]*(?:api|secret)?[\s_-]*"
    r"(?:key|token|placeholder|here|changeme|changeit|todo|tbd)(?:[\s_-]*(?:here|goes|value))*)[)\]>]?",
    re.IGNORECASE,
)
_NO_KEYS = {
    r"whsec_": "it is the secret of a webhook",
    r"[/~]|\./|[A-Z]:\\|.*\.(txt|env)$": "it looks like the path of a file, which AUTOSEND_API_KEY_FILE takes",
    r"[0-9a-fA-F]{24}$": "it looks like the id of a project, which AUTOSEND_PROJECT_ID takes",
    r"\S+@\S+\.\S+$": "it is a mail address",
}
_OTHERS = {
    "sk_live_": "Stripe", "sk_test_": "Stripe", "rk_live_": "Stripe", "pk_": "Stripe", "re_": "Resend",
    "SG.": "SendGrid", "xkeysib-": "Brevo", "xsmtpsib-": "Brevo", "mlsn.": "MailerSend", "key-": "Mailgun",
    "lp_": "Loops", "sk-ant-": "Anthropic", "sk-": "OpenAI", "ghp_": "GitHub", "github_pat_": "GitHub", "xox": "Slack",
    "pat-": "HubSpot", "hf_": "Hugging Face", "gsk_": "Groq", "AKIA": "AWS", "AIza": "Google", "us_": "useSend",
    "plunk_": "Plunk", "eyJ": "a JSON Web Token's issuer",
}  # fmt: skip


def key_in(text: str, variable: str) -> str:
    """Return the key in a text as people paste it: in quotes, after the name of a variable or after "Bearer".

    Raises:
        NotSent: It is none of AutoSend's, and is never sent. The error says what is wrong, and never the text.
    """
    plain = without_quotes(_seen(text))
    if not _KEY.fullmatch(plain) or plain[-1] in "\"'`;,.)}>]":
        match = _PASTED.fullmatch(plain)
        plain = without_quotes(match[1]) if match else plain
    if is_unfilled(plain) or _MADE_UP.fullmatch(plain):
        raise no_key(variable, f"{variable} holds a placeholder that was not filled in.")
    if _KEY.fullmatch(plain) and "..." not in plain:
        return plain
    raise no_key(variable, f"The key in {variable} is malformed: {_what_is_wrong(plain)}.")


def _seen(text: str) -> str:
    """Return the text without characters that nobody sees, and with full-width ones as they are meant."""
    plain = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return "".join(unicodedata.normalize("NFKC", char) if "\uff01" <= char <= "\uff5e" else char for char in plain)


def _what_is_wrong(text: str) -> str:
    if text.upper().startswith(("AS_", "ASA_")):
        return _what_is_odd(text)
    if vendor := next((vendor for prefix, vendor in _OTHERS.items() if text.startswith(prefix)), ""):
        return f"it begins like a key of {vendor}, and AutoSend's begin with AS_ or ASA_"
    if not text[:1].isascii():
        return f"it begins with U+{ord(text[0]):04X}, and AutoSend's keys with AS_ or ASA_"
    what = next((what for pattern, what in _NO_KEYS.items() if re.match(pattern, text)), "")
    return what or "it does not begin with AS_ or ASA_, as AutoSend's keys do"


def _what_is_odd(text: str) -> str:
    """Return what is wrong with a text that begins as a key does."""
    odd = next((char for char in text if not "!" <= char <= "~"), "")
    if "..." in text or odd in ("\u2026", "\u2022", "\u25cf"):
        return "it is cut short, as a list of keys shows it: copy it where it was made, or make a new one"
    if not odd:
        return "it is too short, or too long"
    name = {" ": "a space", "\r": "a line break", "\n": "a line break"}.get(odd, f"U+{ord(odd):04X}")
    return f"it has {name} in it, as no AutoSend key has"


def no_key(variable: str, what: str) -> NotSent:
    """Return the error for a key that there is not, or that cannot be sent."""
    wanted = "a file that holds your AutoSend API key" if variable.endswith("_FILE") else "your AutoSend API key"
    return NotSent(what, user_step=f"set {variable} to {wanted}")


def content_of(key_file: Path) -> str:
    """Return the key in `AUTOSEND_API_KEY_FILE`.

    Raises:
        NotSent: The file cannot be read.
    """
    if _KEY.fullmatch(without_quotes(str(key_file))):
        what = "AUTOSEND_API_KEY_FILE holds a key, and not the name of a file."
        raise NotSent(
            what, user_step="set AUTOSEND_API_KEY to the key, or AUTOSEND_API_KEY_FILE to a file that holds it"
        )
    try:
        return read_secret(key_file.expanduser())
    except (OSError, ValueError):
        what = "AUTOSEND_API_KEY_FILE names a file that cannot be read."
        raise NotSent(what, user_step="set AUTOSEND_API_KEY_FILE to a text file that can be read") from None


def read_secret(file: Path, patience: float = _PATIENCE) -> str:
    """Return what the file holds, without spaces around it.

    Raises:
        OSError: It cannot be read, or brings nothing in `patience` seconds: a pipe that nobody writes to.
        ValueError: It is no text.
    """
    number = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        content = b""
        while len(content) < _MAX_BYTES and not (content.strip() and content.endswith((b"\n", b"\n\0"))):
            if not (part := _part(number, patience)):
                break
            content += part
    finally:
        os.close(number)
    return _decoded(content).strip()


def _decoded(content: bytes) -> str:
    """Return the text of a file: in UTF-8, or in UTF-16, which PowerShell's `>` writes.

    Raises:
        ValueError: It is neither.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    if (odd := content[1::2].count(0)) != (even := content[::2].count(0)):
        return content.decode("utf-16-le" if odd > even else "utf-16-be")
    return content.decode("utf-8-sig")


def _part(number: int, patience: float) -> bytes:
    if hasattr(select, "poll"):  # pragma: no branch - Windows has no such pipes
        ready = select.poll()
        ready.register(number, select.POLLIN)
        if not ready.poll(patience * 1000):
            raise TimeoutError
    return os.read(number, _MAX_BYTES)


@lru_cache(maxsize=8)
def redactor(key: str) -> Callable[[bytes], bytes]:
    """Return a function that takes the key out of a text in UTF-8.

    Whole or cut short, in any case, as it is, as JSON or a URL has it, in hexadecimal, or in Base64 wherever it begins.
    """
    forms = {form.encode().lower() for form in _forms(key) if len(form) >= _MIN_BEGINNING}
    # Any piece of 16 bytes holds one of these windows of 8 whole, wherever it begins.
    windows = {form: [(at, form[at : at + 8]) for at in range(0, len(form) - 7, 8)] for form in forms}

    def redacted(text: bytes) -> bytes:
        low = text.lower()  # of the same length: only ASCII changes
        if not any(window in low for each in windows.values() for _, window in each):
            return text
        found = sorted(span for form, each in windows.items() for span in _spans(low, form, each))
        parts: list[bytes] = []
        end = 0
        for start, stop in found:
            if start >= end:
                parts += [text[end:start], MASK]
            end = max(end, stop)
        return b"".join([*parts, text[end:]]) if found else text

    return redacted


def _forms(key: str) -> Iterator[str]:
    content = key.encode()
    yield from (key, json.dumps(key)[1:-1], content.hex(), "".join(f"%{byte:02x}" for byte in content))
    for before in range(3):  # bytes: the first letter holds bits of what goes before the key, the last of what follows
        whole = bytes(before) + content
        plain = b64encode(whole).decode()[(4 * before + 2) // 3 : len(whole) * 8 // 6]
        yield from (plain, plain.translate(_IN_URLS))


def _spans(text: bytes, form: bytes, windows: list[tuple[int, bytes]]) -> list[tuple[int, int]]:
    """Return where the text has the key, or enough of it."""
    spans: list[tuple[int, int]] = []
    for offset, window in windows:
        at = text.find(window)
        while at >= 0:
            start, stop, first, last = at, at + 8, offset, offset + 8
            while start and first and text[start - 1] == form[first - 1]:
                start, first = start - 1, first - 1
            while stop < len(text) and last < len(form) and text[stop] == form[last]:
                stop, last = stop + 1, last + 1
            least = _MIN_PIECE if first else _MIN_BEGINNING
            if stop - start >= (least if _PLAIN.fullmatch(form) else len(form)):
                spans.append((start, stop))
            at = text.find(window, stop)
    return spans
