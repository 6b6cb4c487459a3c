"""The records of the sandbox: each resource's, built once over one SQLite file, or in memory."""

import os
import time

from autosend_mcp.sandbox.access import PROJECT
from autosend_mcp.sandbox.automations.records import Automations
from autosend_mcp.sandbox.contact_lists.records import ContactLists
from autosend_mcp.sandbox.contact_properties import ContactProperties
from autosend_mcp.sandbox.contacts.records import Contacts
from autosend_mcp.sandbox.database import Clock, Database
from autosend_mcp.sandbox.mails.automated import AutomatedMails
from autosend_mcp.sandbox.mails.records import Mails
from autosend_mcp.sandbox.mails.sending import Sending
from autosend_mcp.sandbox.mails.stored_templates import StoredTemplates
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.suppression_groups.records import SuppressionGroups
from autosend_mcp.sandbox.tables import VERSION
from autosend_mcp.sandbox.upgrades import add_columns
from autosend_mcp.sandbox.webhooks.records import Webhooks


class Store:
    """The records of every project. Each method of each resource is one transaction, callable from any thread."""

    def __init__(
        self, options: Options | None = None, file: str | os.PathLike[str] | None = None, now: Clock = time.time
    ) -> None:
        """Open or make the file; in memory without one. `now`: the clock that all times come from.

        Raises:
            OSError: The file cannot be opened, or is no SQLite database.
            ValueError: An automation of the options is no definition of one.
        """
        self.options = options or Options()
        self.db = Database(file, now, self.options.queue_delay)
        if self.db.version < VERSION:
            with self.db.transaction():
                add_columns(self.db)
        self.contacts = Contacts(self.db)
        self.contact_lists = ContactLists(self.db, exact=self.options.segment_case == "exact")
        self.contact_properties = ContactProperties(self.db, self.contacts, self.contact_lists.segments)
        self.suppression_groups = SuppressionGroups(self.db, self.options)
        self.suppression_groups.standard(PROJECT)
        self.webhooks = Webhooks(self.db)
        self.db.hears = self.webhooks.any_active
        self.automations = Automations(self.db, self.contact_lists, self.suppression_groups, self.options)
        self.templates = StoredTemplates(self.db)
        self.mails = Mails(self.db, self.suppression_groups, self.options)
        self.sending = Sending(self.db, self.mails, self.templates, self.options)
        self.automated_mails = AutomatedMails(self.db, self.automations, self.contacts, self.mails, self.sending)
