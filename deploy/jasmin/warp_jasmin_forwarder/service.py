"""The loop: broker to journal, journal to door. One thread, and nothing in memory that a restart may not lose."""

import json
import logging
import signal
import time

from .broker import Broker, Gone
from .config import NumberTable
from .facts import Interpreter, Unreadable
from .joiner import Joiner, Patience
from .journal import Journal
from .poster import Poster

log = logging.getLogger("forwarder")
RECONNECT_SECONDS = 0.5
HOUSEKEEPING_SECONDS = 1.0


class Service:
    def __init__(self, settings):
        self.settings = settings
        self.journal = Journal(settings.journal.path)
        self.customers = NumberTable(settings.numbers.file, log.error)
        wait = settings.wait
        self.joiner = Joiner(
            self.journal, self.customers, frozenset(settings.jasmin.retried),
            Patience(retry=wait.retry_seconds, parts=wait.parts_seconds, answer=wait.answer_seconds))
        self.interpreter = Interpreter(settings.zone)
        self.poster = Poster(self.journal, settings.door)
        self.broker = None
        # From when on the broker has been listened to without a break; None while it is not.
        self.listening_since = None
        self.next_connection = self.next_housekeeping = 0.0
        self.stopping = False

    def run(self):
        """Until a signal says stop. What is then neither posted nor acknowledged waits where it is."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self.stop)
        log.info("Started. journal=%s", json.dumps(self.journal.counts()))
        while not self.stopping:
            self.connect()
            took = self.listen()
            posted = self.poster.step()
            self.keep_house()
            if self.broker is None and not took and not posted:
                time.sleep(0.1)
        if self.broker is not None:
            self.broker.close()
        self.poster.close()
        self.journal.close()
        log.info("Stopped.")

    def stop(self, *_):
        self.stopping = True

    def connect(self):
        """A connection to the broker, where there is none and it is time to try."""
        if self.broker is not None or time.monotonic() < self.next_connection:
            return
        try:
            self.broker = Broker(self.settings.broker)
        except Gone as fault:
            self.lost(fault)
            return
        log.info("Connected to the broker.")

    def lost(self, fault):
        log.warning("The broker is away; trying again. fault=%s", fault or type(fault).__name__)
        self.broker = self.listening_since = None
        self.next_connection = time.monotonic() + RECONNECT_SECONDS

    def listen(self):
        """One batch: into the journal, then acknowledged. A full journal takes no more until the door has taken some."""
        if self.broker is None:
            return False
        try:
            if self.journal.span() >= self.settings.journal.most_records:
                self.broker.rest()
                self.listening_since = None
            else:
                self.broker.listen()
                # Only from here on it may be said of a message that it did not come.
                self.listening_since = self.listening_since or time.time()
            arrived = self.broker.batch(0.05 if self.journal.span() else 0.5)
            if arrived:
                self.write([message for _, message in arrived])
                self.broker.acknowledge(arrived[-1][0])
            return bool(arrived)
        except Gone as fault:
            self.lost(fault)
            return False

    def write(self, messages):
        """Messages into the journal, in one transaction that is on disk when this returns."""
        now = time.time()
        with self.journal:
            for message in messages:
                if not self.journal.is_new(message.fingerprint):
                    continue
                try:
                    fact = self.interpreter.fact(message)
                except Unreadable as fault:
                    log.error("A message cannot be read; its bytes are in the journal's table waiting. fault=%s", fault)
                    self.journal.keep("unreadable", message.message_id, message.fingerprint.hex(), {
                        "routing_key": message.routing_key, "headers": repr(message.headers), "body": message.body.hex()}, now)
                    continue
                if fact is not None:
                    self.joiner.take(fact, now)

    def keep_house(self):
        """Now and then: the number table, and what has waited long enough."""
        if time.monotonic() < self.next_housekeeping:
            return
        self.next_housekeeping = time.monotonic() + HOUSEKEEPING_SECONDS
        self.customers.refresh()
        if self.listening_since is not None:
            with self.journal:
                self.joiner.give_up(time.time(), self.listening_since)
