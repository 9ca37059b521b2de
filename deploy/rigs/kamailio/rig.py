#!/usr/bin/env python3
"""Drives real calls through a real Kamailio and compares what cdr-ingest kept with what sipp saw; called by ./run."""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from calls import CUSTOMERS, EXTEND_BEFORE, INTERSTATE, KINDS, LONGEST, MEASURED, MORE_MONEY, RICH, UNASKED, UNASKED_FOR
from compare import TOLERANCE_MS, compare
from door import Door
from prepaid import Wallet
from processes import Processes
from rtpengine import RTPEngine
from sipp import Exchange
from switch import Switch
from troubles import all_away, door_away, door_frozen, memory_full, wallet_away, wallet_frozen, wallet_slow
from waiting import RigError, wait_until

# As many ports in a row as ./run asks for: seven of the rig's own, and one for each sipp that calls at the same time.
PORTS = 30
# Faults of one kind of call that are printed.
FAULTS_SHOWN = 6


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--redis-port", type=int, required=True)
    parser.add_argument("--redis-socket", required=True)
    parser.add_argument("--redis-pid", type=int, required=True)
    parser.add_argument("--ports", type=int, required=True, help="the first of the free ports that the rig may use")
    arguments = parser.parse_args()
    processes = Processes(arguments.run)
    try:
        return Rig(processes, arguments).drive()
    except RigError as failure:
        print(f"stopped: {failure}", file=sys.stderr)
        return 1
    finally:
        processes.stop_all()


