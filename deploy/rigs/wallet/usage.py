"""Rated usage, as the poller leaves it to the wallets."""

import json
import queue
import random
import time
import uuid
from dataclasses import dataclass

from redis_socket import Redis
from sql import tried
from waiting import RigError
from worker import Worker


@dataclass
class Usage:
    """A rated call; its charge is in 0.00001 USD."""
    id: uuid.UUID
    sip_uuid: str
    customer: str
    seconds: int
    charge: int

    @property
    def amount(self) -> str:
        return f"{self.charge // 100_000}.{self.charge % 100_000:05}"


class Feeder(Worker):
    """Commits the usage of calls that were authorised, and of calls that nobody asked for, and rings for it."""
    MOST = 200

    def __init__(self, redis: str, chance: random.Random, customers: list[str]):
        super().__init__()
        self.redis, self.chance, self.customers = Redis(redis), chance, customers
        self.queue: queue.Queue[Usage] = queue.Queue()
        self.fed: list[Usage] = []
        # The newest record's number; commits that were tried in vain, and may have been carried out.
        self.last = self.lost = 0

    def step(self):
        some: list[Usage] = []
        while len(some) < self.MOST and not self.queue.empty():
            some.append(self.queue.get())
        for _ in range(self.chance.randint(1, 20)):
            name, seconds = f"plain-{self.chance.getrandbits(64):x}", self.chance.randint(1, 600)
            some.append(Usage(
                uuid.UUID(int=self.chance.getrandbits(128), version=4), name, self.chance.choice(self.customers), seconds,
                self.chance.randint(1, 99_999)))
        self.commit(some)
        time.sleep(self.chance.uniform(0, 0.1))

    def finish(self):
        while not self.queue.empty():
            self.step()

    def commit(self, some: list[Usage]):
        usage = json.dumps([{
            "id": str(each.id), "sip_uuid": each.sip_uuid, "customer": each.customer, "seconds": each.seconds, "charge": each.amount,
        } for each in some])
        deadline = time.monotonic() + 180
        while (done := tried(f"SELECT rig.rate('{usage}')")).returncode != 0:
            self.lost += 1
            if time.monotonic() > deadline:
                raise RigError(done.stderr)
            time.sleep(0.05)
        self.last = int(done.stdout)
        self.fed += some
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        self.redis.say(
            "XADD", "billing:usage:rated", "*", "id", f"rig-{time.monotonic_ns()}", "type", "rated-usage.v1", "at", now, "body", "[]")
