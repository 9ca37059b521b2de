#!/usr/bin/env python3
"""Two pollers under fire; then the oracle is the judge. Called by ./run."""

import argparse
import http.client
import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import judge
import traffic
from cuts import Cutter
from daemon import Daemon
from doorbells import Repeater
from killer import Killer
from waiting import RigError, wait_until

TIMES, BODY = 3, 20


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--postgres-socket", required=True)
    parser.add_argument("--postgres-port", type=int, required=True)
    parser.add_argument("--redis-socket", required=True)
    parser.add_argument("--port", type=int, required=True, help="the first of three")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--fail", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"seed {options.seed}, {options.kills} kills, {options.calls} calls", flush=True)
    rig = Rig(options)
    try:
        sys.exit(0 if rig.passes() else 1)
    except RigError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        sys.exit(1)
    finally:
        rig.end()


class Rig:
    def __init__(self, options):
        self.options, self.began = options, time.monotonic()
        self.cutter = Cutter(
            options.run / "cuts", options.postgres_port, options.postgres_socket, options.fail, options.seed)
        self.repeater = Repeater(options.redis_socket, options.seed)
        self.ingest = self.daemon("cdr-ingest", 1, 0)
        self.pollers = [self.daemon("poller", number, number) for number in (1, 2)]
        self.killer = Killer(self.pollers, self.cutter, self.repeater, options.kills, options.seed)
        self.sent = 0

    def daemon(self, name, number, offset):
        return Daemon(
            name, number, self.options.port + offset, self.options.bin / name, self.options.run / f"{name}.yaml",
            self.options.run / "log" / f"{name}-{number}.log")

    def passes(self):
        lines, wanted = traffic.make(self.options.seed, self.options.calls)
        self.say(f"{len(lines)} records; the oracle has rated them")
        token = self.load_world()
        for daemon in (self.ingest, *self.pollers):
            daemon.start()
        for daemon in (self.ingest, *self.pollers):
            daemon.wait_until_ready()
        self.repeater.start()
        self.killer.start()
        self.send(traffic.deliveries(lines, self.options.seed, TIMES, BODY), token)
        self.say("everything was sent three times")
        wait_until(lambda: not self.killer.is_alive() or dict(self.killer.done), "the last kill", 300)
        self.repeater.stopping.set()
        self.repeater.join(60)
        for helper in (self.killer, self.repeater):
            if helper.failure:
                raise RigError(f"{type(helper).__name__}: {helper.failure}")
        wait_until(judge.open_work, "each record to have its outcome", 180)
        self.say("each record has an outcome; the clock runs on, for what waits")
        self.settle_what_waits()
        return self.report(lines, wanted)

    def settle_what_waits(self):
        """An attempt waits 15 minutes for its call, and everything a minute between two tries: the clock runs ahead of them."""
        for minutes in range(60, 600, 2):
            (self.options.run / "clock.new").write_text(f"2026-11-23T{minutes // 60:02}:{minutes % 60:02}:00.000Z\n")
            (self.options.run / "clock.new").rename(self.options.run / "clock")
            time.sleep(1.5)
            if (waiting := judge.waiting()) is True:
                return
        raise RigError(waiting)

    def load_world(self):
        """Customers, vendors and reference data; the token of a source that may send everything."""
        self.program("biller", "customers", "load", traffic.WORLD / "customers.json")
        self.program("vendor-recon", "vendors", "load", traffic.WORLD / "vendors.json")
        self.program("poller", "load", traffic.WORLD)
        return self.program("cdr-ingest", "sources", "add", "once").strip()

    def program(self, name, *arguments):
        environment = {"WARP_POSTGRES_HOST": str(Path(self.options.postgres_socket).parent)} if name == "poller" else {}
        done = subprocess.run(
            ["env", *(f"{key}={value}" for key, value in environment.items()), str(self.options.bin / name), *map(str, arguments),
             "--config", str(self.options.run / f"{name}.yaml")], text=True, stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0:
            raise RigError(f"{name} {arguments[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def send(self, bodies, token):
        """In step with the kills, so that there is always something on its way."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ingest.port, timeout=30)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
        for number, body in enumerate(bodies):
            while number / len(bodies) > self.killer.share + 0.05 and self.killer.is_alive():
                time.sleep(0.005)
            connection.request("POST", "/ingest/v1/records", body=body.encode(), headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status != 202:
                raise RigError(f"the door answers {answer.status}: {text[:200]}")
            self.sent += 1

    def report(self, lines, wanted):
        found = judge.read()
        problems = judge.judge(found, wanted)
        problems += [f"the judge does not see: {name}" for name in judge.blind_spots(found, wanted)]
        cuts, options = self.cutter.done, self.options
        failed = cuts["cut before the commit"] + cuts["cut after the commit"]
        share = failed / max(1, cuts["writes"])
        ingested = judge.rows("""
            SELECT sum(received)::int AS received, sum(accepted)::int AS accepted, sum(repeats)::int AS repeats
            FROM billing.ingest_counts""")[0]
        print("\ndelivered")
        line("records, each its own", len(lines))
        line("bodies of up to 20", self.sent)
        line("records received at the door", ingested["received"])
        line("of these repeats", ingested["repeats"])
        line("doorbells rung by cdr-ingest", self.repeater.rung)
        line("doorbells rung again", self.repeater.repeated)
        line("Redis flushed", self.repeater.flushed)
        print("failures")
        for name, count in sorted(self.killer.done.items()):
            line(f"SIGKILL of {name}", count)
        line("of these with a write open", self.killer.hit)
        line("transactions that wrote outcomes", cuts["writes"])
        line("cut before the commit", cuts["cut before the commit"])
        line("cut after the commit, unknown to poller", cuts["cut after the commit"])
        line("share of writes that failed", f"{share:.1%}")
        print("outcomes")
        line("rated rows", len(found["rated"]), f"expected {len(wanted.rated)}")
        line("parked", len(found["parked"]), f"expected {len(wanted.parked)}")
        line("vendor attempts", len(found["attempts"]), f"expected {len(wanted.attempts)}")
        line("interim messages (evidence)", wanted.evidence)
        for name in ("ids_twice", "rated_and_parked", "conservation", "span_rows", "span_charges", "charges"):
            line(name.replace("_", " "), found["sums"][name])
        print("\n  service  customer     records      charges      expected")
        for (service, ban), (got, want) in judge.charges(found, wanted).items():
            count = sum(1 for (kind, _), facts in found["rated"] if (judge.SERVICES[kind], facts[5]) == (service, ban))
            print(f"  {service:8} {ban or '-':10} {count:>9} {got:>12} {want:>13}")
        if ingested["accepted"] != len(lines) or ingested["repeats"] != (TIMES - 1) * len(lines):
            problems.append(f"the door took {ingested['accepted']} records and {ingested['repeats']} repeats")
        if sum(self.killer.done.values()) != options.kills:
            problems.append(f"{sum(self.killer.done.values())} kills of {options.kills}")
        # Chance alone hardly ever takes so much.
        spread = 4 * math.sqrt(options.fail * (1 - options.fail) / max(1, cuts["writes"]))
        if options.fail and not (share > options.fail - spread and cuts["cut before the commit"] and cuts["cut after the commit"]):
            problems.append("too few writes failed")
        print(f"\n{time.monotonic() - self.began:.0f} s, seed {options.seed}")
        for problem in problems:
            print(f"FAILED: {problem}")
        if not problems:
            print("Every record was rated exactly once, to the amount that the oracle says.")
        return not problems

    def say(self, text):
        print(f"{time.monotonic() - self.began:7.1f} s  {text}", flush=True)

    def end(self):
        self.killer.stopping.set()
        self.killer.join(10) if self.killer.is_alive() else None
        for daemon in (*self.pollers, self.ingest):
            daemon.stop()


def line(name, figure, more=""):
    print(f"  {name:42} {figure!s:>12} {more}".rstrip())


if __name__ == "__main__":
    main()
