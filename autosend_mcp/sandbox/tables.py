"""The tables of the sandbox's file, and what an older file lacks of them."""

SETTINGS = """
PRAGMA busy_timeout = 5000;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA foreign_keys = ON;
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS contacts (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, email TEXT NOT NULL, first_name TEXT, last_name TEXT, user_id TEXT,
    mobile TEXT, custom_fields TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project, email)
);
CREATE INDEX IF NOT EXISTS contacts_by_age ON contacts (project);
CREATE TABLE IF NOT EXISTS dropped (epoch INTEGER PRIMARY KEY, project TEXT NOT NULL, name TEXT NOT NULL);
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
CREATE TABLE IF NOT EXISTS tallies (
    project TEXT NOT NULL, kind TEXT NOT NULL, counts TEXT NOT NULL,
    PRIMARY KEY (project, kind)
) WITHOUT ROWID;
DROP TABLE IF EXISTS sizes;
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
CREATE TABLE IF NOT EXISTS started (
    last INTEGER PRIMARY KEY, project TEXT NOT NULL, at TEXT NOT NULL, contact TEXT NOT NULL, email TEXT NOT NULL,
    reason TEXT, starts TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS started_by_contact ON started (contact);
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
DELETE FROM tallies;
INSERT INTO tallies
    SELECT project, 'list', json_group_object(list, size) FROM (
        SELECT c.project, m.list, COUNT(*) AS size FROM members m JOIN contacts c ON c.id = m.contact
        GROUP BY c.project, m.list
        UNION ALL SELECT project, 'GLOBAL_CONTACT_LIST', COUNT(*) FROM contacts GROUP BY project
    ) GROUP BY project;
INSERT INTO tallies
    SELECT project, kind, json_group_object(automation, starts) FROM (
        SELECT w.project, iif(w.reason IS NULL, 'mailed', 'quiet') AS kind,
            COALESCE(json_extract(s.value, '$[0]'), '') AS automation, COUNT(*) AS starts
        FROM started w, json_each(w.starts) s GROUP BY 1, 2, 3
    ) GROUP BY project, kind;
"""
"""Counts anew what `tallies` keeps."""

STARTED = """
INSERT INTO started SELECT number, project, at, contact, email, reason,
    json_array(json_array(automation_id, automation, "trigger", list)) FROM starts ORDER BY number;
DROP TABLE starts;
"""
"""Brings the starts of automations over, which had a row each before version 2."""

VERSION = 2
"""Of the file: since 1 it keeps who is in a segment, since 2 counts as JSON and one row for all that a write starts."""

# The columns of each table that the first files did not have.
ADDED = {
    "contacts": {"mobile": "TEXT", "epoch": "INTEGER NOT NULL DEFAULT 0"},
    "lists": {"description": "TEXT", "criteria": "TEXT", "parent": "TEXT", "created_at": "TEXT", "updated_at": "TEXT"},
    "starts": {"automation_id": "TEXT"},
    "suppression_groups": {"is_active": "INTEGER NOT NULL DEFAULT 1"},
}
