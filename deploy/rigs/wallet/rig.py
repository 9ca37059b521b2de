#!/usr/bin/env python3
"""Two wallets and their PostgreSQL under fire; then what they acknowledged is looked for. Called by ./run."""

import argparse
import json
import random
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from calls import Caller
from daemon import Daemon
from doors import Doors
from killer import Killer
from postgres import Postgres
from recharges import Recharger
from report import Report
from sql import sql
from usage import Feeder
from waiting import RigError, wait_until
from world import CALLING, CUSTOMERS, PLAIN, RECHARGING, Programs, load_world

CALLERS = 10


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--servers", type=Path, required=True)
    parser.add_argument("--postgres-programs", type=Path, required=True)
    parser.add_argument("--redis-socket", required=True)
    parser.add_argument("--port", type=int, required=True, help="the first of three")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"seed {options.seed}, {options.kills} kills", flush=True)
    rig = Rig(options)
    try:
        sys.exit(0 if rig.passes() else 1)
    except RigError as error:
        print(f"FAILED: {error} (seed {options.seed})", file=sys.stderr)
        sys.exit(1)
    finally:
        rig.end()


class Rig:
    def __init__(self, options: argparse.Namespace):
        self.options, self.began, self.moved = options, time.monotonic(), 0
        self.programs = Programs(options.bin, options.run / "base.yaml")
        self.wallets = [Daemon(
            "wallet", number, options.port + number - 1, options.bin / "wallet", options.run / "wallet.yaml",
            options.run / "log" / f"wallet-{number}.log", CREDENTIALS_DIRECTORY=str(options.run / "credentials"))
            for number in (1, 2)]
        self.doors: list[Doors] = []
        self.killer = Killer(
            self.wallets, Postgres(options.servers, options.postgres_programs), self.doors, options.kills, options.seed)
        self.sandbox: subprocess.Popen[bytes] | None = None

    def passes(self) -> bool:
        load_world(self.programs, self.options.run / "world")
        self.start()
        self.make_clients()
        # A day of the ledger ends under fire, and the next wallet that starts seals it.
        self.move_clock(86_399 - int(time.time()) % 86_400)
        self.say("the load begins")
        clients = (*self.callers, *self.rechargers, self.feeder)
        for thread in (*clients, self.killer):
            thread.start()
        while self.killer.is_alive():
            self.killer.join(1)
            for client in clients:
                client.check()
        if self.killer.failure:
            raise RigError(f"the killer: {self.killer.failure}")
        self.say("everything runs again; the load ends")
        for client in clients:
            client.end()
        self.settle_usage()
        asked = self.ask_again()
        self.settle_payments()
        self.say("all payments are decided")
        return Report(self).passes(*asked)

    def start(self):
        with open(self.options.run / "log" / "sandbox.log", "ab") as log:
            self.sandbox = subprocess.Popen(
                [self.options.bin / "billing-sandbox", "serve", "--port", str(self.options.port + 2)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for wallet in self.wallets:
            wallet.start()
        self.killer.wait_until_well()
        wallets = "SELECT count(*) FROM billing.wallets"
        wait_until(lambda: (opened := int(sql(wallets))) == len(CUSTOMERS) or opened, "all wallets")

    def door(self, name: str) -> Doors:
        self.doors.append(Doors([wallet.port for wallet in self.wallets], random.Random(f"{self.options.seed}-{name}")))
        return self.doors[-1]

    def make_clients(self):
        """Whoever calls, who has a card, and the usage; the processor takes its time, so that kills meet charges on their way."""
        seed = self.options.seed
        self.feeder = Feeder(
            self.options.redis_socket, random.Random(f"{seed}-usage"), [each.id for each in [CALLING[0], *PLAIN]])
        token, calling = self.programs.key("service", "--name", "rig"), [(each.id, each.ban) for each in CALLING]
        self.callers = [
            Caller(f"call-{seed}-{number}", self.door(f"caller-{number}"), token, calling, self.feeder) for number in range(CALLERS)]
        # Some hundreds of charges in any run: each is looked for in reasonable time.
        self.rechargers = [
            Recharger(
                f"recharge-{seed}-{each.number}", self.door(f"recharger-{each.number}"),
                self.programs.key("customer", "--customer", each.id), each.id, 0.02 * self.options.kills, self.control)
            for each in RECHARGING]
        for number, recharger in enumerate(self.rechargers):
            recharger.begin(is_declined=number == 0)
        self.control("faults", {"service": "authorize-net", "kind": "delay", "milliseconds": 200, "every": 2})

    def control(self, path: str, order: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.options.port + 2}/_control/{path}", json.dumps(order).encode() if order else None,
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def settle_usage(self):
        through = "SELECT coalesce(max(through_seq), 0) FROM billing.wallet_progress WHERE source = 'rated'"
        wait_until(lambda: (at := int(sql(through))) >= self.feeder.last or f"{at} of {self.feeder.last}", "all debits", 180)
        self.say("all usage is debited")

    def ask_again(self) -> tuple[int, list[str]]:
        """The questions of calls that go on: both wallets must answer as before. Then they end. How often was asked, and what was wrong."""
        asked, wrong = 0, list[str]()
        for caller in self.callers:
            for call in caller.calls:
                for wallet in self.wallets if call.is_open else ():
                    asked += 1
                    wrong += filter(None, [caller.asked_again(call, wallet.port)])
                if call.is_open:
                    caller.end_call(call, 1)
        self.say("all calls have ended")
        return asked, wrong

    def settle_payments(self):
        """Keys of killed instances are free after a minute, payments that they had taken up after three: the clock is moved on."""
        undecided = "SELECT count(*) FROM billing.payments WHERE state IN ('pending', 'sent', 'held', 'unknown')"
        for seconds in [70] + [190] * 20:
            self.move_clock(seconds)
            for recharger in self.rechargers:
                for recharge in recharger.recharges:
                    if not recharge.status:
                        recharger.ask(recharge)
            try:
                wait_until(lambda: (left := int(sql(undecided))) == 0 or left, "payments", 4)
            except RigError:
                continue
            if all(recharge.status for recharger in self.rechargers for recharge in recharger.recharges):
                return
        raise RigError("payments stay undecided:\n" + sql("""
            SELECT id, state, attempts, due_at, outcome FROM billing.payments
            WHERE state IN ('pending', 'sent', 'held', 'unknown') ORDER BY payment_seq LIMIT 10"""))

    def move_clock(self, seconds: int):
        self.moved += seconds
        (self.options.run / "clock.new").write_text(f"+{self.moved}\n")
        (self.options.run / "clock.new").rename(self.options.run / "clock")

    def say(self, text: str):
        print(f"{time.monotonic() - self.began:7.1f} s  {text}", flush=True)

    def end(self):
        self.killer.stopping.set()
        if self.killer.is_alive():
            self.killer.join(150)
        for wallet in self.wallets:
            wallet.stop()
        if self.sandbox:
            self.sandbox.terminate()
            self.sandbox.wait(30)


if __name__ == "__main__":
    main()
