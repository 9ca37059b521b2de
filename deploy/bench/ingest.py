"""Measures cdr-ingest, its peers and bare HTTP in turn, several rounds of each, and prints a row of JSON for each figure.

Called by ingest.sh with a migrated database behind PG… variables. Only answers 202 count, and every round's records must stand in
billing.raw_cdr afterwards, or there is no figure."""

import argparse
import sys
from pathlib import Path
from statistics import median

from ingest_load import Load
from ingest_peers import Peers
from ingest_servers import Servers
from psql import value
from rows import row, say


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--port", type=int, required=True, help="the first of three")
    parser.add_argument("--pgbench", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    options = parser.parse_args()
    with Servers(options) as servers:
        Benchmark(options, servers).measure()


class Benchmark:
    def __init__(self, options, servers):
        self.options = options
        self.servers = servers
        self.load = Load(options.run, servers.token, options.seconds)
        self.peers = Peers(options.run, options.pgbench, options.seconds, self.load.day)
        self.figures = {}

    def measure(self):
        # Code paths, connections and the first pages are warm before anything counts; the peers take the rows that this wrote.
        self.door("warm", connections=8, batch=100)
        self.peers.prepare()
        for number in range(1, self.options.rounds + 1):
            self.keep("copy", self.peers.copy())
            self.keep("batches", *self.door(f"batches{number}", connections=8, batch=100))
            self.keep("pgbench", self.peers.pgbench(clients=64))
            self.keep("single", *self.door(f"single{number}", connections=64, batch=1))
            self.keep("ceiling", *self.load.post(self.servers.ceiling, f"ceiling{number}", connections=64, batch=1))
            self.keep("plain", *self.load.post(self.servers.plain, f"plain{number}", connections=64, batch=1))
        self.report()

    def door(self, name, connections, batch):
        """Loads cdr-ingest, then counts what it kept: all that was answered, and at most what was on its way at the end besides."""
        self.peers.checkpoint()
        answered = self.load.post(self.servers.door, name, connections, batch)
        most = answered.records + connections * batch
        kept = value(f"SELECT count(*) FROM billing.raw_cdr WHERE sip_uuid LIKE '{name}-%'")
        if not answered.records <= int(kept) <= most:
            sys.exit(f"{name}: {answered.records} records were answered 202, and {kept} are there")
        return answered

    def keep(self, name, rate, p99=None):
        """Notes a round's rate, and says so on stderr, since a run takes minutes."""
        self.figures.setdefault(name, []).append(rate)
        if p99 is not None:
            self.figures.setdefault(f"{name} p99", []).append(p99)
        say(f"{name:10} {rate:10,.0f} /s" + (f"   p99 {p99:.1f} ms" if p99 is not None else ""))

    def report(self):
        middle = {name: median(values) for name, values in self.figures.items()}
        rounds = f"median of {self.options.rounds} rounds of {self.options.seconds:g} s"
        rss = self.servers.memory("cdr-ingest", "VmRSS")
        row("ingest.ndjson100", middle["batches"], "records/s", rss, "psql \\copy", middle["copy"],
            f"durable records of bodies of 100 over 8 connections, against \\copy of the same rows into the same layout; {rounds}; "
            "goal 0.4")
        row("ingest.single64", middle["single"], "requests/s", rss, "HTTP ceiling", middle["ceiling"],
            f"durable single-record POSTs over 64 connections, against the same handler without its commit; {rounds}; goal 0.6; "
            f"{middle['single'] / middle['pgbench']:.2f} of pgbench's {middle['pgbench']:,.0f} transactions/s with 64 clients "
            f"(goal 1); the ceiling is {middle['ceiling'] / middle['plain']:.2f} of a plain POST's {middle['plain']:,.0f}/s (goal 0.8)")
        row("ingest.single64_p99_ms", middle["single p99"], "ms", rss, note=(
            f"until a single-record POST is durable and answered, over 64 connections; {rounds}, worst "
            f"{max(self.figures['single p99']):.1f}; goal at most 50"))
        row("ingest.rss_mb", self.servers.memory("cdr-ingest", "VmHWM") / 1e6, "MB", rss, note=(
            "the most memory that cdr-ingest had resident under all of that load; goal at most 150"))


if __name__ == "__main__":
    main()
