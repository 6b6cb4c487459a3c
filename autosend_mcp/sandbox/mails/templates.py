"""Fill the placeholders of a mail.

Source: the pages "Variables" and "Personalization": `{{name}}`, in these mails also `{{order.id}}`, a fallback as in
`{{name | "there"}}`, and `{{#if name}}...{{else}}...{{/if}}`. The fallback is AutoSend's own, so that no library of
Handlebars or Mustache reads it, and the only one for Python that reads `#if` had its last release in 2019. Hence this
subset, and nothing beyond it: any other tag stays as it is written.
"""

import html
import re
from collections.abc import Mapping
from typing import Any, Literal, cast

from autosend_mcp.sandbox.webhooks.javascript import stringify

Unfilled = Literal["shown", "empty"]
"""What is rendered for a name without a value: the placeholder as it is written, or nothing."""

_NAME = r"[A-Za-z]\w*(?:\.\w+)*"
_TAG = re.compile(
    r"\{\{\{\s*(?P<raw>" + _NAME + r")\s*\}\}\}"
    r"|\{\{\s*(?:#if\s+(?P<test>" + _NAME + r")|(?P<otherwise>else)|(?P<end>/if)"
    r"|(?P<name>" + _NAME + r")(?:\s*\|\s*(?:\"(?P<double>[^\"{}]*)\"|'(?P<single>[^'{}]*)'))?)\s*\}\}"
)


def filled(text: str, values: Mapping[str, Any], *, escapes: bool = False, unfilled: Unfilled = "shown") -> str:
    """Return the text with its placeholders filled. `escapes`: values become HTML, but in `{{{three}}}` braces."""
    parts: list[str] = []
    shown: list[bool] = []  # of each condition around: whether this part of it is rendered
    at = 0
    for tag in _TAG.finditer(text):
        if all(shown):
            parts.append(text[at : tag.start()])
        at = tag.end()
        if tag["test"]:
            shown.append(_holds(_value(values, tag["test"])))
        elif tag["otherwise"] and shown:
            shown[-1] = not shown[-1]
        elif tag["end"] and shown:
            shown.pop()
        elif all(shown):
            parts.append(_written(tag, values, escapes=escapes, unfilled=unfilled))
    return "".join([*parts, text[at:] if all(shown) else ""])


def _written(tag: re.Match[str], values: Mapping[str, Any], *, escapes: bool, unfilled: Unfilled) -> str:
    name = tag["raw"] or tag["name"]
    value = _value(values, name) if name else None
    if value is None or value == "":
        fallback = tag["double"] if tag["double"] is not None else tag["single"]
        if fallback is None and (value == "" or (name and unfilled == "empty")):
            return ""
        if fallback is None:
            return tag[0]
        value = fallback
    text = value if isinstance(value, str) else stringify(value)
    return html.escape(text) if escapes and not tag["raw"] else text


def _value(values: Mapping[str, Any], name: str) -> Any:
    """Return what a name stands for, or None; the parts of a dotted name are members of members."""
    if name in values:
        return values[name]
    found: object = values
    for part in name.split("."):
        found = cast("Mapping[str, object]", found).get(part) if isinstance(found, Mapping) else None
    return found


def _holds(value: object) -> bool:
    """Return whether a condition holds, as in Handlebars: for none of false, null, 0, "" and []."""
    return value not in (None, False, 0, "", [])
