"""The peers: what PostgreSQL's own programs make of the same rows, on the same server."""

import json
import re
import subprocess
from pathlib import Path

from psql import output, pgbench, psql, value

HERE = Path(__file__).resolve().parent / "peers"


class Peers:
    ROWS = 100_000

    def __init__(self, run, pgbench, seconds, day):
        self.rows = run / "rows.copy"
        self.program = pgbench
        self.seconds = seconds
        self.day = day

    def prepare(self):
        """The table, and a file of rows that cdr-ingest wrote."""
        output(psql("-v", f"day={self.day}", "-f", HERE / "layout.sql"))
        with open(self.rows, "wb") as file:
            query = f"SELECT * FROM billing.raw_cdr ORDER BY raw_seq LIMIT {self.ROWS}"
            subprocess.run(psql("-c", f"\\copy ({query}) TO PSTDOUT"), stdout=file, check=True)
        row = json.loads(value("SELECT row_to_json(call) FROM billing.raw_cdr AS call LIMIT 1"))
        self.variables = {name: text for name, text in row.items() if isinstance(text, str)}

    def copy(self):
        """Rows a second of \\copy: the same file again and again into the emptied table."""
        rows, seconds = 0, 0.0
        while seconds < self.seconds:
            output(psql("-c", "TRUNCATE peer.raw_cdr"))
            self.checkpoint()
            with open(self.rows, "rb") as file:
                said = output(psql("-c", "\\timing on", "-c", "\\copy peer.raw_cdr FROM PSTDIN"), stdin=file)
            seconds += float(re.search(r"Time: ([\d.]+) ms", said)[1]) / 1000
            rows += int(value("SELECT count(*) FROM peer.raw_cdr"))
        return rows / seconds

    def pgbench(self, clients):
        """Transactions a second of one INSERT each."""
        output(psql("-c", "TRUNCATE peer.raw_cdr"))
        self.checkpoint()
        return pgbench(self.program, HERE / "insert.sql", clients, self.seconds, **self.variables)

    def checkpoint(self):
        """So that nobody pays for what another wrote."""
        value("CHECKPOINT")
