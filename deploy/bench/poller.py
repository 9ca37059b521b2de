"""Measures poller as it runs in production: a backlog against \\copy, fresh records, a preview of a re-rating. Prints a row of JSON
for each figure.

Called by poller.sh with a migrated database behind PG… variables. Every record must have its outcome, or there is no figure."""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from daemons import Daemons
from poller_load import Backlog, Door, Fresh
from psql import output, psql, value
from rows import row, say

# The day after the traffic of the data ends, so that no clock calls it old or of the future.
CLOCK = "2025-04-01T00:00:00.000Z"
SQL = Path(__file__).resolve().parent / "peers"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--port", type=int, required=True, help="the first of two")
    parser.add_argument("--data", type=Path, required=True, help="what gen_rate.py wrote")
    parser.add_argument("--records", type=int, required=True, help="of the backlog")
    parser.add_argument("--preview", type=int, required=True, help="stored records that are rated again")
    parser.add_argument("--seconds", type=float, required=True, help="of fresh records")
    options = parser.parse_args()
    clock = options.run / "clock"
    clock.write_text(CLOCK + "\n")
    with Daemons(
        options, WARP_ENVIRONMENT="test", WARP_CLOCK_FILE=str(clock),
        WARP_REFERENCE_PORTED_DIRECTORY=str(options.run / "ported"),
    ) as daemons:
        Benchmark(options, daemons).measure()


class Benchmark:
    def __init__(self, options, daemons):
        self.options = options
        self.daemons = daemons
        self.records = options.data / "raw_cdrs.jsonl"

    def measure(self):
        self.load_reference()
        self.daemons.serve("cdr-ingest", self.options.port)
        self.door = Door(self.options.port, self.daemons.run("cdr-ingest", "sources", "add", "bench"))
        say(f"{self.options.records:,} records through cdr-ingest")
        self.door.send(Backlog(self.records, self.options.records).bodies())
        self.expect("raw_cdr", self.options.records)
        self.backlog()
        self.fresh()
        self.row("poller.rss_mb", self.daemons.memory("poller", "VmHWM") / 1e6, "MB", note=(
            "the most memory that poller had resident under all of that, with the reference data of `rate`; goal at most 400"))
        self.daemons.stop("poller")
        self.daemons.stop("cdr-ingest")
        self.preview()

    def load_reference(self):
        say("Loading the reference data")
        data, run = self.options.data, self.daemons.run
        customers = self.options.run / "customers.json"
        customers.write_text(json.dumps(
            [customer | {"billed_from": "2025-03-01"} for customer in json.loads((data / "customers.json").read_text())]))
        run("biller", "customers", "load", customers)
        run("vendor-recon", "vendors", "load", data / "vendors.json")
        run("poller", "load", data)

    def backlog(self):
        """From the first outcome to the last; then \\copy of the same rows into the same layout."""
        value("CHECKPOINT")
        self.daemons.serve("poller", self.options.port + 1)
        outcomes = "SELECT coalesce(sum(rated + not_billable + unrated + held), 0) FROM billing.rating_counts"
        first = None
        while True:
            now, done = time.monotonic(), int(value(outcomes))
            if first is None and done:
                first = (now, done)
                told = now
            if done >= self.options.records:
                break
            if first and now - told > 5:
                say(f"{done:12,} outcomes  {(done - first[1]) / (now - first[0]):10,.0f} /s")
                told = now
            time.sleep(0.1)
        rate = (done - first[1]) / (now - first[0])
        self.expect("rated_cdr AS stored", self.options.records - int(value("SELECT count(*) FROM billing.unrated_usage")))
        copy = self.copy()
        self.row("poller.backlog", rate, "records/s", "psql \\copy", copy, note=(
            f"raw rows without outcome to durable rated rows, {self.options.records:,} of them, one poller; against \\copy of the rated rows "
            "into the same partitioned, indexed table; goals 40,000 and 0.5"))

    def copy(self):
        """Rows a second of \\copy."""
        rows = self.options.run / "rows.copy"
        with open(rows, "wb") as file:
            subprocess.run(psql("-c", "\\copy (SELECT * FROM billing.rated_cdr ORDER BY rated_seq) TO PSTDOUT"), stdout=file, check=True)
        output(psql("-f", SQL / "rated_layout.sql"))
        value("CHECKPOINT")
        with open(rows, "rb") as file:
            start = time.monotonic()
            output(psql("-c", "\\copy peer.rated_cdr FROM PSTDIN"), stdin=file)
            seconds = time.monotonic() - start
        rows.unlink()
        rate = int(value("SELECT count(*) FROM peer.rated_cdr")) / seconds
        value("DROP SCHEMA peer CASCADE")
        return rate

    def fresh(self):
        fresh = Fresh(self.door, self.records, self.options.seconds)
        delays = fresh.run()
        self.row("poller.fresh_p99_ms", delays[len(delays) * 99 // 100] * 1000, "ms", note=(
            f"from sending a record to its rated row being visible, {len(delays) / self.options.seconds:,.0f} records/s for "
            f"{self.options.seconds:g} s; p50 {delays[len(delays) // 2] * 1000:.0f} ms, worst {delays[-1] * 1000:.0f} ms; goal at most 1,000"))

    def preview(self):
        """A vendor's next deck, and what it would change of everything that is stored."""
        copies = self.options.preview / int(value("SELECT count(*) FROM billing.rated_cdr")) - 1
        say(f"The stored records {copies:.2f} times again, for the preview")
        output(psql("-v", f"copies={copies:.4f}", "-f", SQL / "rated_copies.sql"))
        self.daemons.run("poller", "load-deck", self.options.data / "next_deck.csv")
        value("CHECKPOINT")
        start = time.monotonic()
        memory = self.daemons.run_measured("poller", "rerate", "--preview", "--from", "2025-03-01", "--to", "2025-04-01")
        seconds = time.monotonic() - start
        records = int(value("SELECT records FROM billing.rerate_previews"))
        changed = int(value("SELECT count(*) FROM billing.rerate_differences"))
        self.row("poller.preview10m_s", seconds, "s", rss=memory, note=(
            f"preview of a re-rating after a vendor's new deck: {records:,} stored records, {changed:,} would change; "
            f"{memory / 1e6:,.0f} MB at most; goals at most 180 s and 1,000 MB"))

    def expect(self, table, count):
        found = int(value(f"SELECT count(*) FROM billing.{table}"))
        if found != count:
            sys.exit(f"{table}: {found} rows where {count} belong")

    def row(self, name, figure, unit, peer=None, peer_value=None, rss=None, note=""):
        if rss is None:
            rss = self.daemons.memory("poller", "VmRSS")
        row(name, figure, unit, rss, peer, peer_value, note)


if __name__ == "__main__":
    main()
