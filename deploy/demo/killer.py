"""Kills processes with SIGKILL while they have work in an open transaction, and proves from PostgreSQL that it was not committed."""

import json
import os
import random
import signal
import subprocess
import threading
import time

from stack import CommandFailed

# Tables whose inserts are held up for a moment, so that a batch stays uncommitted long enough to be hit: one that each daemon
# writes in the middle of its transaction.
SLOWED = {
    "raw_spans": 0.08, "rated_spans": 0.08, "usage_postings": 0.05, "usage_summary": 0.08, "invoice_lines": 0.05,
    "vendor_matches": 0.3, "vendor_scorecards": 0.3, "vendor_statements": 0.3,
}
ROLES = {
    "cdr-ingest": "warp_ingest", "poller": "warp_poller", "wallet": "warp_wallet", "biller": "warp_biller",
    "vendor-recon": "warp_recon",
}


class Probe:
    """One psql session that answers at once."""

    def __init__(self, stack):
        self.session = subprocess.Popen(
            ["psql", "-XAtq", "-F", " "], env=stack.env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, sql):
        self.session.stdin.write(f"{sql};\n\\echo .\n")
        self.session.stdin.flush()
        lines = []
        for text in self.session.stdout:
            if text.strip() == ".":
                return lines
            lines.append(text.strip())
        raise CommandFailed("the probe's session ended")

    def writing(self, role):
        """A transaction of this role that has uncommitted rows in a slowed table, if any."""
        rows = self.ask(f"""
            SELECT pid, backend_xid FROM pg_stat_activity
            WHERE usename = '{role}' AND backend_xid IS NOT NULL AND wait_event = 'PgSleep'
                AND application_name <> 'psql' ORDER BY random() LIMIT 1""")
        return rows[0].split()[1] if rows else None

    def fate(self, xid):
        """`aborted`, `committed`, or `in progress` of a transaction."""
        rows = self.ask(f"SELECT pg_xact_status((pg_current_xact_id()::text::bigint / 4294967296 * 4294967296 + {xid})::text::xid8)")
        return rows[0] if rows else "unknown"

    def close(self):
        self.session.stdin.close()
        self.session.wait(10)


def slow_down(stack):
    """Statement triggers that sleep: part of the test's world, not of the product."""
    for table, seconds in SLOWED.items():
        sql = f"""
            CREATE OR REPLACE FUNCTION public.linger_{table}() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END $$;
            CREATE TRIGGER linger AFTER INSERT ON billing.{table} FOR EACH STATEMENT
                EXECUTE FUNCTION public.linger_{table}();"""
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql], env=stack.env, text=True, capture_output=True)
        if done.returncode != 0:
            raise CommandFailed(done.stderr)


class Killer(threading.Thread):
    """Kills daemons of the supervisor in turn, each while its transaction is open, until every one has had its share."""

    def __init__(self, stack, daemons, kills_each, seed):
        super().__init__(daemon=True)
        self.stack = stack
        self.random = random.Random(seed)
        self.left = {daemon: kills_each for daemon in daemons}
        self.log = []
        self.stopping = threading.Event()
        self.failure = None

    def run(self):
        probe = Probe(self.stack)
        try:
            while any(self.left.values()) and not self.stopping.is_set():
                daemon = self.random.choice([name for name, count in self.left.items() if count])
                xid = probe.writing(ROLES[daemon])
                if xid is None:
                    time.sleep(0.002)
                    continue
                pid = process_id(self.stack, daemon)
                if pid is None:
                    continue
                time.sleep(self.random.uniform(0, 0.02))
                os.kill(pid, signal.SIGKILL)
                self.log.append((daemon, fate_of(probe, xid)))
                self.left[daemon] -= 1
                time.sleep(self.random.uniform(0.2, 0.6))
        except (CommandFailed, OSError) as failure:
            self.failure = failure
        finally:
            probe.close()

    def finish(self):
        self.stopping.set()
        self.join(30)
        if self.failure:
            raise self.failure


def process_id(stack, daemon):
    """The process that runs a daemon now, by the supervisor's word."""
    try:
        state = json.loads((stack.run / "supervisor.json").read_text())
    except (OSError, ValueError):
        return None
    for process in state["processes"]:
        if process["name"].split("@")[0] == daemon and process.get("pid"):
            return process["pid"]
    return None


def kill_daemon(stack, daemon, seconds=20):
    """Kills a daemon that waits for its hour, and waits until the supervisor has another one ready."""
    pid = process_id(stack, daemon)
    if pid is None:
        return None
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process_id(stack, daemon) not in (None, pid):
            return "started again"
        time.sleep(0.05)
    return None


def fate_of(probe, xid):
    """What became of the transaction, once the server has noticed that its client is gone."""
    for _ in range(100):
        fate = probe.fate(xid)
        if fate != "in progress":
            return fate
        time.sleep(0.05)
    return "in progress"


def kill_command(stack, daemon, *arguments):
    """Starts a command and kills it once it is in the middle of a transaction; returns that transaction's fate, or None if the
    command was too quick to be hit."""
    environment = stack.env | {"CREDENTIALS_DIRECTORY": str(stack.run / "credentials" / daemon)}
    probe = Probe(stack)
    command = subprocess.Popen(
        [f"{stack.env['BILLING_BIN']}/{daemon}", *map(str, arguments), "--config",
         f"{stack.env['BILLING_CONFIG']}/{daemon}.yaml"],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while command.poll() is None:
            xid = probe.writing(ROLES[daemon])
            if xid is not None:
                command.kill()
                command.wait()
                return fate_of(probe, xid)
            time.sleep(0.002)
        return None
    finally:
        probe.close()
