"""An import that goes on after the call that started it."""

import logging
from collections.abc import Sequence

import anyio
from pydantic.alias_generators import to_camel

from autosend_mcp.errors import AutoSendError, Unknown
from autosend_mcp.imports.hints import Phrases, explain
from autosend_mcp.imports.run import Import
from autosend_mcp.imports.summary import counts_of, suggest
from autosend_mcp.logs import OURS
from autosend_mcp.models.imports import StartImport
from autosend_mcp.models.text import compact_json, counted
from autosend_mcp.tools.context import Context


# How an assistant gives the options that would let an import begin.
def _mapped(column: str, field: str) -> str:
    return compact_json({column: field})


def _stated(option: str, column: str, values: Sequence[str]) -> str:
    return f"{to_camel(option)} {compact_json({column: [*values]})}"


PHRASES = Phrases(
    {
        "columns": "Say what it is in columns, as in {mapped}.",
        "leave_out": "{mapped} in columns leaves a column out.",
        "only": 'Or {{"*":""}} in columns takes names and addresses alone.',
        "create_fields": "Or createFields defines those that are new, once the user has agreed.",
        "split_name": "splitName divides whole names: last-blank, first-blank or family-first.",
        "dates": "Say the order of dates in dates: dmy, mdy or ymd; ask the user.",
        "decimal": "Say what stands before decimals in decimal: comma or point; ask the user.",
        "repeated": "repeated last takes the values of the last row where they differ, first those of the "
        "first; ask the user.",
        "header_line": "headerLine names the line of the header.",
        "no_header": "Or read it with headerLine -1.",
        "encoding": "Name the file's encoding in encoding, such as cp1251 or shift_jis, or have it saved as UTF-8.",
        "guess": "If the first reads right, give encoding {field}, else another; ask the user.",
        "opt_outs": "{stated} leaves those people out; {mailable} is for values of people who may get mail.",
        "restart": "Or start again with restart: rows that AutoSend holds already are not sent again.",
        "suppress": "optedOut suppress, or suppress_emails, stops all mail to them.",
    },
    _mapped,
    _stated,
)

WAIT = 15.0  # seconds that a call waits for the end, of the 45 that it may take
_REPORT_EVERY = 0.5  # seconds

_log = logging.getLogger(OURS)


class ImportJob:
    """An import as a job of the server.

    `error`: why it could not be read, or ended early. `was_read`: the file was read, and rows are being sent.
    `was_shown`: an answer has said so, with the rows that will not be sent.
    """

    def __init__(self, imported: Import, *, restart: bool, asked: StartImport | None = None) -> None:
        """`asked`: the arguments that it was started with."""
        self.imported = imported
        self.error: AutoSendError | None = None
        self.was_read = False
        self.was_shown = False
        self.ended = anyio.Event()
        self.asked = asked
        self._restart = restart

    async def run(self) -> None:
        """Read the file, then send its rows; keep the error that ends it."""
        try:
            await self.imported.read(restart=self._restart)
            suggest(self.imported, PHRASES)
            self.was_read = True
            await self.imported.send()
            self.error = self.imported.error
        except AutoSendError as error:
            explain(error, PHRASES)
            self.error = error
        except Exception as bug:  # noqa: BLE001 - it would end the server
            self.error = Unknown("The import failed with an error of autosend-mcp's own.", "", cause=type(bug).__name__)
        finally:
            self.imported.close()
            self.ended.set()
            self._record()

    def stop(self) -> None:
        """Send nothing more, unless it has ended."""
        if not self.ended.is_set():
            self.imported.stop()

    @property
    def outcome(self) -> str:
        """The word for how far it is, as `ImportState` has it."""
        progress = self.imported.progress
        if not self.ended.is_set():
            if progress.stage == "defining fields":
                return "defining_fields"
            return "sending" if self.was_read else "reading"
        if self.error is not None:
            return "failed"
        if progress.stopped:
            return "stopped"
        if self.imported.options.dry_run:
            return "dry_run"
        failed = any(progress.outcomes[name] for name in ("invalid", "failed", "unknown"))
        return "partly_done" if failed else "done"

    async def wait(self, context: Context) -> None:
        """Wait some seconds for the end, and report to the client how far it is."""
        progress, reported = self.imported.progress, 0.0
        with anyio.move_on_after(WAIT * context.call.scale):
            while not self.ended.is_set():
                with anyio.move_on_after(_REPORT_EVERY * context.call.scale):
                    await self.ended.wait()
                settled = progress.settled if self.was_read else None
                rows = progress.total if self.was_read else progress.read
                reported = await report_progress(context, reported, rows, settled)

    def _record(self) -> None:
        """Log one line about the import: numbers alone."""
        fields: dict[str, object] = {"outcome": self.outcome, "rows": self.imported.progress.total}
        if self.error is not None and self.error.cause:
            fields["cause"] = self.error.cause
        _log.info("import", extra={"fields": fields | counts_of(self.imported.progress)})


async def report_progress(context: Context, reported: float, rows: int, settled: int | None) -> float:
    """Report to the client how far an import is, unless that was `reported`; return what is reported by now.

    `settled`: None while rows are read, whose total is not known.
    """
    # It only grows, as the protocol wants it: below 1 while rows are read.
    done = rows / (rows + 1) if settled is None else settled
    if done <= reported:
        return reported
    words = counted(rows, "row")
    if settled is None:
        await context.progress(done, None, f"{words} read")
    else:
        await context.progress(done, rows, f"{settled} of {words} settled")
    return done
