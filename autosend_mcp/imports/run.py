"""One import, from the file to the reports: read, validated, sent, and resumed after it was killed."""

from contextlib import suppress
from dataclasses import asdict
from math import ceil
from pathlib import Path
from typing import Any, BinaryIO

from anyio import to_thread

from autosend_mcp.api.calls import Call
from autosend_mcp.api.client import AutoSend
from autosend_mcp.api.directory import read_properties
from autosend_mcp.errors import AutoSendError, NotSent
from autosend_mcp.imports.defining import define_fields, what_was_defined
from autosend_mcp.imports.effects import starts
from autosend_mcp.imports.file.column import Column
from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.tables import Table
from autosend_mcp.imports.hints import UnclearImport
from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.journal_file import JournalBusyError
from autosend_mcp.imports.journal_rows import JournalRow
from autosend_mcp.imports.opted_out import leave_suppressed_out, read_opt_outs
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.progress import Progress
from autosend_mcp.imports.reading import columns_of, table_of
from autosend_mcp.imports.reports import write_dry_run, write_reports
from autosend_mcp.imports.resuming import BeingImportedError, JournalPlace, Keeping, identity
from autosend_mcp.imports.sending.requests import Requests
from autosend_mcp.imports.sending.sender import BULK_LIMIT, MAX_JOINING, Sender
from autosend_mcp.imports.staging import new_field, stage
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.tools.contact_lists.resolve import resolve_lists
from autosend_mcp.tools.context import Context

MAX_PROBLEMS = 5_000  # rows that did not succeed, kept in memory once the journal is gone

_READING_PATIENCE = 15.0  # seconds: the user waits to see what the file was read as
_BESIDE_THE_FILE = "The journal is kept beside the file: the folder must be writable and the journal undamaged."


