"""One import, from the file to the report: read, validated, sent, and gone on with after it was killed."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from sqlite3 import ProgrammingError
from tempfile import TemporaryDirectory
from typing import BinaryIO

from autosend_mcp.api.client import AutoSend
from autosend_mcp.api.directory import read_properties
from autosend_mcp.errors import AutoSendError, NotSent
from autosend_mcp.imports.fields import define, new_field
from autosend_mcp.imports.file.columns import Column, match_columns
from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.tables import Table, read_table
from autosend_mcp.imports.hints import Hint, UnclearImport
from autosend_mcp.imports.journal import Journal, JournalBusyError, JournalRow, in_thread
from autosend_mcp.imports.progress import Tally
from autosend_mcp.imports.reports import write_dry_run, write_reports
from autosend_mcp.imports.sending.planner import Sending
from autosend_mcp.imports.sending.requests import Requests
from autosend_mcp.imports.staging import infer, stage
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.tools.contact_lists.resolve import resolve_lists
from autosend_mcp.tools.context import Context

KEPT_PROBLEMS = 5_000
_PATIENCE_AT_FIRST = 15.0  # seconds: somebody waits to see what the file was read as

_PLACE = "The journal is kept beside the file: the folder must be one that can be written, and the journal be whole."


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of an import.

    `lists`: names or ids. `columns`: fields by column, "" for one to leave out.
    """

    lists: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    run_workflow: bool = False
    create_fields: bool = False
    dry_run: bool = False
    encoding: str | None = None
    delimiter: str | None = None


