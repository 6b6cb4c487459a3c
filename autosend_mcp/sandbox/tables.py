"""The tables of the sandbox's file, and what an older file lacks of them."""

SETTINGS = """
PRAGMA busy_timeout = 5000;
PRAGMA journal_mode = WAL;
PRAGMA foreign_keys = ON;
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS contacts (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, email TEXT NOT NULL, first_name TEXT, last_name TEXT, user_id TEXT,
    mobile TEXT, custom_fields TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (project, email)
);
DROP INDEX IF EXISTS contacts_by_user;
CREATE INDEX IF NOT EXISTS contacts_by_user_id ON contacts (project, user_id) WHERE user_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS lists (
    id TEXT NOT NULL, project TEXT NOT NULL, name TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('list', 'segment')),
    description TEXT, criteria TEXT, parent TEXT, created_at TEXT, updated_at TEXT,
    PRIMARY KEY (project, id)
);
CREATE TABLE IF NOT EXISTS members (
    contact TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE, list TEXT NOT NULL,
    PRIMARY KEY (contact, list)
);
CREATE INDEX IF NOT EXISTS members_by_list ON members (list, contact);
CREATE TABLE IF NOT EXISTS sizes (
    project TEXT NOT NULL, list TEXT NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY (project, list)
) WITHOUT ROWID;
DROP TRIGGER IF EXISTS member_joined;
DROP TRIGGER IF EXISTS member_left;
CREATE TABLE IF NOT EXISTS fields (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, description TEXT,
    default_value TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (project, name)
);
CREATE TABLE IF NOT EXISTS suppression_groups (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, group_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
    is_global INTEGER NOT NULL, is_active INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (project, group_id)
);
CREATE TABLE IF NOT EXISTS suppressions (
    project TEXT NOT NULL, email TEXT NOT NULL, group_id TEXT NOT NULL, reason TEXT, created_at TEXT NOT NULL,
    PRIMARY KEY (project, email, group_id)
);
CREATE TABLE IF NOT EXISTS starts (
    number INTEGER PRIMARY KEY, project TEXT NOT NULL, at TEXT NOT NULL, automation TEXT NOT NULL,
    "trigger" TEXT NOT NULL, list TEXT, contact TEXT NOT NULL, email TEXT NOT NULL, subject TEXT, reason TEXT,
    automation_id TEXT
);
CREATE INDEX IF NOT EXISTS starts_by_contact ON starts (contact);
CREATE TABLE IF NOT EXISTS webhooks (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, url TEXT NOT NULL, secret TEXT NOT NULL, events TEXT NOT NULL,
    is_active INTEGER NOT NULL DEFAULT 1, failure_count INTEGER NOT NULL DEFAULT 0, metadata TEXT NOT NULL,
    last_failed_at TEXT, last_success_at TEXT, last_delivered_at TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS webhook_logs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, project TEXT NOT NULL, webhook TEXT NOT NULL,
    event TEXT NOT NULL, url TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, status_code INTEGER, duration INTEGER,
    error TEXT, ended REAL, delivered_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS templates (
    project TEXT NOT NULL, id TEXT NOT NULL, name TEXT, subject TEXT, html TEXT, text TEXT,
    PRIMARY KEY (project, id)
);
CREATE TABLE IF NOT EXISTS mails (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL, at REAL NOT NULL,
    due REAL, status TEXT NOT NULL, reason TEXT, email TEXT NOT NULL, name TEXT, role TEXT NOT NULL,
    sender TEXT NOT NULL, reply_to TEXT NOT NULL, subject TEXT, html TEXT, text TEXT, headers TEXT NOT NULL,
    attachments TEXT NOT NULL, template TEXT, group_id TEXT, batch TEXT, automation TEXT, start INTEGER,
    why TEXT NOT NULL, events TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS mails_by_start ON mails (start) WHERE start IS NOT NULL;
CREATE INDEX IF NOT EXISTS mails_waiting ON mails (due) WHERE status = 'scheduled';
"""

COUNTED = """
DELETE FROM sizes;
INSERT INTO sizes
    SELECT c.project, m.list, COUNT(*) FROM members m JOIN contacts c ON c.id = m.contact GROUP BY c.project, m.list;
INSERT INTO sizes SELECT project, 'GLOBAL_CONTACT_LIST', COUNT(*) FROM contacts GROUP BY project;
"""

VERSION = 1
"""Of the file: since 1, it keeps who is in a segment, and how many are in each list."""

# The columns of each table that the first files did not have.
ADDED = {
    "contacts": {"mobile": "TEXT"},
    "lists": {"description": "TEXT", "criteria": "TEXT", "parent": "TEXT", "created_at": "TEXT", "updated_at": "TEXT"},
    "starts": {"automation_id": "TEXT"},
    "suppression_groups": {"is_active": "INTEGER NOT NULL DEFAULT 1"},
}
