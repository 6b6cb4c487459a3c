"""`autosend-mcp import`: a file of contacts into AutoSend, from the shell."""

import re
import shlex
import stat
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import anyio

from autosend_mcp.api.client import AutoSend
from autosend_mcp.cli.exits import failed, usage
from autosend_mcp.cli.import_display import Bar, Display, Events, Lines, name_of
from autosend_mcp.errors import AutoSendError, address_user
from autosend_mcp.imports.file.column import ALL_OTHERS
from autosend_mcp.imports.hints import Phrases, explain
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.run import Import
from autosend_mcp.imports.summary import suggest
from autosend_mcp.tools.jobs import ending_signals


def _mapped(column: str, field: str) -> str:
    """Return the flag that says which field a column is, as a shell reads it."""
    text = f"{column}={field}"
    return f"--map {shlex.quote(text)}" if re.search(r'["$`\\!]', text) else f'--map "{text}"'


def _stated(option: str, column: str, values: Sequence[str]) -> str:
    """Return the flag that says what values of a column mean, as a shell reads it."""
    flag = "--mailable" if option == "mailable" else "--opted-out-values"
    text = f"{column}={','.join(values)}"
    return f"{flag} {shlex.quote(text)}" if re.search(r'["$`\\!]', text) else f'{flag} "{text}"'


PHRASES = Phrases(
    {
        "columns": "Say what it is, as in {mapped}.",
        "leave_out": "{mapped} leaves a column out.",
        "only": "--only takes names and addresses alone.",
        "create_fields": "--create-fields defines those that are new.",
        "split_name": "--split-name last-blank divides whole names at the last blank (or first-blank, family-first).",
        "dates": "--dates dmy or --dates mdy says the order of day, month and year.",
        "decimal": "--decimal comma or --decimal point says what stands before decimals.",
        "repeated": "--repeated last takes the values of the last row where they differ, --repeated first those of the "
        "first.",
        "header_line": "--header-line names the line of the header.",
        "no_header": "Or read it with --header-line 0.",
        "encoding": "Name the file's encoding, as in --encoding cp1251 or --encoding shift_jis, or save the file as "
        "UTF-8.",
        "guess": "--encoding {field} takes the first; if another reads right, name that.",
        "opt_outs": "{stated} leaves those people out; {mailable} is for values of people who may get mail.",
        "restart": "Or start again with --restart: rows that AutoSend holds already are not sent again.",
        "suppress": "--opted-out suppress stops all mail to them.",
    },
    _mapped,
    _stated,
)

_INTERRUPTED = 130
_GO_ON = "interrupted. Run the same command again to go on"
_SUCCESSES = ("created", "updated", "unchanged", "merged", "opted out", "would create", "would update")


def run(autosend: AutoSend, args: Namespace) -> int:
    """Import the file and return the exit code.

    0: every row succeeded. 1: not every row. 2: nothing was sent. 3: stopped halfway. 130: interrupted.
    """
    if autosend.settings.read_only and not args.dry_run:
        return usage("import: AUTOSEND_READ_ONLY is set, so that only --dry-run works")
    try:
        columns = dict(_pair(text) for text in args.map) | ({ALL_OTHERS: ""} if args.only else {})
        no_mail, mailable = _values(args.opted_out_values), _values(args.mailable)
        if not stat.S_ISREG(Path(args.file).stat().st_mode):
            return usage(f"import: {name_of(Path(args.file), whole=True)}: not a file that can be read several times")
        file = Path(args.file).open("rb")  # noqa: SIM115 - the import closes it
    except ValueError as error:
        return usage(f"import: {error}")
    except OSError as error:
        return usage(f"import: {name_of(Path(args.file), whole=True)}: {error.strerror or error}")
    options = ImportOptions(
        lists=tuple(args.list),
        columns=columns,
        run_workflow=args.run_workflow,
        create_fields=args.create_fields,
        dry_run=args.dry_run,
        encoding=args.encoding,
        delimiter=args.delimiter,
        header_line=args.header_line,
        split_name=args.split_name,
        opted_out=args.opted_out,
        opted_out_values=no_mail,
        mailable=mailable,
        dates=args.dates,
        decimal=args.decimal,
        repeated=args.repeated,
    )
    imported = Import(autosend, file, args.file, options, path=Path(args.file), report_dry_run=True)
    return anyio.run(_import, autosend, imported, _display(args), args.restart)


def _pair(text: str, wanted: str = '--map wants "column=field"') -> tuple[str, str]:
    column, equals, field = text.rpartition("=")
    if not equals or not column:
        raise ValueError(f"{wanted}, not {text!r}")
    return column.strip(), field


def _values(texts: list[str]) -> dict[str, list[str]]:
    """Return the values by column."""
    values: dict[str, list[str]] = {}
    for text in texts:
        column, words = _pair(text, 'give "column=value,value"')
        values.setdefault(column, []).extend(word.strip() for word in words.split(","))
    return values


def _display(args: Namespace) -> Display:
    if args.json:
        return Events()
    return Bar() if sys.stderr.isatty() else Lines()


async def _import(autosend: AutoSend, imported: Import, display: Display, restart: bool) -> int:
    code = None
    try:
        async with anyio.create_task_group() as tasks:
            if sys.platform != "win32":  # pragma: no branch - there, it ends at once
                tasks.start_soon(_stop_on_signal, imported, display, tasks.cancel_scope)
            tasks.start_soon(_show, imported, display)
            code = await _read_and_send(imported, display, restart=restart)
            tasks.cancel_scope.cancel()
    finally:
        imported.close()
        await autosend.aclose()
    return failed(_GO_ON, _INTERRUPTED) if code is None else code


async def _read_and_send(imported: Import, display: Display, *, restart: bool) -> int:
    display.begin()
    try:
        await imported.read(restart=restart)
    except AutoSendError as error:
        explain(error, PHRASES)
        address_user(error)
        display.show_failure(error)
        return usage(f"import: {error}")
    if imported.progress.stopped:
        return failed("interrupted while reading; nothing was sent", _INTERRUPTED)
    suggest(imported, PHRASES)
    display.show_reading(imported)
    await imported.send()
    display.show_outcome(imported)
    if imported.error is not None:
        return failed(f"import: {imported.error} Run the same command again to go on.", 3)
    if imported.progress.stage == "stopped":
        return failed(_GO_ON, _INTERRUPTED)
    counts = imported.progress.outcomes
    return 0 if sum(counts[name] for name in _SUCCESSES) == imported.progress.total else 1


async def _show(imported: Import, display: Display) -> None:
    while True:
        await anyio.sleep(display.every)
        await anyio.lowlevel.checkpoint_if_cancelled()  # it ended in this moment: no bar is left behind its last line
        if imported.progress.stopped:
            return  # the last line says that it stops, and for what it waits
        display.show_progress(imported.progress)


async def _stop_on_signal(imported: Import, display: Display, everything: anyio.CancelScope) -> None:
    """Stop on the first signal; on the next, without waiting for the answers to what was sent."""
    with anyio.open_signal_receiver(*ending_signals()) as signals:
        async for _ in signals:
            if imported.progress.stopped:
                everything.cancel()
            else:
                imported.stop()
                display.show_stopping()
