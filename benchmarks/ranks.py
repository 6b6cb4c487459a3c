"""Which tool does a host's tool search find? Rank the definitions for what users say, by BM25, as such searches do.

    .venv/bin/python benchmarks/ranks.py [FILE ...]

Each FILE has the definitions of another server, as the JSON of `tools/list`: ours are then ranked among those, too.
The exit code is 1 if a tool that should be found is not among the first three.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import log
from pathlib import Path
from typing import Any

from autosend_mcp.server.app import chosen

FIRST = 3
_K1, _B = 1.5, 0.75  # as in most implementations
_WORD = re.compile(r"[a-z]+|[0-9]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")  # listIds is two words

# What users say, and the tools of which one should be among the first, where they are offered.
QUERIES: dict[str, tuple[str, ...]] = {
    "autosend update contact": ("upsert_contact",),
    "edit contact": ("upsert_contact",),
    "update contact phone number": ("upsert_contact",),
    "change contact details": ("upsert_contact",),
    "search contacts by name": ("find_contacts",),
    "export list members": ("find_contacts",),
    "who's in this list": ("find_contacts",),
    "export the whole audience": ("find_contacts",),
    "add many people at once": ("upsert_contacts",),
    "bulk update subscribers": ("upsert_contacts",),
    "autosend subscriber": ("create_contact",),
    "new newsletter subscriber": ("create_contact", "add_to_list"),
    "add member to newsletter": ("add_to_list",),
    "move people to another list": ("add_to_list",),
    "take somebody off the newsletter list": ("remove_from_list",),
    "delete subscriber for good": ("delete_contacts",),
    "show contact details and lists": ("get_contact",),
    "make a segment of pro customers": ("create_contact_list",),
    "new audience": ("create_contact_list",),
    "which lists and segments are there": ("list_contact_lists",),
    "add a custom field": ("create_custom_field",),
    "unsubscribe somebody from emails": ("suppress_emails",),
    "never email this person again": ("suppress_emails",),
    "resubscribe": ("unsuppress_emails",),
    "why does she get no mail": ("get_suppression",),
    "import csv file": ("start_import",),
}


def text_of(tool: Mapping[str, Any]) -> str:
    """Return what a search looks at: name, title, description, and the names and descriptions of the arguments."""
    arguments: dict[str, Any] = tool.get("inputSchema", {}).get("properties", {})
    parts = [tool["name"], tool.get("title"), tool.get("description")]
    parts += [part for name, schema in arguments.items() for part in (_HUMP.sub(" ", name), schema.get("description"))]
    return " ".join(str(part) for part in parts if part)


def words_of(text: str) -> list[str]:
    """Return the words in lower case; `add_to_list` is three."""
    return _WORD.findall(text.lower())


def ranks(texts: Mapping[str, str], query: str) -> dict[str, int]:
    """Return the place, from 1, of each text that has a word of the query."""
    documents = {name: Counter(words_of(text)) for name, text in texts.items()}
    usual = sum(document.total() for document in documents.values()) / len(documents)
    scores = dict.fromkeys(documents, 0.0)
    for word in words_of(query):
        found = sum(word in document for document in documents.values())
        weight = log(1 + (len(documents) - found + 0.5) / (found + 0.5))
        for name, document in documents.items():
            length = _K1 * (1 - _B + _B * document.total() / usual)
            scores[name] += weight * document[word] * (_K1 + 1) / (document[word] + length)
    ordered = sorted((name for name in scores if scores[name]), key=lambda name: -scores[name])
    return {name: place for place, name in enumerate(ordered, start=1)}


def places(
    tools: Iterable[Mapping[str, Any]], queries: Mapping[str, Sequence[str]], others: Iterable[Mapping[str, Any]] = ()
) -> dict[str, int | None]:
    """Return for each query the place of the first of its tools, None if no word fits."""
    texts = {tool["name"]: text_of(tool) for tool in tools}
    texts |= {f"{number} {tool['name']}": text_of(tool) for number, tool in enumerate(others)}
    found = {query: ranks(texts, query) for query in queries}
    return {
        query: min((found[query][name] for name in wanted if name in found[query]), default=None)
        for query, wanted in queries.items()
    }


def definitions(toolsets: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return our definitions as `tools/list` shows them; by default, those that are offered by default."""
    tools = chosen(toolsets, read_only=False).values()
    return [tool.derive().model_dump(by_alias=True, exclude_none=True, mode="json") for tool in tools]


def main(files: Sequence[str]) -> int:
    """Print the places, and return the exit code."""
    others: list[Mapping[str, Any]] = []
    for file in files:
        read = json.loads(Path(file).read_text())
        others += [*(read if isinstance(read, list) else read["tools"])]
    ours = definitions()
    offered = {tool["name"] for tool in ours}
    queries = {query: wanted for query, wanted in QUERIES.items() if offered.issuperset(wanted)}
    alone, mixed = places(ours, queries), places(ours, queries, others)
    print(f"{'query':40}{'tool':24}{'ours':>6}{'mixed':>8}   {len(ours)} of ours, {len(others)} of others")
    for query, wanted in queries.items():
        print(f"{query:40}{wanted[0]:24}{alone[query] or '-':>6}{mixed[query] or '-':>8}")
    return int(any((place or FIRST + 1) > FIRST for place in [*alone.values(), *mixed.values()]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
