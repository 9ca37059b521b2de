#!/usr/bin/env python3
"""Two wallets and their PostgreSQL under fire; then what they acknowledged is looked for. Called by ./run."""

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from daemons import Daemon
from judge import CHECKS, is_blind, judge, remember
from load import BILLING, CALLS, RATE, Caller, Doors, Feeder, Recharger, psql, usage_id
from servers import Postgres
from waiting import RigError, wait_until

FIXTURES = Path(__file__).resolve().parents[3] / "Tests" / "Fixtures" / "tutorial"
# Some of the callers' customers have little money, so that calls are refused too; the usage of the last ten was never authorised.
OPENING = ["0.5000"] * 5 + ["4.0000"] * 5 + ["50000.0000"] * 40 + ["900000.0000"] * 10
CALLING, RECHARGING, CALLERS = 50, 4, 8
PLAN = {
    "id": "rig", "name": "rig", "type": "voice", "customer_id": None, "effective_date": "2024-01-01", "expiry_date": None,
    "rates": {
        "schema": "voice/1", "billing": {"initial_increment": 1, "subsequent_increment": 1},
        "terminating": {"domestic": {"default": {"interstate": "0.6", "intrastate": "0.6", "indeterminate": "0.6"}}},
    },
}
FRAUD_CHECKS = ["calls_per_minute", "spend_per_hour", "rapid_balance_depletion"]


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
        print(f"FAILED: {error}", file=sys.stderr)
        sys.exit(1)
    finally:
        rig.end()


class Killer(threading.Thread):
    """Kills one of the three at a random moment and starts it again at once; of four times it waits three until all is well again."""

    def __init__(self, wallets: list[Daemon], postgres: Postgres, kills: int, seed: int):
        super().__init__(daemon=True)
        self.wallets, self.postgres, self.chance = wallets, postgres, random.Random(f"{seed}-kills")
        victims: list[Daemon | Postgres] = [*wallets, postgres]
        self.plan = [victims[number % 3] for number in range(kills)]
        self.chance.shuffle(self.plan)
        self.done: Counter[str] = Counter()
        self.stopping = threading.Event()
        self.failure: Exception | None = None

    def run(self):
        try:
            for victim in self.plan:
                if self.stopping.wait(self.chance.uniform(0.1, 1.5)):
                    return
                if isinstance(victim, Daemon):
                    victim.kill()
                    self.done[f"SIGKILL of {victim.name}"] += 1
                else:
                    victim.stop()
                    self.done["immediate stop of PostgreSQL"] += 1
                victim.start()
                if self.chance.random() < 0.75:
                    self.wait_until_well()
            self.wait_until_well()
        except (RigError, OSError) as failure:
            self.failure = failure

    def wait_until_well(self):
        for wallet in self.wallets:
            wallet.wait_until_ready()


