#!/usr/bin/env python3
"""Two instances of cdr-ingest under load while everything below them fails; then the sender's own list is the judge. Called by ./run."""

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path

from faults import Injector
from instances import Disk, Instance
from judge import findings, found_rows
from ledger import Ledger
from postgres import Postgres
from report import report
from sabotage import missed
from senders import REDIS_LIST, REDIS_STREAM, HTTPSender, RedisSender
from servers import Redis
from waiting import RigError, wait_until

HTTP_SENDERS, REDIS_SENDERS = 6, 2


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--servers", type=Path, required=True)
    parser.add_argument("--postgres-programs", required=True)
    parser.add_argument("--port", type=int, required=True, help="the first of two")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"seed {options.seed}, {options.kills} kills of each kind", flush=True)
    rig = Rig(options)
    try:
        sys.exit(0 if rig.passes() else 1)
    except RigError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        sys.exit(1)
    finally:
        rig.end()


class Rig:
    def __init__(self, options):
        self.options = options
        self.began = time.monotonic()
        self.ledger = Ledger()
        self.postgres = Postgres(options.servers, options.postgres_programs)
        self.redis = Redis(options.servers)
        self.disk = Disk(options.run / "disk")
        self.instances = [
            Instance(
                number, options.port + number - 1, options.bin / "cdr-ingest", options.config, self.disk,
                options.run / "log" / f"cdr-ingest-{number}.log")
            for number in (1, 2)]
        self.senders = []

    def passes(self):
        token = self.add_source("faults")
        for instance in self.instances:
            instance.start()
        ports = [instance.port for instance in self.instances]
        self.senders = [
            HTTPSender(f"http{number}", self.options.seed, self.ledger, ports, token) for number in range(HTTP_SENDERS)]
        self.senders += [
            RedisSender(f"redis{number}", self.options.seed, self.ledger, self.redis.socket) for number in range(REDIS_SENDERS)]
        for sender in self.senders:
            sender.start()
        wait_until(lambda: self.ledger.count("verdict accepted") > 100, "the first records")
        injector = Injector(self, self.options.seed, self.options.kills)
        injector.inject_all(self.say)
        self.drain()
        found = findings(self.ledger.records, self.postgres)
        self.say("judged; spoiling copies of the tables")
        return report(
            self, injector, found, found_rows(self.postgres), missed(self.ledger.records, self.postgres, found))

    def add_source(self, name):
        done = subprocess.run(
            [self.options.bin / "cdr-ingest", "sources", "add", name, "--config", self.options.config], text=True,
            stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0:
            raise RigError(f"cdr-ingest sources add: {done.stderr}")
        return done.stdout.strip()

    def drain(self):
        """Everything is mended: what was begun is finished, and what waits is stored."""
        self.say("mended; draining")
        for sender in self.senders:
            sender.stopping.set()
        for sender in self.senders:
            sender.join(90)
            if sender.failure or sender.is_alive():
                raise RigError(f"sender {sender.name}: {sender.failure or 'does not end'}")
        wait_until(self.is_drained, "spools and Redis to be empty")

    def is_drained(self):
        waiting = [instance.spool_bytes() for instance in self.instances]
        left = self.redis.length("list", REDIS_LIST), self.redis.length("stream", REDIS_STREAM)
        if any(waiting) or any(left) or self.disk.left():
            return f"{waiting} bytes, {self.disk.left()}; {left} in Redis"
        return True

    def state(self):
        """What the instances say of themselves, for whoever waits in vain."""
        return "; ".join(f"{instance.name}: {instance.readiness()}" for instance in self.instances)

    def say(self, text):
        print(f"{time.monotonic() - self.began:7.1f} s  {text}", flush=True)

    def end(self):
        for sender in self.senders:
            sender.stopping.set()
        self.postgres.thaw()
        for instance in self.instances:
            instance.stop()
        self.disk.release()


if __name__ == "__main__":
    main()
