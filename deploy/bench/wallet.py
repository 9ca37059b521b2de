"""Measures wallet as it runs in production: calls authorised over HTTP, usage debited, both at once, and a start behind a long ledger.
Prints a row of JSON for each figure.

Called by wallet.sh with a migrated database behind PG… variables. Every call must be granted and every rated call
posted, or there is no figure."""

import argparse
import json
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median

from daemons import Daemons, arenas
from psql import output, pgbench, psql, value
from rows import row, say
from waiting import RigError, wait_until
from wallet_load import LOAD, Answered, Feeder, RatedCalls, Switches, numbers_of, write_questions

PEERS = Path(__file__).resolve().parent / "peers"
CALLERS = 32
# Within wallet's process, where a caller costs next to nothing.
CALLERS_IN_PROCESS = 256
# Free, so it is parsed, rated and answered, and nothing is committed.
EMERGENCY = "911"
BANS = "WALLET"
# Of one file.
CUSTOMERS = 1_000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pgbench", required=True)
    parser.add_argument("--data", type=Path, required=True, help="what gen_rate.py wrote")
    parser.add_argument("--customers", type=int, required=True, help="whose calls are authorised and debited")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--calls", type=int, required=True, help="rated calls that are debited")
    parser.add_argument("--entries", type=int, required=True, help="of the ledger before the last start")
    options = parser.parse_args()
    # No sweep comes in between: what is debited is debited when the bell rings.
    with Daemons(
        options, WARP_SWEEP_INTERVAL_SECONDS="3600", WARP_REFERENCE_PORTED_DIRECTORY=str(options.run / "ported"),
    ) as daemons:
        try:
            Benchmark(options, daemons).measure()
        except RigError as failure:
            sys.exit(str(failure))


