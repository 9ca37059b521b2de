"""The sender's own list: what was sent, what was acknowledged, and how long that took."""

import threading
from collections import Counter


class Sent:
    """A record on the list."""
    __slots__ = ("digest", "times", "is_acknowledged")

    def __init__(self, digest):
        self.digest, self.times, self.is_acknowledged = digest, 0, False


class Ledger:
    def __init__(self):
        self.lock = threading.Lock()
        self.records = {}
        self.events = Counter()
        self.seconds = []

    def sending(self, records):
        """To be noted before the first byte goes out."""
        with self.lock:
            for record in records:
                self.records.setdefault(record.key, Sent(record.digest)).times += 1

    def acknowledged(self, records, seconds=None):
        with self.lock:
            for record in records:
                self.records[record.key].is_acknowledged = True
            if seconds is not None:
                self.seconds.append(seconds)

    def note(self, event):
        with self.lock:
            self.events[event] += 1

    def count(self, event):
        with self.lock:
            return self.events[event]

    def latency(self, share):
        """The milliseconds within which that share of the acknowledged requests was answered."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0
