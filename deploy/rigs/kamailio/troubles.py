"""What can go wrong between Kamailio, wallet and the tables, while calls are made: no record may be missing afterwards, none counted
twice, and no money kept back for a call that is over."""

import json
import os
import signal
import subprocess
import time

from calls import GIVES_UP, NO_ANSWER, NO_WALLET, PREPAID, SLOW, TOLD_LATER, WHILE_AWAY, WHILE_FROZEN, WHILE_FULL, WHILE_NOTHING
from waiting import RigError, wait_until


def wallet_slow(rig):
    """Wallet answers later than the caller waits: the call is cancelled, and what was granted is given back."""
    with rig.wallet.kept_waiting(SLOW) as let_go:
        def answer_late():
            wait_until(rig.wallet.is_waiting, "wallet to be asked", 20)
            # The caller gives up after 200 ms; Kamailio after a second.
            time.sleep(0.5)
            let_go()
        rig.call([GIVES_UP], answer_late)


def wallet_away(rig):
    """Wallet goes while calls last, and others begin: these are refused, and it hears of the end of those when it is back."""
    def go():
        wait_until(lambda: (count := rig.wallet.open_holds(PREPAID)) == TOLD_LATER.calls or count, "calls under way", 20)
        rig.wallet.shut()
        rig.call([NO_WALLET])
    rig.call([TOLD_LATER], go)
    rig.wait_for_records()
    rig.wallet.open()
    wait_until(rig.has_told_wallet, "wallet to hear how long the calls were", 20)
    # Till then Kamailio does not ask it.
    time.sleep(2)


def wallet_frozen(rig):
    """Wallet takes questions and does not answer in time: the calls are refused, and nothing stays held for them."""
    rig.wallet.process.send_signal(signal.SIGSTOP)
    try:
        rig.call([NO_ANSWER])
    finally:
        rig.wallet.process.send_signal(signal.SIGCONT)
    wait_until(rig.has_told_wallet, "nothing to be held", 20)


def door_away(rig):
    """cdr-ingest is away for longer than Kamailio is patient: the records wait on the Redis list, each once."""
    rig.door.shut()
    expected = call_and_count(rig, WHILE_AWAY)
    wait_until(lambda: len(rig.door.listed()) >= expected or len(rig.door.listed()), f"{expected} records on the Redis list")
    keys = [
        (record["record_type"], record["sip_uuid"], record.get("attempt_number")) for record in map(json.loads, rig.door.listed())]
    if len(keys) != expected or len(set(keys)) != expected:
        rig.faults.append(f"{expected} records, {len(keys)} on the list, {len(set(keys))} different ones")
    reopen(rig)


def door_frozen(rig):
    """cdr-ingest takes requests and does not answer: Kamailio sends again, and at last to the list. What was read twice counts once."""
    rig.door.process.send_signal(signal.SIGSTOP)
    try:
        expected = call_and_count(rig, WHILE_FROZEN)
        wait_until(lambda: len(rig.door.listed()) >= expected or len(rig.door.listed()), f"{expected} records on the Redis list")
    finally:
        rig.door.process.send_signal(signal.SIGCONT)
    empty_list(rig)


def all_away(rig):
    """Neither cdr-ingest nor Redis: the records wait in Kamailio's memory."""
    rig.door.shut()
    os.kill(rig.redis, signal.SIGSTOP)
    try:
        call_and_count(rig, WHILE_NOTHING)
        wait_until(lambda: rig.switch.queued() > 0, "records in Kamailio's memory")
    finally:
        os.kill(rig.redis, signal.SIGCONT)
    reopen(rig)


def memory_full(rig):
    """And no room in memory: the records are in the log, and are sent from there as the documentation says."""
    rig.switch.restart(WARP_QUEUE_SIZE=1)
    rig.door.shut()
    os.kill(rig.redis, signal.SIGSTOP)
    try:
        call_and_count(rig, WHILE_FULL)
        wait_until(lambda: len(rig.switch.undelivered()) > 0, "records in Kamailio's log")
    finally:
        os.kill(rig.redis, signal.SIGCONT)
    reopen(rig)
    wait_until(lambda: rig.switch.queued() == 0, "Kamailio's memory to be empty")
    rig.logged = len(rig.switch.undelivered())
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--fail", "--user", f"kamailio:{rig.token}", "-H", "Content-Type: application/x-ndjson",
         "--data-binary", "@-", f"http://127.0.0.1:{rig.door.port}/ingest/v1/records"],
        input="".join(line + "\n" for line in rig.switch.undelivered()), text=True, capture_output=True)
    if done.returncode != 0:
        raise RigError(f"the records of the log: {done.stdout}{done.stderr}")


def call_and_count(rig, kinds):
    """Makes these calls; returns how many records must come of them."""
    before = rig.expected()
    rig.call(kinds)
    return (rig.expected() - before).total()


def reopen(rig):
    rig.door.open()
    empty_list(rig)


def empty_list(rig):
    wait_until(lambda: rig.door.listed() == [] or len(rig.door.listed()), "cdr-ingest to empty the Redis list")
