"""The rig's table: what was done, what became of it, and the verdict."""

import time
from collections import Counter
from typing import TYPE_CHECKING

from judge import CHECKS, is_blind, judge, remember
from recharges import DECLINED, PAID, UNDECIDED
from sql import sql
from waiting import RigError

if TYPE_CHECKING:
    from rig import Rig


class Report:
    def __init__(self, rig: "Rig"):
        self.rig, self.killer = rig, rig.killer
        self.problems: list[str] = []
        self.calls = [call for caller in rig.callers for call in caller.calls]
        self.recharges = [recharge for recharger in rig.rechargers for recharge in recharger.recharges]

    def passes(self, asked_again: int, wrong_answers: list[str]) -> bool:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.rig.moved))
        remember(self.calls, self.rig.feeder.fed, self.recharges, self.rig.control("authorize-net/transactions"), now)
        self.show_load()
        self.show_kills()
        print(f"checks{'looked at':>59}{'wrong':>8}")
        for check in CHECKS:
            looked_at, wrong = judge(check)
            self.verdict(check.name, looked_at, wrong)
            if not wrong and is_blind(check):
                self.problems.append(f"the judge is blind: {check.name}")
        self.verdict("calls that went on, answered as before when asked again", asked_again, len(wrong_answers))
        self.problems += wrong_answers
        self.verify_ledger()
        seconds = time.monotonic() - self.rig.began
        print(f"\n{seconds:.0f} s, seed {self.rig.options.seed}")
        for problem in self.problems[:20]:
            print(f"FAILED: {problem}")
        if not self.problems:
            print("Nothing that was acknowledged is lost, nothing was done twice, and the ledger proves itself.")
        return not self.problems

    def show_load(self):
        acknowledged = sum((door.acknowledged for door in self.rig.doors), Counter[str]())
        repeated = sum((door.repeated for door in self.rig.doors), Counter[str]())
        print(f"\nacknowledged{'operations':>53}{'asked more than once':>22}")
        for kind, count in sorted(acknowledged.items()):
            print(f"  {kind:52} {count:>10} {repeated[kind]:>21}")
        print(f"  {'rated usage committed':52} {len(self.rig.feeder.fed):>10}")
        print("of these")
        line("calls granted", sum(call.is_allowed for call in self.calls))
        for reason, count in sorted(Counter(call.reason for call in self.calls if not call.is_allowed).items()):
            line(f"calls refused, {reason}", count)
            if reason != "INSUFFICIENT_FUNDS":
                self.problems.append(f"{count} calls were refused for {reason}")
        line("usage of authorised calls", sum(call.rated is not None for call in self.calls))
        for name, status in (("paid", PAID), ("declined", DECLINED), ("taken, and decided later", UNDECIDED)):
            line(f"recharges {name}", sum(recharge.status == status for recharge in self.recharges))
        line("payments looked for after a failure", int(sql("SELECT count(*) FROM billing.payments WHERE attempts > 1")))

    def show_kills(self):
        print("kills")
        for name, count in sorted(self.killer.done.items()):
            line(name, count)
        line("of these with requests under way", self.killer.met)
        line("requests under way then", self.killer.requests)
        print("requests that were sent again")
        for name, count in sorted(sum((door.troubles for door in self.rig.doors), Counter[str]()).items()):
            line(name, count)
        line("commits of usage that failed", self.rig.feeder.lost)
        if (done := self.killer.done.total()) != self.rig.options.kills:
            self.problems.append(f"{done} kills of {self.rig.options.kills}")
        if 2 * self.killer.met < done:
            self.problems.append(f"only {self.killer.met} kills of {done} met any request")

    def verdict(self, name: str, looked_at: int, wrong: int):
        print(f"  {name:55} {looked_at:>7} {wrong:>7}")
        if wrong or not looked_at:
            self.problems.append(f"{name}: {wrong} of {looked_at} are wrong" if looked_at else f"{name}: there are none to look at")

    def verify_ledger(self):
        """The export proves itself, and fits the seal of the day that ended under fire."""
        run, programs = self.rig.options.run, self.rig.programs
        programs.run("billingctl", "export-ledger", "--to", run / "export")
        # The first one is from before there were wallets: it has three lines and its hash.
        seals = sum(len(seal.read_text().splitlines()) > 4 for seal in (run / "seals").glob("*.seal"))
        try:
            said = programs.run("billingctl", "verify-ledger", "--export", run / "export", "--seals", run / "seals")
        except RigError as failure:
            said = str(failure)
        last = said.splitlines()[-1] if said else "verify-ledger says nothing"
        self.verdict("seals of wallets, which the verified ledger fits", seals, 0 if last.startswith("ok:") else 1)
        print(f"  {last}")


def line(name: str, figure: int):
    print(f"  {name:52} {figure:>10}")
