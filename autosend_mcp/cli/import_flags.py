"""The flags of `autosend-mcp import`, and its help."""

import argparse
from typing import Any

from autosend_mcp.models.import_choices import DECIMALS, ORDERS, REPEATED, SPLITS

IMPORT_HELP = """\
Create or change a contact for each row of a CSV, TSV, JSONL or JSON file of any length. The encoding, the delimiter and
the columns are detected and shown. All rows are validated before anything is sent. Rows that AutoSend has already with
the same values are not sent, and rows whose reply is lost are looked up. After an interruption, run the same command
again to continue. The live automations of a list start for the contacts that are new in it.

examples:
  autosend-mcp import people.csv --list Newsletter --dry-run       show what would be done
  autosend-mcp import people.csv --map "E-Mail=email" --map "Notes="
  autosend-mcp import people.jsonl --create-fields --json

Files beside it: people.report.csv (the outcome of each row), people.rejected.csv (rows to fix and import again), and
people.csv.journal until the import is finished.

exit code: 0 all rows applied, 1 some rows not applied, 2 nothing sent, 3 stopped halfway: run it again to continue,
130 interrupted
"""


def add_import_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `autosend-mcp import`."""
    parser.add_argument("file", help="CSV, TSV, JSONL (.jsonl) or JSON")
    repeatable: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument(
        "--list", metavar="NAME", help="add the contacts to this list, by name or id; repeatable", **repeatable
    )
    parser.add_argument(
        "--map",
        metavar="COLUMN=FIELD",
        help="name the field of a column; an empty one leaves it out; repeatable",
        **repeatable,
    )
    _add_opt_out_flags(parser)
    for flag, effect in (
        ("--dry-run", "send nothing; show what would be done"),
        ("--only", "take names and addresses alone, and the columns that --map names"),
        ("--create-fields", "define the custom fields that AutoSend does not know, with the type of their values"),
        ("--run-workflow", "start the automations that watch for changed values"),
        ("--restart", "start from the first row instead of continuing an interrupted import of this file"),
        ("--json", "print events, one JSON object a line"),
    ):
        parser.add_argument(flag, action="store_true", help=effect)
    _add_reading_flags(parser)


def _add_reading_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how the file is read, where the file itself does not."""
    parser.add_argument(
        "--split-name",
        choices=SPLITS,
        help="divide whole names: at the last blank, at the first one, or with the family name first; or take each for "
        "the first name",
    )
    parser.add_argument(
        "--dates",
        choices=ORDERS,
        help="order of day, month and year in dates such as 03/04/2024 (default: by the column)",
    )
    parser.add_argument(
        "--decimal",
        choices=DECIMALS,
        help="what stands before decimals where 1.234 could be either (default: by the column)",
    )
    parser.add_argument(
        "--repeated",
        choices=REPEATED,
        default="refuse",
        help="whose values count where rows of one address contradict each other: the last row's or the first's "
        "(default: none of them is sent)",
    )
    parser.add_argument(
        "--header-line", type=_line, metavar="N", help="line that names the columns; 0 if none does (default: found)"
    )
    parser.add_argument("--encoding", help="encoding of the file, such as cp1251 (default: UTF-8, or that of its mark)")
    parser.add_argument("--delimiter", help='what stands between cells, such as ";" or tab (default: detected)')


def _line(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("a line is a number: 1 is the first, 0 none")
    return int(text)


def _add_opt_out_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--opted-out",
        choices=("leave-out", "suppress", "import-without-lists"),
        default="leave-out",
        help="what to do with people who opted out: leave them out (default), stop all mail to them, or import them "
        "into no list",
    )
    for flag, whom in (("--opted-out-values", "may get no mail"), ("--mailable", "may get mail")):
        parser.add_argument(
            flag,
            metavar="COLUMN=VALUES",
            help=f"state that these values, with commas between them, are of people who {whom}; * is all others; "
            "repeatable",
            action="append",
            default=[],
        )