class Import:
    """An import. `progress`: how far it is. `error`: why it ended early. `notes`: what the user should know besides."""

    def __init__(
        self,
        autosend: AutoSend,
        file: BinaryIO,
        name: str,
        options: ImportOptions,
        *,
        path: Path | None = None,
        report_dry_run: bool = False,
        keeping: Keeping | None = None,
    ) -> None:
        """`path`: of the file, with the journal and the reports beside it. `keeping`: lets others go on with it."""
        self._autosend = autosend
        self._file = file
        self._name = name
        self.options = options
        self._path = path
        self._report_dry_run = report_dry_run
        self._keeping = keeping
        self.place = JournalPlace(path, keeping, dry_run=options.dry_run)
        self._journal: Journal | None = None
        self._sender: Sender | None = None
        self.table: Table  # from `read` on
        self.columns: list[Column] = []
        self.lists: list[ContactList] = []
        self.opt_outs_read: list[dict[str, Any]] = []
        self.progress = Progress()
        self.resumed = False
        self.error: AutoSendError | None = None
        self.notes: list[str] = []
        self.notes_read = 0  # how many of them were there once the file was read
        self.files: list[Path] = []
        self._problems: list[JournalRow] = []
        self._is_staged = True  # the journal holds every row, so that it can be resumed

    async def read(self, *, restart: bool = False) -> None:
        """Read and validate every row; nothing is written to AutoSend.

        `restart`: do not resume an import of this file that was begun earlier.

        Raises:
            AutoSendError: The file, its columns or the lists are not clear, or AutoSend could not be asked.
        """
        self._autosend.settings.credentials()
        try:
            self.table = await to_thread.run_sync(table_of, self._file, self._name, self.options)
            self._journal = await to_thread.run_sync(self.place.open, self._file)
            if not await to_thread.run_sync(self._resumes, self.table, self._journal, restart):
                self._is_staged = False
                await self._stage(self.table, self._journal)
                self._is_staged = not self.progress.stopped
            counts = await to_thread.run_sync(self._journal.count_outcomes)
            self.progress.begin(counts, await to_thread.run_sync(self._journal.count_settled, len(self.lists)))
            self.notes_read = len(self.notes)
        except FileError as error:
            raise UnclearImport(str(error), hints=[error.hint] if error.hint else []) from None
        except JournalBusyError:
            raise BeingImportedError from None
        except OSError as error:
            what = f"The file or its journal cannot be used: {error.strerror or error}."
            raise NotSent(what, _BESIDE_THE_FILE) from None

    @property
    def seconds_needed(self) -> float:
        """The seconds that sending what is left takes at least, at the pace that is known by now."""
        rows = self.progress.total - self.progress.settled
        requests = ceil(rows / BULK_LIMIT) + len(self.lists) * ceil(rows / MAX_JOINING)
        return 0.0 if self.options.dry_run else self._autosend.pace.seconds_for(requests)

    async def send(self) -> None:
        """Send what was read, and write the reports. Where that ends early, `error` says why; it can be resumed."""
        journal = self._journal
        assert journal is not None  # noqa: S101 - `read` comes first
        about = (self._autosend, journal, self.progress, self.lists)
        self._sender = Sender(*about, run_workflow=self.options.run_workflow, permit=self._permit)
        if not self.options.dry_run:
            self.error = await define_fields(
                Requests(self._autosend, permit=self._permit), journal, self.columns, self.progress
            )
            self.notes += what_was_defined(self.progress)
            self.progress.stopped |= self.error is not None
        if not self.progress.stopped:
            await (self._sender.compare() if self.options.dry_run else self._sender.send())
        self.error = self.error or self._sender.error
        self.notes += await starts(Call(self._autosend), self.progress, self.columns, self.lists, self.options)
        with suppress(OSError):  # whatever needs the journal will report it
            self._problems = await to_thread.run_sync(journal.rejected, 0, MAX_PROBLEMS)
        finished = await self._permit() and not self.progress.stopped and await self._write_reports(journal)
        self.progress.stage = "done" if finished else "stopped"

    def stop(self) -> None:
        """Send nothing more; wait for the outcomes of what was sent."""
        self.progress.stopped = True
        if self._sender is not None:
            self._sender.stop()

    def problems(self, after: int = 0, limit: int = 20) -> list[JournalRow]:
        """Return the next rows that did not succeed; once it has ended, of the first `MAX_PROBLEMS` of them."""
        if self._journal is not None:
            with suppress(OSError):  # it was closed meanwhile, or cannot be read
                return self._journal.rejected(after, limit)
        return [row for row in self._problems if row.number > after][:limit]

    def close(self) -> None:
        """Close the file and the journal; one that is not finished stays, to be resumed."""
        if self._journal is not None:
            self._journal.close(keep=self._is_staged)
            self._journal = None
        self.place.close()
        self._file.close()

    def forsake(self) -> None:
        """Send and record nothing more: another process goes on with it."""
        self.stop()
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    async def _permit(self) -> bool:
        """Return whether this process may still send; stop where it may not."""
        if self._keeping is None:
            return True
        journal = self._journal
        may_send = journal is not None and await self._keeping.permit(journal.content if self.place.in_memory else None)
        if not may_send:
            self.stop()
        return may_send

    def _resumes(self, table: Table, journal: Journal, restart: bool) -> bool:
        """Load the journal if it belongs to this file, options and target; return whether it does.

        Raises:
            NotSent: It belongs to another import, which is not finished.
        """
        this, restart = identity(self._autosend, self.options, table.digest), restart or self._autosend.target is None
        staged = self.place.staged_before(journal, this, restart=restart)
        if staged is None:
            return False
        self.lists = [ContactList.model_validate(stored) for stored in staged["lists"]]
        self.columns = [Column(**stored) for stored in staged["columns"]]
        self.opt_outs_read = staged["opt_outs"]
        self.resumed = True
        return True

    async def _stage(self, table: Table, journal: Journal) -> None:
        options, requests = self.options, Requests(self._autosend, patience=_READING_PATIENCE)
        opt_outs = await to_thread.run_sync(read_opt_outs, table, self._name, options)
        self.opt_outs_read = opt_outs.described()
        self.lists = await requests.repeat(self._resolve_lists, reads=True)
        properties = await requests.repeat(read_properties, reads=True)
        defined = {known.stored_name: known.field_type or "" for known in properties}
        self.columns, notes = await to_thread.run_sync(columns_of, table, options, defined, opt_outs)
        self.notes += notes
        new = [new_field(column) for column in self.columns if column.new]
        types = defined | {field.field_name: field.field_type for field in new}
        await to_thread.run_sync(
            lambda: stage(
                table, self.columns, journal, self.progress, defined=types, opt_outs=opt_outs, repeated=options.repeated
            )
        )
        if self.progress.stopped:
            return
        if self.lists:
            self.notes += await leave_suppressed_out(requests, journal, options.opted_out)
        lists = [contact_list.model_dump(by_alias=True, exclude_none=True) for contact_list in self.lists]
        columns = [asdict(column) for column in self.columns]
        await to_thread.run_sync(
            journal.set_fact, "staged", {"lists": lists, "columns": columns, "opt_outs": self.opt_outs_read}
        )

    async def _resolve_lists(self, call: Call) -> list[ContactList]:
        context = Context(call)
        lists = await resolve_lists(context, self.options.lists, argument="", fresh=True)
        self.notes += context.notes
        return lists

    async def _write_reports(self, journal: Journal) -> bool:
        """Write the reports; return whether the import is finished with that."""
        try:
            await to_thread.run_sync(self._finish, journal)
        except (OSError, FileError) as error:
            what = f"The report cannot be written: {(getattr(error, 'strerror', None) or str(error)).rstrip('.')}."
            if self.options.dry_run:
                self.notes.append(what)
                return True
            next_step = "There must be room beside the file, and the file must be as it was."
            self.error = NotSent(what, next_step, changed="Every row is settled.")
            self.progress.stopped = True
            return False
        return True

    def _finish(self, journal: Journal) -> None:
        """Write the reports, and remove the journal."""
        if self.options.dry_run:
            if self._path is not None and self._report_dry_run:
                self.files = write_dry_run(self.table, journal, self._path)
        elif self._path is None:
            if len(self._problems) == MAX_PROBLEMS:
                self.notes.append(f"Only the first {MAX_PROBLEMS:,} of the rows that did not succeed are listed.")
        else:
            self.files = write_reports(self.table, journal, self._path, encoding=self.options.encoding)
        self._journal = None
        self.place.finish(journal)