class Rig:
    def __init__(self, options: argparse.Namespace):
        self.options, self.began = options, time.monotonic()
        ports = [options.port, options.port + 1]
        self.wallets = [Daemon(
            "wallet", number, port, options.bin / "wallet", options.run / "wallet.yaml", options.run / "log" / f"wallet-{number}.log",
            CREDENTIALS_DIRECTORY=str(options.run / "credentials")) for number, port in enumerate(ports, 1)]
        self.killer = Killer(self.wallets, Postgres(options.servers, options.postgres_programs), options.kills, options.seed)
        self.asked: Counter[str] = Counter()
        self.doors = self.doors_of("rig")
        self.customers = [(f"00000000-0000-4000-8000-{number:012}", f"RIG{number:03}") for number in range(len(OPENING))]
        self.sandbox: subprocess.Popen[bytes] | None = None
        self.moved = 0
        self.problems: list[str] = []

    def doors_of(self, name: str) -> Doors:
        return Doors([wallet.port for wallet in self.wallets], random.Random(f"{self.options.seed}-{name}"), self.asked)

    def passes(self) -> bool:
        self.load_world()
        self.start()
        self.make_workers()
        # A day of the ledger ends under fire, and the next wallet that starts seals it.
        self.move_clock(86_399 - int(time.time()) % 86_400)
        self.say("the load begins")
        for worker in (self.feeder, *self.callers, *self.rechargers, self.killer):
            worker.start()
        self.killer.join(60 + 30 * self.options.kills)
        if self.killer.failure or self.killer.is_alive():
            raise RigError(f"the killer: {self.killer.failure or 'does not end'}")
        self.say("everything runs again; the load ends")
        for worker in (*self.callers, *self.rechargers, self.feeder):
            worker.end()
        through = "SELECT coalesce(max(through_seq), 0) FROM billing.wallet_progress WHERE source = 'rated'"
        wait_until(lambda: (at := int(psql(through).stdout)) >= self.feeder.last or f"{at} of {self.feeder.last}", "all debits")
        self.say("all usage is debited")
        asked_again = self.ask_again()
        self.settle_payments()
        self.say("all payments are decided")
        return self.report(asked_again)

    def load_world(self):
        """Numbers and a price, customers, and limits that fraud control never reaches."""
        world = self.options.run / "world"
        world.mkdir()
        for name in ("npa.csv", "country_prefixes.csv", "lerg.csv"):
            shutil.copy(FIXTURES / name, world / name)
        (world / "rate_plans.json").write_text(json.dumps([PLAN]))
        customers = self.options.run / "customers.json"
        customers.write_text(json.dumps([{
            "ban": ban, "id": id, "name": ban, "model": "PREPAID", "cycle": "monthly", "payment_terms": "NET_0", "credit_limit": "0.00",
            "opening_balance": money, "billed_from": "2024-01-01",
        } for (id, ban), money in zip(self.customers, OPENING)]))
        base = ("--config", self.options.run / "base.yaml")
        self.program("biller", "customers", "load", customers, *base)
        self.program("poller", "load", world, *base)
        self.program("wallet", "limits", "set", *(
            word for check in FRAUD_CHECKS for word in ("--actions", f"{check}=")), *base)
        psql(RATE)
        self.token = self.program("billingctl", "keys", "create", "--kind", "service", "--name", "rig").strip()

    def program(self, name: str, *words: Any) -> str:
        done = subprocess.run(
            [str(self.options.bin / name), *map(str, words)], text=True, capture_output=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RigError(f"{name} {words[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        with open(self.options.run / "log" / "sandbox.log", "ab") as log:
            self.sandbox = subprocess.Popen(
                [self.options.bin / "billing-sandbox", "serve", "--port", str(self.options.port + 2)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for wallet in self.wallets:
            wallet.start()
        self.killer.wait_until_well()
        wallets = "SELECT count(*) FROM billing.wallets"
        wait_until(lambda: (opened := int(psql(wallets).stdout)) == len(OPENING) or opened, "all wallets")

    def control(self, path: str, order: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.options.port + 2}/_control/{path}", json.dumps(order).encode() if order else None,
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def make_workers(self):
        """Those who recharge have a card each; the processor takes its time, so that kills meet charges on their way."""
        seed, calling = self.options.seed, self.customers[:CALLING]
        self.feeder = Feeder(
            self.options.redis_socket, random.Random(f"{seed}-usage"), [id for id, _ in self.customers[CALLING:]])
        self.callers = [
            Caller(f"call-{seed}-{number}", self.doors_of(f"caller-{number}"), self.token, calling, self.feeder)
            for number in range(CALLERS)]
        self.rechargers = []
        for number, (id, _) in enumerate(calling[-RECHARGING:]):
            token = self.program("billingctl", "keys", "create", "--kind", "customer", "--customer", id).strip()
            card = {
                "type": "card", "data_descriptor": "COMMON.ACCEPT.INAPP.PAYMENT", "data_value": f"nonce-{number}-1111", "is_default": True}
            answer = self.doors.ask(f"{BILLING}/payment-methods", card, token, key="card")
            if answer.status != 201:
                raise RigError(f"the card of {id}: {answer}")
            # Some hundreds of charges in any run: they fit one page of the processor's lists, and each is looked for in reasonable time.
            self.rechargers.append(Recharger(
                f"recharge-{seed}-{number}", self.doors_of(f"recharger-{number}"), token, id, pause=0.02 * self.options.kills))
        self.control("faults", {"service": "authorize-net", "kind": "delay", "milliseconds": 200, "every": 2})

    def ask_again(self) -> tuple[int, int]:
        """The questions of calls that are open: both wallets must answer as before."""
        asked = wrong = 0
        for call in (call for caller in self.callers for call in caller.calls):
            # Five minutes of grace are not over yet.
            is_open = call.is_allowed and call.ended is None and call.fed is None and time.monotonic() < call.told_at + call.seconds + 200
            for wallet in self.wallets if is_open else ():
                answer = self.doors.ask(CALLS, call.question, self.token, port=wallet.port)
                told = answer.body["max_seconds"] or 0
                is_same = answer.body["allow"] and (told == call.seconds or told > call.seconds and not call.is_exact)
                if not is_same:
                    self.problems.append(f"{call} was answered {answer.body} when it was asked again")
                asked, wrong = asked + 1, wrong + (not is_same)
        return asked, wrong

    def settle_payments(self):
        """Claims of killed instances are over after a minute, payments that they had taken up after three: the clock is moved on."""
        for seconds in [70] + [190] * 20:
            self.move_clock(seconds)
            for recharger in self.rechargers:
                for recharge in recharger.recharges:
                    if not recharge.status:
                        recharger.ask(recharge)
            undecided = "SELECT count(*) FROM billing.payments WHERE state IN ('pending', 'sent', 'held', 'unknown')"
            try:
                wait_until(lambda: (left := int(psql(undecided).stdout)) == 0 or left, "payments", 4)
            except RigError:
                continue
            if all(recharge.status for recharger in self.rechargers for recharge in recharger.recharges):
                return
        raise RigError("payments stay undecided:\n" + psql("""
            SELECT id, state, attempts, due_at, outcome FROM billing.payments
            WHERE state IN ('pending', 'sent', 'held', 'unknown') ORDER BY payment_seq LIMIT 10""").stdout)

    def move_clock(self, seconds: int):
        self.moved += seconds
        (self.options.run / "clock.new").write_text(f"+{self.moved}\n")
        (self.options.run / "clock.new").rename(self.options.run / "clock")

    def report(self, asked_again: tuple[int, int]) -> bool:
        calls = [call for caller in self.callers for call in caller.calls]
        recharges = [recharge for recharger in self.rechargers for recharge in recharger.recharges]
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.moved))
        remember(calls, [usage_id(call.sip_uuid) for call in calls], recharges, self.control("authorize-net/transactions"), now)
        print("\nload")
        line("questions for calls", len(calls))
        line("of these granted", sum(call.is_allowed for call in calls))
        line("rated calls fed", self.feeder.rated)
        line("of these of authorised calls", sum(call.fed is not None for call in calls))
        line("recharges", len(recharges))
        line("of these credited when they were answered", sum(recharge.status == 201 for recharge in recharges))
        line("of these looked for after a failure", int(psql("SELECT count(*) FROM billing.payments WHERE attempts > 1").stdout))
        print("failures")
        for name, count in sorted(self.killer.done.items()):
            line(name, count)
        for name, count in sorted(self.asked.items()):
            line(f"requests {name}; sent again", count)
        line("commits of usage tried again", self.feeder.failed)
        print(f"checks{'looked at':>59}{'wrong':>8}")
        for check in CHECKS:
            looked_at, wrong = judge(check)
            self.verdict(check.name, looked_at, wrong)
            if is_blind(check, wrong):
                self.problems.append(f"the judge is blind: {check.name}")
        self.verdict("open calls answered as before when asked again", *asked_again)
        self.verify_ledger()
        if sum(self.killer.done.values()) != self.options.kills:
            self.problems.append(f"{sum(self.killer.done.values())} kills of {self.options.kills}")
        print(f"\n{time.monotonic() - self.began:.0f} s, seed {self.options.seed}")
        for problem in self.problems[:20]:
            print(f"FAILED: {problem}")
        if not self.problems:
            print("Nothing that was acknowledged is lost, nothing was done twice, and the ledger proves itself.")
        return not self.problems

    def verdict(self, name: str, looked_at: int, wrong: int):
        print(f"  {name:52} {looked_at:>10} {wrong:>7}")
        if wrong or not looked_at:
            self.problems.append(f"{name}: {wrong} of {looked_at} are wrong" if looked_at else f"{name}: there are none to look at")

    def verify_ledger(self):
        export = self.options.run / "export"
        self.program("billingctl", "export-ledger", "--to", export)
        # The first one is from before there were wallets: it has three lines and its hash.
        seals = sum(len(seal.read_text().splitlines()) > 4 for seal in (self.options.run / "seals").glob("*.seal"))
        try:
            said = self.program("billingctl", "verify-ledger", "--export", export, "--seals", self.options.run / "seals")
        except RigError as failure:
            said = str(failure)
        is_ok = said.splitlines()[-1].startswith("ok:") if said else False
        self.verdict("seals of wallets, which the export fits", seals, 0 if is_ok else 1)
        print(f"  {said.strip().splitlines()[-1] if said else 'verify-ledger says nothing'}")

    def say(self, text: str):
        print(f"{time.monotonic() - self.began:7.1f} s  {text}", flush=True)

    def end(self):
        self.killer.stopping.set()
        if self.killer.is_alive():
            self.killer.join(60)
        for wallet in self.wallets:
            wallet.stop()
        if self.sandbox:
            self.sandbox.terminate()
            self.sandbox.wait(30)


def line(name: str, figure: int):
    print(f"  {name:52} {figure:>10}")


if __name__ == "__main__":
    main()