class Benchmark:
    def __init__(self, options: argparse.Namespace, daemons: Daemons):
        self.options = options
        self.daemons = daemons
        self.figures: dict[str, list[float]] = {}
        self.bans = [f"{BANS}{number:06}" for number in range(options.customers)]

    def measure(self):
        self.load_reference()
        self.make_customers()
        self.write_questions()
        self.token = output([self.options.bin / "billingctl", "keys", "create", "--kind", "service", "--name", "bench"]).strip()
        self.switches = Switches(self.options.port, self.token)
        self.rated = RatedCalls(f"{BANS}%", self.options.redis)
        output(psql("-v", f"customers={self.options.customers}", "-f", PEERS / "wallet_layout.sql"))
        # The defaults of fraud control suit small customers; each of these would be reviewed for its pace alone.
        self.daemons.run("wallet", "limits", "set", "--limit", "calls_per_minute=100000", "--limit", "spend_per_hour=100000.00")
        self.start()
        self.authorise()
        self.debit()
        self.authorise_with_debits()
        self.row("wallet.rss_mb", self.daemons.memory("wallet", "VmHWM") / 1e6, "MB", note=(
            "the most memory that wallet had resident under all of that, with the reference data of `rate`; goal at most 300"))
        self.restart()

    def load_reference(self):
        say("Loading the reference data")
        data, run = self.options.data, self.daemons.run
        customers = [customer | {"billed_from": "2025-03-01"} for customer in json.loads((data / "customers.json").read_text())]
        (self.options.run / "customers.json").write_text(json.dumps(customers))
        run("biller", "customers", "load", self.options.run / "customers.json")
        run("vendor-recon", "vendors", "load", data / "vendors.json")
        run("poller", "load", data)

    def make_customers(self):
        """Prepaid, rich, and without a plan of their own; a file of so many at a time, since each is one transaction."""
        say(f"Making {len(self.bans):,} customers")
        file = self.options.run / "prepaid.json"
        for first in range(0, len(self.bans), CUSTOMERS):
            file.write_text(json.dumps([{
                "ban": ban, "id": f"00000000-0000-4000-8000-{number:012}", "name": ban, "model": "PREPAID", "cycle": "monthly",
                "payment_terms": "NET_0", "credit_limit": "0.00", "opening_balance": "900000.0000", "billed_from": "2025-03-01",
            } for number, ban in enumerate(self.bans[first:first + CUSTOMERS], first)]))
            self.daemons.run("biller", "customers", "load", file)

    def write_questions(self):
        numbers = numbers_of(self.options.data / "lerg.csv", 10_000)
        self.spread, self.hot, self.free = (self.options.run / f"{name}.jsonl" for name in ("spread", "hot", "free"))
        write_questions(self.spread, self.bans, numbers)
        write_questions(self.hot, self.bans[:1], numbers)
        write_questions(self.free, self.bans, numbers, called=EMERGENCY)

    def start(self):
        self.daemons.serve("wallet", self.options.port)
        wallets = "SELECT count(*) FROM billing.wallets"
        wait_until(lambda: (opened := int(value(wallets))) >= len(self.bans) or opened, "all wallets")
        wait_until(self.is_granted, "a call to be granted")

    def authorise(self):
        """All sides in turn, several rounds; the first questions only warm everything up."""
        seconds, ask, keep = self.options.seconds, self.switches.ask, self.keep
        ask(self.spread, CALLERS, 2)
        for _ in range(self.options.rounds):
            keep("pgbench", self.pgbench(self.options.customers))
            keep("ceiling", ask(self.free, CALLERS, seconds, holds=False).rate)
            keep("spread", self.calmly(self.spread, CALLERS))
            keep("pgbench on one row", self.pgbench(1))
            keep("hot", self.calmly(self.hot, CALLERS))
            keep("one caller", self.calmly(self.spread, 1))
            keep("in process", self.in_process())
        middle = {name: median(values) for name, values in self.figures.items()}
        rounds = f"median of {self.options.rounds} rounds of {seconds:g} s"
        self.row("wallet.authorise32", middle["spread"], "calls/s", "pgbench", middle["pgbench"], note=(
            f"calls authorised over HTTP, each with its hold committed, {CALLERS} callers and {len(self.bans):,} wallets, against pgbench's "
            f"{CALLERS} clients with an UPDATE and an INSERT a transaction; {rounds}; goal 1.2; "
            f"{middle['spread'] / middle['ceiling']:.2f} of the HTTP ceiling's {middle['ceiling']:,.0f}/s, the same route without a commit "
            "(goal 0.6)"))
        self.row("wallet.authorise32_p99_ms", middle["spread p99"], "ms", note=(
            f"until such a call is granted; {rounds}, p50 {middle['spread p50']:.2f} ms, worst {max(self.figures['spread worst']):.1f} ms; "
            "goal at most 10"))
        self.row("wallet.authorise1_p50_ms", middle["one caller p50"], "ms", note=(
            f"one caller; {rounds}, p99 {middle['one caller p99']:.2f} ms; goal at most 1"))
        self.row("wallet.hot32", middle["hot"], "calls/s", "pgbench", middle["pgbench on one row"], note=(
            f"calls of one wallet, {CALLERS} callers, against the same pgbench on one row; {rounds}, p99 {middle['hot p99']:.1f} ms; goal 8"))
        row("wallet.inprocess256", middle["in process"], "calls/s", self.in_process_bytes, "pgbench", middle["pgbench"], (
            f"calls authorised by {CALLERS_IN_PROCESS} callers in the daemon's own process, without HTTP, each with its hold committed, "
            f"{len(self.bans):,} wallets, against the same pgbench; {rounds}, p99 {middle['in process p99']:.1f} ms; goal 5"))

    def calmly(self, questions: Path, callers: int) -> Answered:
        """Nobody pays for what another wrote."""
        value("CHECKPOINT")
        return self.switches.ask(questions, callers, self.options.seconds)

    def in_process(self) -> Answered:
        """The same calls, asked for without HTTP in a process of its own; the other wallet has nothing to do meanwhile."""
        value("CHECKPOINT")
        said = json.loads(self.daemons.run(
            "billing-bench", "wallet", "--questions", self.spread, "--callers", CALLERS_IN_PROCESS, "--seconds", self.options.seconds,
            config="wallet", WARP_HTTP_PORT="0", WARP_INSTANCE="bench", **arenas("wallet")))
        self.in_process_bytes = said["rss_bytes"]
        return Answered(said["held"] / said["seconds"], said["p50_ms"], said["p99_ms"], said["max_ms"])

    def pgbench(self, customers: int) -> float:
        output(psql("-c", "TRUNCATE peer.ledger", "-c", "CHECKPOINT"))
        return pgbench(self.options.pgbench, PEERS / "debit.sql", CALLERS, self.options.seconds, customers=customers)

    def keep(self, name: str, found: Answered | float):
        """Notes a round's figure, and says so on stderr, since a run takes minutes."""
        keep = lambda what, figure: self.figures.setdefault(what, []).append(figure)
        if isinstance(found, Answered):
            keep(name, found.rate)
            keep(f"{name} p50", found.p50_ms)
            keep(f"{name} p99", found.p99_ms)
            keep(f"{name} worst", found.max_ms)
            say(f"{name:20} {found.rate:10,.0f} /s   p50 {found.p50_ms:.2f}   p99 {found.p99_ms:.2f}   worst {found.max_ms:.1f} ms")
        else:
            keep(name, found)
            say(f"{name:20} {found:10,.0f} /s")

    def debit(self):
        """From the ring to the last debit."""
        say(f"{self.options.calls:,} rated calls")
        self.rated.rate(self.options.calls)
        output(psql("-c", "ANALYZE billing.rated_cdr", "-c", "CHECKPOINT"))
        start = time.monotonic()
        self.rated.ring()
        self.debits = self.options.calls / (self.rated.wait(600) - start)
        self.rated.check()
        peer = median(self.figures["pgbench"])
        self.row("wallet.debits", self.debits, "calls/s", "pgbench", peer, note=(
            f"rated calls debited from {len(self.bans):,} wallets, {self.options.calls:,} of them, from the ring to the last; goal 4"))

    def authorise_with_debits(self):
        value("CHECKPOINT")
        feeder = Feeder(self.rated, self.debits / 2)
        feeder.start()
        answered = self.switches.ask(self.spread, CALLERS, self.options.seconds)
        fed = feeder.stop()
        stopped = time.monotonic()
        behind = self.rated.wait(120) - stopped
        self.rated.check()
        self.row("wallet.authorise32_with_debits", answered.p99_ms, "ms", note=(
            f"99 of 100 calls are granted within it while {fed:,.0f} rated calls/s are debited, half of what was measured; {CALLERS} callers, "
            f"{self.options.seconds:g} s; {answered.rate:,.0f} calls/s, worst {answered.max_ms:.1f} ms, debits {behind:.1f} s behind at the "
            "end; goal at most 20"))

    def restart(self):
        self.daemons.stop("wallet")
        say(f"{self.options.entries:,} ledger entries")
        output(psql("-v", f"entries={self.options.entries}", "-f", LOAD / "ledger_entries.sql"))
        value("CHECKPOINT")
        start = time.monotonic()
        self.daemons.serve("wallet", self.options.port)
        ready = time.monotonic() - start
        wait_until(self.is_granted, "a call to be granted")
        granted = time.monotonic() - start
        entries = int(value("SELECT count(*) FROM billing.transactions"))
        self.row("wallet.restart_s", ready, "s", note=(
            f"from its start to /readyz, with {entries:,} entries in the ledger; the first call was granted after {granted:.1f} s; goal at "
            "most 5"))

    def is_granted(self) -> bool:
        """Whether a call is granted, whatever wallet says of itself."""
        question = json.loads(self.spread.read_text().partition("\n")[0]) | {"sip_uuid": f"start-{time.monotonic_ns()}"}
        connection = HTTPConnection("127.0.0.1", self.options.port, timeout=60)
        try:
            connection.request(
                "POST", Switches.PATH, json.dumps(question),
                {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
            answer = connection.getresponse()
            return json.loads(answer.read()).get("allow") is True and answer.status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def row(self, name: str, figure: float, unit: str, peer: str | None = None, peer_figure: float | None = None, note: str = ""):
        row(name, figure, unit, self.daemons.memory("wallet", "VmRSS"), peer, peer_figure, note)


if __name__ == "__main__":
    main()
