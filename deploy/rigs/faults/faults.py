"""What goes wrong, and the order in which it does: seeded, and one fault may come while another lasts."""

import random
import time
from collections import Counter

from waiting import wait_until


class Fault:
    """Something that begins, lasts a while, and is mended."""
    name = ""
    # What it takes away: two faults that share something never overlap.
    takes = frozenset()
    lasts = (0.2, 2.0)

    def __init__(self, rig, rng):
        self.rig, self.random = rig, rng

    def begin(self):
        raise NotImplementedError

    def mend(self):
        raise NotImplementedError


class KillInstance(Fault):
    name, takes, lasts = "SIGKILL of cdr-ingest", frozenset({"instance"}), (0.0, 1.0)

    def begin(self):
        self.victim = self.random.choice(self.rig.instances)
        if self.victim.spool_bytes() == 0:
            self.rig.ledger.note("killed with an empty spool")
        self.victim.kill()

    def mend(self):
        self.victim.start()


class StopPostgres(Fault):
    name, takes = "immediate stop of PostgreSQL", frozenset({"postgres"})

    def begin(self):
        self.rig.postgres.stop()

    def mend(self):
        self.rig.postgres.start()


class KillRedis(Fault):
    name, takes, lasts = "SIGKILL of Redis", frozenset({"redis"}), (0.1, 1.5)

    def begin(self):
        self.rig.redis.kill()

    def mend(self):
        self.rig.redis.start()


class FreezePostgres(Fault):
    name, takes, lasts = "SIGSTOP of PostgreSQL", frozenset({"postgres"}), (2.5, 5.0)

    def begin(self):
        self.rig.postgres.freeze()

    def mend(self):
        self.rig.postgres.thaw()


class FullDisk(Fault):
    """No room for the spool while PostgreSQL is away; mended in either order."""
    name, takes, lasts = "ENOSPC on the spool", frozenset({"postgres", "instance"}), (0.5, 1.5)

    def begin(self):
        refused = self.rig.ledger.count("503 of a full spool")
        self.rig.postgres.stop()
        self.rig.disk.fill(spare=self.random.randrange(20_000, 300_000))
        wait_until(
            lambda: self.rig.ledger.count("503 of a full spool") > refused or self.rig.state(), "503 with Retry-After")

    def mend(self):
        steps = [self.rig.disk.clear, self.rig.postgres.start]
        self.random.shuffle(steps)
        steps[0]()
        time.sleep(self.random.uniform(0.2, 1.0))
        steps[1]()


class Orphan(Fault):
    """An instance dies with records in its spool and stays away until the other one has drained them."""
    name, takes, lasts = "orphaned spool", frozenset({"postgres", "instance"}), (0.2, 1.0)

    def begin(self):
        self.victim = self.random.choice(self.rig.instances)
        self.rig.postgres.stop()
        wait_until(lambda: self.victim.spool_bytes() > 0 or self.rig.state(), "records in the spool")
        self.victim.kill()

    def mend(self):
        self.rig.postgres.start()
        wait_until(lambda: not (left := self.rig.disk.left(self.victim.name)) or left, "the other instance to drain the spool")
        self.victim.start()


class Injector:
    # How often the next fault comes while the last one lasts, where they can; and how often, where not, it comes only when nothing waits
    # any more: then it hits commits, and not the spool.
    OVERLAP, CALM = 0.4, 0.7

    def __init__(self, rig, seed, kills):
        self.rig = rig
        self.random = random.Random(seed)
        fewer = max(1, kills // 2)
        kinds = [KillInstance, StopPostgres, KillRedis] * kills + [FreezePostgres, FullDisk] * fewer + [Orphan] * max(1, kills // 4)
        self.random.shuffle(kinds)
        self.waiting = [kind(rig, self.random) for kind in kinds]
        self.done = Counter()
        self.overlaps = 0

    def inject_all(self, say):
        while self.waiting:
            if self.random.random() < self.CALM:
                wait_until(self.is_calm, "the spools to be empty")
            time.sleep(self.random.uniform(0.3, 1.2))
            self.inject(frozenset(), say)

    def is_calm(self):
        waiting = [instance.spool_bytes() for instance in self.rig.instances]
        return not any(waiting) or f"{waiting} bytes wait: {self.rig.state()}"

    def inject(self, taken, say, depth=0):
        fault = self.waiting.pop(0)
        say(f"{'  ' * depth}{fault.name}")
        fault.begin()
        self.done[fault.name] += 1
        time.sleep(self.random.uniform(*fault.lasts))
        taken |= fault.takes
        if self.waiting and not taken & self.waiting[0].takes and self.random.random() < self.OVERLAP:
            self.overlaps += 1
            self.inject(taken, say, depth + 1)
        fault.mend()
