"""The forwarder's memory on disk: what still waits to be joined, the records that the door has not taken yet, what was seen.

One SQLite file. A message of the broker is acknowledged after the commit that holds what it says.
"""

import json
import sqlite3

SCHEMA = """
    CREATE TABLE IF NOT EXISTS seen (number INTEGER PRIMARY KEY AUTOINCREMENT, fingerprint BLOB NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS waiting (
        kind TEXT NOT NULL, key TEXT NOT NULL, part TEXT NOT NULL, body TEXT NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (kind, key, part)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS waiting_by_age ON waiting (kind, at);
    CREATE TABLE IF NOT EXISTS records (number INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);
"""
# A message comes again only where its acknowledgement was lost, so at most a prefetch later; this is far more.
MOST_SEEN = 200_000
PRUNE_EVERY = 10_000


class Journal:
    def __init__(self, path):
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute("PRAGMA wal_autocheckpoint=1000")
        self.database.executescript(SCHEMA)

    def __enter__(self):
        """A transaction: all of it is on disk when the block ends, or nothing."""
        self.database.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, failure, *_):
        self.database.execute("ROLLBACK" if failure else "COMMIT")

    def close(self):
        self.database.close()

    def is_new(self, fingerprint):
        """Whether a message was not seen before; from now on it was."""
        added = self.database.execute("INSERT OR IGNORE INTO seen (fingerprint) VALUES (?)", [fingerprint])
        if added.rowcount and added.lastrowid % PRUNE_EVERY == 0:
            self.database.execute("DELETE FROM seen WHERE number <= ?", [added.lastrowid - MOST_SEEN])
        return bool(added.rowcount)

    def keep(self, kind, key, part, fields, at):
        """Keeps something that waits. What already stands there stays."""
        self.database.execute(
            "INSERT OR IGNORE INTO waiting VALUES (?, ?, ?, ?, ?)", [kind, key, part, json.dumps(fields), at])

    def kept(self, kind, key):
        """What waits under a key, by part."""
        rows = self.database.execute(
            "SELECT part, body FROM waiting WHERE kind = ? AND key = ? ORDER BY part", [kind, key])
        return {part: json.loads(body) for part, body in rows}

    def forget(self, kind, key, part=None):
        """Lets go of what waits under a key, or of one part of it."""
        self.database.execute(
            "DELETE FROM waiting WHERE kind = ? AND key = ? AND (? IS NULL OR part = ?)", [kind, key, part, part])

    def waiting_since(self, kind, before, limit=1000):
        """The keys of a kind whose oldest part has waited since before then."""
        rows = self.database.execute(
            "SELECT key FROM waiting WHERE kind = ? AND at < ? GROUP BY key ORDER BY min(at) LIMIT ?", [kind, before, limit])
        return [key for (key,) in rows]

    def emit(self, record):
        """A record for the door. Its bytes are the same whenever it is made of the same messages."""
        body = json.dumps(record, separators=(",", ":"), sort_keys=True)
        self.database.execute("INSERT INTO records (body) VALUES (?)", [body])

    def oldest(self, count):
        """The records that wait longest, with their numbers."""
        return self.database.execute("SELECT number, body FROM records ORDER BY number LIMIT ?", [count]).fetchall()

    def taken(self, numbers):
        """The door has these: they leave."""
        with self:
            self.database.executemany("DELETE FROM records WHERE number = ?", [[number] for number in numbers])

    def span(self):
        """How many records wait at most: cheap, since asked for with every batch."""
        first, last = self.database.execute("SELECT (SELECT min(number) FROM records), (SELECT max(number) FROM records)").fetchone()
        return 0 if first is None else last - first + 1

    def counts(self):
        """How much lies here, by what it is."""
        rows = self.database.execute("SELECT kind, count(*) FROM waiting GROUP BY kind").fetchall()
        (records,) = self.database.execute("SELECT count(*) FROM records").fetchone()
        return dict(rows) | {"records": records}
