"""What the status columns of a file say of mail: who is left out, and what is asked."""

import io
from typing import Any

import pytest

from autosend_mcp.cli.import_file import PHRASES
from autosend_mcp.errors import NotSent
from autosend_mcp.imports.file.opt_outs import OptOuts, find_opt_outs
from autosend_mcp.imports.file.tables import read_table
from autosend_mcp.imports.hints import explain


def read(content: bytes, name: str = "people.csv", **stated: Any) -> OptOuts:
    table = read_table(io.BytesIO(content), name)
    no_mail, mailable = stated.pop("no_mail", {}), stated.pop("mailable", {})
    return find_opt_outs(table, name, no_mail, mailable, **stated)


def left_out(content: bytes, **stated: Any) -> list[int]:
    """Return the rows, from 0, whose people said no."""
    found = read(content, **stated)
    rows = read_table(io.BytesIO(content), "people.csv").rows()
    return [row.number - 1 for row in rows if found.said_no(row.values)]


def question(content: bytes, name: str = "people.csv", **stated: Any) -> str:
    with pytest.raises(NotSent) as refused:
        read(content, name, **stated)
    explain(refused.value, PHRASES)
    return refused.value.sentence


def outcome(content: bytes, **stated: Any) -> list[int] | str:
    """Return the rows, from 0, whose people said no; "asked" where that is asked."""
    try:
        return left_out(content, **stated)
    except NotSent:
        return "asked"
