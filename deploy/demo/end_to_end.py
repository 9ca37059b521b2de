#!/usr/bin/env python3
"""The tutorial's day under fire; called by deploy/end-to-end.sh.

Every daemon is killed with SIGKILL in mid-traffic, most times while a batch is uncommitted, and Redis is flushed; then the same
outcomes and the same money must stand in the tables as on a quiet day. Only repeats may differ: a sender that lost an answer
sends again.
"""

import argparse
import json
import subprocess
import sys
import time

import checks
from killer import Killer, kill_command, kill_daemon, slow_down
from show import heading, line
from stack import WORLD, CommandFailed, Stack
from waiting import RigError
from story import FIRST_RUN, SECOND_RUN, Story

STREAM_DAEMONS = ["cdr-ingest", "poller", "wallet", "biller"]
COMMANDS = ["biller run-cycle", "vendor-recon import", "vendor-recon reconcile"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run_directory")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kills", type=int, default=4, help="kills of each daemon that follows a stream")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    try:
        return tell(Stack(arguments.run_directory), arguments)
    except (CommandFailed, RigError, OSError) as failure:
        print(f"stopped: {failure}", file=sys.stderr)
        return 1


def tell(stack, arguments):
    story = Story(stack)
    story.load_world()
    slow_down(stack)
    fates = []

    heading("Traffic under fire")
    killer = Killer(stack, STREAM_DAEMONS, arguments.kills, arguments.seed)
    killer.start()
    found = [send_in_pieces(story, FIRST_RUN, halfway=lambda: flush_redis(stack))]
    started = time.monotonic()
    killer.finish()
    fates += killer.log
    story.wait_until_settled(60)
    line(f"{len(killer.log)} kills; Redis flushed in between; settled {time.monotonic() - started:.0f} s later")
    found.append(checks.balances(stack, "after_the_day"))

    heading("Billing under fire")
    stack.set_clock(FIRST_RUN)
    fates += [("biller run-cycle", kill_command(stack, "biller", "run-cycle"))]
    story.bill(FIRST_RUN)
    found.append(send_in_pieces(story, SECOND_RUN))
    story.wait_until_settled(60)
    stack.set_clock(SECOND_RUN)
    for _ in range(3):
        fates += [("biller run-cycle", kill_command(stack, "biller", "run-cycle"))]
    story.bill(SECOND_RUN)
    story.bill(SECOND_RUN)
    story.wait_until_booked()
    story.wait_for_lonely_attempts()

    heading("Statements under fire")
    facts = checks.EXPECTED["reconciliation"]
    statement = WORLD / "statement" / facts["statement"]
    importing = ["import", statement, "--vendor", facts["vendor"], "--invoice-date", facts["invoice_date"]]
    matching = ["reconcile", "--vendor", facts["vendor"], "--day", facts["day"], "--dispute-date", facts["dispute_date"]]
    fates += [("vendor-recon import", kill_command(stack, "vendor-recon", *importing))]
    stack.program("vendor-recon", *importing)
    fates += [("vendor-recon reconcile", kill_command(stack, "vendor-recon", *matching))]
    fates += [("vendor-recon", kill_daemon(stack, "vendor-recon"))]
    story.reconcile()

    summary, more = story.verify()
    found += more + [figures_check(summary), fates_check(fates)]
    bad = [check for check in found if not check.ok]
    for check in found:
        line(f"{'ok    ' if check.ok else 'FAILED'} {check.name}: {check.detail}")
    by_fate = {fate: sum(1 for _, f in fates if f == fate) for fate in {f for _, f in fates}}
    line(f"fates of the transactions that were hit: {by_fate}")
    (stack.run / "end-to-end.json").write_text(json.dumps({"summary": summary, "fates": fates}, default=str))
    print(f"{len(found) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad else 0


def send_in_pieces(story, before_run, halfway=lambda: None):
    """The bodies, NDJSON cut into a few lines each, so that there is always a batch on its way."""
    posts = [(entry, body) for entry in story.sender.bodies(before_run) for body in pieces(entry, story.sender.body(entry))]
    faults = []
    for number, (entry, body) in enumerate(posts):
        if number == len(posts) // 2:
            halfway()
        status, text, _ = story.sender.post(entry, body)
        if status != entry["expect_http"]:
            faults.append(f"{entry['file']}: {status} {text[:120]}")
    return checks.Check(f"answers before {before_run[:10]}", not faults, "; ".join(faults[:3]) or f"{len(posts)} as expected")


def pieces(entry, body, lines=6):
    if entry["content_type"] != "application/x-ndjson":
        return [body]
    parts = body.splitlines(keepends=True)
    return [b"".join(parts[i:i + lines]) for i in range(0, len(parts), lines)]


def flush_redis(stack):
    done = subprocess.run(["redis-cli", "-s", stack.env["BILLING_REDIS"], "FLUSHALL"], text=True, capture_output=True)
    if done.stdout.strip() != "OK":
        raise CommandFailed(f"FLUSHALL: {done.stdout}{done.stderr}")


def figures_check(summary):
    """The summary's figures, but for repeats and with them what was received."""
    names = [name for name in checks.EXPECTED["summary"] if name not in ("received", "repeats")]
    return checks.check_equal(
        "the same figures as on a quiet day", {n: summary[n] for n in names},
        {n: checks.EXPECTED["summary"][n] for n in names})


def fates_check(fates):
    """Every daemon was hit, and most hits undid a transaction that was open."""
    hit = [fate for name, fate in fates if fate is not None and name != "vendor-recon"]
    aborted = hit.count("aborted")
    missed = [name for name in [*STREAM_DAEMONS, "vendor-recon", *COMMANDS] if not any(n == name and f for n, f in fates)]
    return checks.Check(
        "every daemon was killed, and most kills hit an uncommitted batch", not missed and aborted * 2 > len(hit),
        f"{aborted} of {len(hit)}" + (f"; never hit: {', '.join(missed)}" if missed else ""))


if __name__ == "__main__":
    sys.exit(main())
