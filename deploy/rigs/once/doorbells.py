"""Doorbells that ring three times: each entry of the raw streams is added twice more, later and out of order; and Redis that forgets."""

import heapq
import random
import threading
import time

from redis_socket import Redis, RedisFault

STREAMS = [f"billing:usage:raw:{kind}" for kind in ("cdr", "vendor-cdr", "mdr", "api")]
GROUP = "once-rig"
MARK = b"again"


class Repeater(threading.Thread):
    """Reads every stream as a group of its own, so that nothing is trimmed before it was repeated."""

    def __init__(self, path, seed):
        super().__init__(daemon=True)
        self.redis, self.random = Redis(path), random.Random(seed)
        self.rung = self.repeated = self.flushed = 0
        self.due = []
        self.stopping = threading.Event()
        self.flush_wanted = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.stopping.is_set() or self.due:
                if self.flush_wanted.is_set():
                    self.flush_wanted.clear()
                    self.redis.say("FLUSHALL")
                    self.flushed += 1
                for stream in STREAMS:
                    self.read(stream)
                while self.due and self.due[0][0] <= time.monotonic():
                    _, _, stream, fields = heapq.heappop(self.due)
                    self.redis.say("XADD", stream, "*", *fields, MARK, "1")
                    self.repeated += 1
                time.sleep(0.02)
        except (OSError, ValueError) as failure:
            self.failure = failure

    def read(self, stream):
        found = self.redis.say("XREADGROUP", "GROUP", GROUP, "rig", "COUNT", 100, "STREAMS", stream, ">")
        if isinstance(found, RedisFault):
            self.redis.say("XGROUP", "CREATE", stream, GROUP, "0", "MKSTREAM")
            return
        for identifier, fields in found[0][1] if found else []:
            self.redis.say("XACK", stream, GROUP, identifier)
            if MARK in fields[::2]:
                continue
            self.rung += 1
            for _ in range(2):
                heapq.heappush(self.due, (time.monotonic() + self.random.uniform(0, 4), self.random.random(), stream, fields))