class Rig:
    def __init__(self, processes, arguments):
        self.started = time.monotonic()
        ports = iter(range(arguments.ports, arguments.ports + PORTS))
        door, wallet, proxy, first, elsewhere, second, rtpengine = (next(ports) for _ in range(7))
        self.door = Door(processes, arguments.bin / "cdr-ingest", door, arguments.redis_socket)
        self.token = self.door.add_source("kamailio")
        self.wallet = Wallet(processes, arguments.bin, wallet, arguments.redis_socket)
        self.rtpengine = RTPEngine(rtpengine)
        callers = list(ports)
        if len(KINDS) > len(callers):
            raise RigError(f"{len(KINDS)} kinds of calls at once, and {len(callers)} ports")
        self.exchange = Exchange(processes, proxy, callers)
        self.exchange.vendor(
            "first", first, refuses=".1212555010[56]", redirects=".12125550107", silent=".121255501(08|10)",
            other=f"127.0.0.1:{elsewhere}")
        self.exchange.vendor("first", elsewhere, elsewhere=True, refuses="none", redirects="none", silent="none", other="")
        self.exchange.vendor("second", second, refuses=".12125550106", redirects="none", silent=".12125550110", other="")
        self.switch = Switch(
            processes, proxy,
            settings={
                "warp-settings.cfg": {
                    "WARP_DOOR_ADDRESS": f"127.0.0.1:{door}", "WARP_DOOR_TOKEN": self.token, "WARP_DOOR_PATIENCE": 2,
                    "WARP_DOOR_TIMEOUT": 1, "WARP_DOOR_HOLD_OFF": 2,
                    "WARP_REDIS_SERVER": f"addr=127.0.0.1;port={arguments.redis_port}",
                    "WARP_LONGEST_CALL": LONGEST, "WARP_EXTEND_BEFORE": EXTEND_BEFORE,
                    "WARP_WALLET_ADDRESS": f"127.0.0.1:{wallet}", "WARP_WALLET_TOKEN": self.wallet.token,
                    "WARP_SILENT_SECONDS": UNASKED,
                },
                "kamailio.cfg": {"SIP_SILENCE_MS": 1500, "SIP_LISTS": arguments.run / "kamailio", "SIP_REDIRECTS": "@127[.]0[.]0[.]1:"},
            },
            customers=CUSTOMERS,
            vendors=[(f"127.0.0.1:{port}", f"vendor={name};trunk={name}-t1") for name, port in (("first", first), ("second", second))])
        self.redis = arguments.redis_pid
        self.logged = 0
        self.faults = []
        self.callers = []

    def drive(self):
        self.door.open()
        self.wallet.open()
        self.switch.start()
        self.call_through_open_door()
        for trouble in (wallet_slow, wallet_away, wallet_frozen, door_away, door_frozen, all_away, memory_full):
            trouble(self)
            self.wait_for_records()
        self.call_with_rtpengine()
        return self.judge()

    def call(self, kinds, meanwhile=None):
        """Calls of these kinds, side by side, and what is done meanwhile."""
        callers = [(kind, self.exchange.caller(kind)) for kind in kinds]
        if meanwhile:
            meanwhile()
        self.exchange.wait([caller for _, caller in callers])
        self.callers += callers

    def call_through_open_door(self):
        self.call(KINDS, self.bring_money)
        self.wait_for_records()

    def bring_money(self):
        """To the rich customer, whose call is under way by then."""
        wait_until(lambda: self.wallet.open_holds(RICH) == 1, "the rich customer's call", 20)
        self.wallet.add_money(RICH, MORE_MONEY)

    def call_with_rtpengine(self):
        """And without wallet, where that is nobody's loss: such a call goes through, for a while."""
        wait_until(self.has_told_wallet, "wallet to hear that all calls are over", 20)
        self.wallet.shut()
        self.switch.load_rtpengine(self.rtpengine.port)
        self.switch.restart(WARP_QUEUE_SIZE=20000, WARP_WALLET_SILENT="allow")
        self.call([*MEASURED, UNASKED_FOR])
        self.wait_for_records()

    def has_told_wallet(self):
        """Whether wallet knows of every call that it is over."""
        return [name for name, hold in self.wallet.holds().items() if hold["state"] == "open"] or True

    def expected(self):
        """How many records the calls made so far must leave."""
        made = Counter()
        for kind, caller in self.callers:
            made["raw_cdr"] += len(caller.calls)
            made["raw_vendor_cdr"] += len(caller.calls) * len(kind.tries)
        return made

    def wait_for_records(self):
        """Records that don't come are a fault; which they are the comparison says."""
        wanted = self.expected()
        try:
            wait_until(
                lambda: (found := self.found()) == wanted or f"{dict(found)} of {dict(wanted)}", "the records", 20)
        except RigError as failure:
            self.faults.append(str(failure))

    def found(self):
        return Counter({table: len(self.door.rows(table)) for table in ("raw_cdr", "raw_vendor_cdr")})

    def judge(self):
        calls, attempts = self.door.rows("raw_cdr"), self.door.rows("raw_vendor_cdr")
        vendor_calls = self.exchange.vendor_calls()
        results = [
            compare(kind, caller.calls, vendor_calls, by_call_id(calls), by_call_id(attempts))
            for kind, caller in self.callers]
        self.check_all(calls, attempts)
        self.check_holds(calls)
        self.print_table(results)
        return 1 if self.faults or any(result.faults for result in results) else 0

    def check_all(self, calls, attempts):
        """Nothing beside the calls, nothing twice, no conflict, and the columns say what the documents say."""
        known = {call_id for _, caller in self.callers for call_id in caller.calls}
        for row in calls + attempts:
            if row["document"]["sip_callid"] not in known:
                self.faults.append(f"a record of an unknown call {row['document']['sip_callid']}")
            if row["is_conflict"]:
                self.faults.append(f"a conflict: {row['document']['sip_uuid']}")
        for row in calls:
            for column in ("sip_uuid", "sip_callid", "sip_from", "sip_ruri", "sip_pai", "sip_pci", "customer_ban", "raw_ani", "dni",
                           "direction", "selected_vendor", "vendor_trunk", "routing_partition"):
                if row["columns"][column] != row["document"].get(column):
                    self.faults.append(f"column {column}: {row['columns'][column]} beside {row['document'].get(column)}")
        if (uuids := len({row["document"]["sip_uuid"] for row in calls})) != len(calls):
            self.faults.append(f"{len(calls)} calls with {uuids} sip_uuid")
        for kind, count in self.door.counts().items():
            if count["rejected"] or count["conflicts"]:
                self.faults.append(f"the door refused records of {kind}: {count}")

    def check_holds(self, calls):
        """Each call that wallet granted has one hold, by the price of a call that it knew both numbers of; it is gone where nobody
        answered, and otherwise what the seconds cost that were talked. No other call has one."""
        holds, known = self.wallet.holds(), {}
        for kind, caller in self.callers:
            known |= {call_id: kind for call_id in caller.calls}
        for document in (row["document"] for row in calls):
            kind, hold = known.get(document["sip_callid"]), holds.pop(document["sip_uuid"], None)
            if kind is None:
                continue
            if kind.held is None or hold is None:
                # What never reached wallet needs no release.
                if hold or kind.held not in (None, "released"):
                    self.faults.append(f"{kind.name}: hold {hold}, expected {kind.held}")
                continue
            seconds = -(-document["duration_ms"] // 1000)
            amount = f"{seconds / 10:.4f}" if kind.held == "ended" else hold["amount"]
            wanted = {"ban": kind.ban, "state": kind.held, "rate": INTERSTATE, "amount": amount}
            if kind.authorized is not None:
                wanted["reserve_seconds"] = kind.authorized + 1
            if found := {name: hold[name] for name in wanted if hold[name] != wanted[name]}:
                self.faults.append(f"{kind.name}: a hold with {found} where {wanted} was expected")
        if holds:
            self.faults.append(f"holds of unknown calls: {holds}")
        if wallets := self.wallet.unsound():
            self.faults.append(f"wallets that hold another sum than their holds: {wallets}")

    def print_table(self, results):
        print(f"{'kind':14} {'calls':>5} {'records':>7} {'attempts':>8} {'worst ms':>8}  verdict")
        for result in results:
            verdict = "as sipp says" if not result.faults else f"{len(result.faults)} faults"
            print(f"{result.kind.name:14} {result.calls:5} {result.records:7} {result.attempts:8} {result.worst:8.0f}  {verdict}")
        for result in results:
            for fault in list(dict.fromkeys(result.faults))[:FAULTS_SHOWN]:
                print(f"  {result.kind.name}: {fault}")
        for fault in self.faults:
            print(f"  {fault}")
        total = sum(result.calls for result in results)
        counts = self.door.counts().values()
        print(f"{total} calls, times within {TOLERANCE_MS} ms; {sum(kind['accepted'] for kind in counts)} records accepted, "
              f"{sum(kind['repeats'] for kind in counts)} repeats known, {self.logged} sent from Kamailio's log; "
              f"{time.monotonic() - self.started:.0f} s")


class Record(dict):
    """A document, in which a field that is not there is no null."""

    def __missing__(self, field):
        return "(not there)"


def by_call_id(rows):
    found = {}
    for row in rows:
        found.setdefault(row["document"]["sip_callid"], []).append(Record(row["document"]))
    return found


if __name__ == "__main__":
    sys.exit(main())
