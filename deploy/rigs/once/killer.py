"""Who kills the pollers."""

import random
import threading
import time
from collections import Counter

from waiting import RigError


class Killer(threading.Thread):
    """Kills a poller with SIGKILL at a random moment and starts it again at once; half of the kills wait for a write that is open."""

    def __init__(self, pollers, cutter, repeater, kills, seed):
        super().__init__(daemon=True)
        self.pollers, self.cutter, self.repeater, self.kills = pollers, cutter, repeater, kills
        self.random = random.Random(seed)
        self.done, self.hit = Counter(), 0
        self.stopping = threading.Event()
        self.failure = None

    @property
    def share(self):
        return sum(self.done.values()) / self.kills if self.kills else 1

    def run(self):
        try:
            flush_every = max(2, self.kills // 6)
            while sum(self.done.values()) < self.kills and not self.stopping.is_set():
                time.sleep(self.random.uniform(0.2, 1.4))
                victim = self.random.choice(self.pollers)
                if self.random.random() < 0.5:
                    self.wait_for_a_write(victim)
                self.hit += self.cutter.writing[victim.process.pid] > 0
                victim.kill()
                victim.start()
                self.done[victim.name] += 1
                if sum(self.done.values()) % flush_every == 0:
                    self.repeater.flush_wanted.set()
        except (RigError, OSError) as failure:
            self.failure = failure

    def wait_for_a_write(self, victim):
        deadline = time.monotonic() + 1
        while not self.cutter.writing[victim.process.pid] and time.monotonic() < deadline:
            time.sleep(0.0005)