class Import:
    """An import. `tally` is how far it is; `error` why it was stopped; `notes` what else there is to know."""

    def __init__(
        self,
        autosend: AutoSend,
        file: BinaryIO,
        name: str,
        order: Order,
        *,
        place: Path | None = None,
        report_dry_run: bool = False,
    ) -> None:
        """`place`: the file's path, beside which the journal and the reports are; in memory alone without one."""
        self._autosend = autosend
        self._file = file
        self._name = name
        self.order = order
        self._place = place
        self._report_dry_run = report_dry_run
        self._journal: Journal | None = None
        self._sending: Sending | None = None
        self._scratch: TemporaryDirectory[str] | None = None
        self.table: Table | None = None
        self.columns: list[Column] = []
        self.lists: list[ContactList] = []
        self.tally = Tally()
        self.resumed = False
        self.error: AutoSendError | None = None
        self.notes: list[str] = []
        self.files: list[Path] = []
        self._problems: list[JournalRow] = []
        self._is_staged = True  # what the journal holds can be gone on with

    async def read(self, *, restart: bool = False) -> None:
        """Read and validate every row; nothing is sent but questions, and the new custom fields that were asked for.

        `restart`: do not go on with what was begun earlier.

        Raises:
            AutoSendError: The file, its columns or the lists are not clear, or AutoSend could not be asked.
        """
        self._autosend.settings.credentials()
        order = self.order
        try:
            self.table = await in_thread(
                lambda: read_table(self._file, self._name, encoding=order.encoding, delimiter=order.delimiter)
            )
            self._journal = await in_thread(self._open_journal)
            if not await in_thread(self._goes_on, self.table, self._journal, restart):
                self._is_staged = False
                await self._stage(self.table, self._journal)
                self._is_staged = not self.tally.stopped
            self.tally.begin(
                await in_thread(self._journal.counts), await in_thread(self._journal.settled, len(self.lists))
            )
        except FileError as error:
            raise UnclearImport(str(error), hints=[error.hint] if error.hint else []) from None
        except JournalBusyError:
            raise NotSent("This file is being imported already.", "Wait until that has ended.") from None
        except OSError as error:
            raise NotSent(f"The file or its journal cannot be used: {error.strerror or error}.", _PLACE) from None

    async def send(self) -> None:
        """Send what was read, and write the reports. `error` says why that ended early; it can be gone on with."""
        journal = self._journal
        assert journal is not None  # noqa: S101 - `read` comes first
        self._sending = Sending(self._autosend, journal, self.tally, self.lists, run_workflow=self.order.run_workflow)
        if not self.tally.stopped:
            await (self._sending.compare() if self.order.dry_run else self._sending.send())
        self.error = self._sending.error
        with suppress(OSError):  # which will be told by who needs the journal
            self._problems = await in_thread(journal.rejected, 0, KEPT_PROBLEMS)
        finished = not self.tally.stopped and await self._finished()
        self.tally.stage = "done" if finished else "stopped"

    def stop(self) -> None:
        """Send nothing more; what has left is settled."""
        self.tally.stopped = True
        if self._sending is not None:
            self._sending.stop()

    def problems(self, after: int = 0, most: int = 20) -> list[JournalRow]:
        """The next rows that are not as asked; once it has ended, of the first few thousand of them."""
        if self._journal is not None:
            with suppress(ProgrammingError):  # it was closed meanwhile
                return self._journal.rejected(after, most)
        return [row for row in self._problems if row.number > after][:most]

    def _open_journal(self) -> Journal:
        if self._place is None:
            return Journal(None)
        if not self.order.dry_run:
            return Journal(self._place.with_name(f"{self._place.name}.journal"))
        self._scratch = TemporaryDirectory(ignore_cleanup_errors=True)
        return Journal(Path(self._scratch.name) / "journal")

    def _goes_on(self, table: Table, journal: Journal, restart: bool) -> bool:
        """Whether the journal holds the rows of this import already.

        Raises:
            NotSent: It holds those of another, which is not finished.
        """
        order = asdict(self.order) | {"lists": list(self.order.lists), "columns": dict(self.order.columns)}
        autosend = self._autosend
        target = autosend.settings.fingerprint(f"{autosend.settings.base_url} {autosend.target}")
        this = {"file": table.digest, "order": order, "target": target}
        restart = restart or autosend.target is None
        begun, staged = journal.fact("begun"), journal.fact("staged")
        if begun is not None and staged is not None and not restart and (begun == this or journal.was_sent()):
            if begun != this:
                raise self._other_import(journal, next(name for name in this if begun[name] != this[name]))
            self.lists = [ContactList.model_validate(one) for one in staged["lists"]]
            self.columns = [Column(**one) for one in staged["columns"]]
            self.resumed = True
            return True
        journal.clear()
        journal.keep("begun", this)
        return False

    def _other_import(self, journal: Journal, differs: str) -> NotSent:
        counts = journal.counts()
        sent = sum(counts[outcome] for outcome in ("created", "updated", "failed", "unknown"))
        what, again = {
            "file": ("This file has changed since", "Restore the file"),
            "order": ("With other options,", "Give the same options"),
            "target": ("With another API key or base URL,", "Set the same"),
        }[differs]
        return UnclearImport(
            f"{what} an import of it was begun that is not finished: {sent:,} row{'s' * (sent != 1)} settled by then.",
            f"{again} to go on with it.",
            hints=[Hint("restart")],
        )

    async def _stage(self, table: Table, journal: Journal) -> None:
        order, requests = self.order, Requests(self._autosend, patience=_PATIENCE_AT_FIRST)
        self.lists = await requests.patiently(
            lambda call: resolve_lists(Context(call), order.lists, fresh=True), reads=True
        )
        fields = await requests.patiently(read_properties, reads=True)
        defined = {one.field_name: one.field_type or "" for one in fields}
        self.columns = match_columns(
            table.columns,
            order.columns,
            defined,
            create=order.create_fields,
            unnamed=table.unnamed,
        )
        await in_thread(infer, table, self.columns)
        new = [new_field(column) for column in self.columns if column.new]
        types = defined | {one.field_name: one.field_type for one in new}
        await in_thread(stage, table, self.columns, types, journal, self.tally)
        if self.tally.stopped:
            return
        if not order.dry_run and (await in_thread(journal.counts))[""]:  # a row is left to be sent
            await define(requests, new)
        lists = [one.model_dump(by_alias=True, exclude_none=True) for one in self.lists]
        columns = [asdict(one) for one in self.columns]
        await in_thread(journal.keep, "staged", {"lists": lists, "columns": columns})

    async def _finished(self) -> bool:
        """Write the reports; whether that is the end of the import."""
        try:
            await in_thread(self._finish)
        except (OSError, FileError) as error:
            what = f"The report cannot be written: {(getattr(error, 'strerror', None) or str(error)).rstrip('.')}."
            if self.order.dry_run:
                self.notes.append(what)
                return True
            next_step = "There must be room beside the file, and the file as it was."
            self.error = NotSent(what, next_step, changed="Every row is settled.")
            self.tally.stopped = True
            return False
        return True

    def _finish(self) -> None:
        """The reports, and with them the end of the journal."""
        assert self.table is not None and self._journal is not None  # noqa: S101, PT018 - `read` came first
        if self.order.dry_run:
            if self._place is not None and self._report_dry_run:
                self.files = write_dry_run(self.table, self._journal, self._place)
        elif self._place is None:
            if len(self._problems) == KEPT_PROBLEMS:
                self.notes.append(f"Of the rows that are not as asked, the first {KEPT_PROBLEMS:,} are told.")
        else:
            self.files = write_reports(self.table, self._journal, self._place, encoding=self.order.encoding)
        journal, self._journal = self._journal, None
        journal.close(keep=False)

    def close(self) -> None:
        """Let go of the journal; one that is not finished stays, to be gone on with."""
        if self._journal is not None:
            self._journal.close(keep=self._is_staged)
            self._journal = None
        if self._scratch is not None:
            self._scratch.cleanup()
        self._file.close()
