"""Who kills the wallets and PostgreSQL."""

import random
import threading
import time
from collections import Counter

from daemon import Daemon
from doors import Doors
from postgres import Postgres
from waiting import RigError

FIRST, SECOND, BOTH, POSTGRES = "SIGKILL of wallet@1", "SIGKILL of wallet@2", "SIGKILL of both wallets", "immediate stop of PostgreSQL"
# One of four is PostgreSQL's, one of twelve both wallets'.
TURNS = [FIRST, POSTGRES, SECOND, BOTH, FIRST, SECOND, POSTGRES, FIRST, SECOND, FIRST, POSTGRES, SECOND]


class Killer(threading.Thread):
    """Kills at random moments and starts again at once. Of four times it waits three until all is well again, and always until the load has
    got on; half of the kills wait for a request at the victim's door."""
    PROGRESS = 20

    def __init__(self, wallets: list[Daemon], postgres: Postgres, doors: list[Doors], kills: int, seed: int):
        super().__init__(daemon=True)
        self.wallets, self.postgres, self.doors, self.chance = wallets, postgres, doors, random.Random(f"{seed}-kills")
        self.plan = [TURNS[number % len(TURNS)] for number in range(kills)]
        self.chance.shuffle(self.plan)
        self.done: Counter[str] = Counter()
        # Kills that met requests, and the requests that they met.
        self.met = self.requests = 0
        self.stopping = threading.Event()
        self.failure: Exception | None = None

    def run(self):
        try:
            for turn in self.plan:
                self.wait_for_load()
                if self.stopping.wait(self.chance.uniform(0, 1.2)):
                    return
                self.kill(turn)
                if self.chance.random() < 0.75:
                    self.wait_until_well()
            self.wait_until_well()
            self.wait_for_load()
        except (RigError, OSError) as failure:
            self.failure = failure

    def kill(self, turn: str):
        victims = {FIRST: self.wallets[:1], SECOND: self.wallets[1:], BOTH: self.wallets, POSTGRES: []}[turn]
        ports = [wallet.port for wallet in victims or self.wallets]
        if self.chance.random() < 0.5:
            self.wait_for_requests(ports)
        met = self.requests_at(ports)
        if turn == POSTGRES:
            self.postgres.stop()
            self.postgres.start()
        for wallet in victims:
            wallet.kill()
        for wallet in victims:
            wallet.start()
        self.done[turn] += 1
        self.met, self.requests = self.met + (met > 0), self.requests + met

    def requests_at(self, ports: list[int]) -> int:
        return sum(door.at in ports for door in self.doors)

    def wait_for_requests(self, ports: list[int]):
        deadline = time.monotonic() + 1
        while not self.requests_at(ports) and time.monotonic() < deadline:
            time.sleep(0.0005)

    def wait_for_load(self):
        """A kill that meets no load shows nothing."""
        before, deadline = self.answers(), time.monotonic() + 120
        while self.answers() < before + self.PROGRESS and not self.stopping.is_set():
            if time.monotonic() > deadline:
                raise RigError("nothing is acknowledged any more")
            time.sleep(0.01)

    def answers(self) -> int:
        return sum(door.answers for door in self.doors)

    def wait_until_well(self):
        for wallet in self.wallets:
            wallet.wait_until_ready()
