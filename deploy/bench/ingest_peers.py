"""The peers: what PostgreSQL's own programs make of the same rows, on the same server."""

import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent / "peers"
PSQL = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"]


class Peers:
    ROWS = 100_000

    def __init__(self, run, pgbench, seconds, day):
        self.rows = run / "rows.copy"
        self.program = pgbench
        self.seconds = seconds
        self.day = day

    def prepare(self):
        """The table, and a file of rows that cdr-ingest wrote."""
        output(PSQL + ["-v", f"day={self.day}", "-f", HERE / "layout.sql"])
        with open(self.rows, "wb") as file:
            query = f"SELECT * FROM billing.raw_cdr ORDER BY raw_seq LIMIT {self.ROWS}"
            subprocess.run(PSQL + ["-c", f"\\copy ({query}) TO PSTDOUT"], stdout=file, check=True)
        row = json.loads(self.value("SELECT row_to_json(call) FROM billing.raw_cdr AS call LIMIT 1"))
        self.variables = [word for name, value in row.items() if isinstance(value, str) for word in ("-D", f"{name}={value}")]

    def copy(self):
        """Rows a second of \\copy: the same file again and again into the emptied table."""
        rows, seconds = 0, 0.0
        while seconds < self.seconds:
            output(PSQL + ["-c", "TRUNCATE peer.raw_cdr"])
            self.checkpoint()
            with open(self.rows, "rb") as file:
                said = output(PSQL + ["-c", "\\timing on", "-c", "\\copy peer.raw_cdr FROM PSTDIN"], stdin=file)
            seconds += float(re.search(r"Time: ([\d.]+) ms", said)[1]) / 1000
            rows += int(self.value("SELECT count(*) FROM peer.raw_cdr"))
        return rows / seconds

    def pgbench(self, clients):
        """Transactions a second of one INSERT each."""
        output(PSQL + ["-c", "TRUNCATE peer.raw_cdr"])
        self.checkpoint()
        said = output(
            [self.program, "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(round(self.seconds)),
             "-f", HERE / "insert.sql"] + self.variables)
        if "failed transactions: 0 " not in said:
            sys.exit(f"pgbench: {said}")
        return float(re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)[1])

    def checkpoint(self):
        """So that nobody pays for what another wrote."""
        self.value("CHECKPOINT")

    def value(self, sql):
        return output(PSQL + ["-c", sql]).strip()


def output(command, stdin=subprocess.DEVNULL):
    """What a program printed; ends everything where it failed."""
    done = subprocess.run(command, text=True, capture_output=True, stdin=stdin)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: {done.stderr}")
    return done.stdout
