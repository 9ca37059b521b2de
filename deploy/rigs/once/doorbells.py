"""Doorbells that ring three times: each entry of the raw streams is added twice more, later and out of order; and Redis that forgets."""

import heapq
import random
import socket
import threading
import time

STREAMS = [f"billing:usage:raw:{kind}" for kind in ("cdr", "vendor-cdr", "mdr", "api")]
GROUP = "once-rig"
MARK = b"again"


class Redis:
    """As much of the protocol as is needed."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(path))
        self.replies = self.socket.makefile("rb")

    def say(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        return self.reply()

    def reply(self):
        line = self.replies.readline()
        kind, text = line[:1], line[1:-2]
        if kind == b"$":
            return None if text == b"-1" else self.replies.read(int(text) + 2)[:-2]
        if kind == b"*":
            return None if text == b"-1" else [self.reply() for _ in range(int(text))]
        return RedisFault(text.decode()) if kind == b"-" else text


class RedisFault(Exception):
    pass


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
