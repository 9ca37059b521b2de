"""What poller is given to do: a backlog of calls in the order in which they ended, and fresh ones at a steady pace."""

import json
import queue
import re
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from itertools import islice

from psql import psql, value

ID = re.compile(rb'"sip_uuid":"[^"]*"')
CREATED = re.compile(rb'"created_at":"([^"]+)"')


def calls(path, count=None):
    """The lines of the data, as calls that say what they are."""
    with open(path, "rb") as file:
        for line in islice(file, count):
            yield b'{"record_type":"voice.cdr",' + line[1:]


def named(line, name):
    """A call with another name."""
    return ID.sub(b'"sip_uuid":"%s"' % name, line, count=1)


class Door:
    """cdr-ingest, asked over a few connections at once."""
    CONNECTIONS = 4

    def __init__(self, port, token):
        self.port = port
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}

    def send(self, bodies):
        """Sends bodies as fast as they are answered."""
        waiting = queue.Queue(maxsize=2 * self.CONNECTIONS)
        failures = []

        def work():
            post = self.connection()
            while (body := waiting.get()) is not None:
                try:
                    failures or post(body)
                except Exception as failure:
                    failures.append(failure)

        threads = [threading.Thread(target=work) for _ in range(self.CONNECTIONS)]
        for thread in threads:
            thread.start()
        for body in bodies:
            waiting.put(body)
        for _ in threads:
            waiting.put(None)
        for thread in threads:
            thread.join()
        if failures:
            sys.exit(f"cdr-ingest: {failures[0]}")

    def connection(self):
        """Posts bodies over one connection."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)

        def post(body):
            connection.request("POST", "/ingest/v1/records", body, self.headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 202 or json.loads(said)["rejected"]:
                raise RuntimeError(f"{answer.status} {said[:500]}")
        return post


class Backlog:
    """So many calls in the order in which they were written; where the file has fewer, with further ids."""
    LINES = 4_000

    def __init__(self, path, count):
        lines = [line for line in calls(path) if CREATED.search(line)]
        lines.sort(key=lambda line: CREATED.search(line)[1])
        rounds = -(-count // len(lines))
        self.lines = (
            named(line, b"b%d-%d" % (place, number)) for place, line in enumerate(lines) for number in range(rounds))
        self.lines = islice(self.lines, count)

    def bodies(self):
        while body := b"".join(islice(self.lines, self.LINES)):
            yield body


class Fresh:
    """A thousand records a second, ten at a time, and when each was seen rated."""
    LINES = 10
    SENDERS = 10

    def __init__(self, door, path, seconds):
        self.door = door
        self.seconds = seconds
        self.lines = list(calls(path, 100_000))
        self.sent = {}

    def run(self):
        """The delays of all records, in seconds, in order of size."""
        # What is committed is what a snapshot sees: cheap to ask for, and exact to the millisecond.
        watch = subprocess.Popen(
            psql(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        watch.stdin.write("SELECT extract(epoch FROM clock_timestamp()), pg_current_snapshot() \\watch 0.005\n")
        watch.stdin.flush()
        reader = threading.Thread(target=self.read, args=(watch.stdout,))
        self.snapshots = []
        reader.start()
        senders = [threading.Thread(target=self.pace, args=(place,)) for place in range(self.SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        deadline = time.monotonic() + 60
        count = "SELECT count(*) FROM billing.rated_cdr WHERE sip_uuid LIKE 'f%'"
        parked = "SELECT count(*) FROM billing.unrated_usage WHERE natural_key LIKE 'f%'"
        while int(value(count)) + int(value(parked)) < len(self.sent) and time.monotonic() < deadline:
            time.sleep(0.5)
        time.sleep(0.1)
        watch.kill()
        reader.join()
        return self.delays()

    def read(self, lines):
        for line in lines:
            at, bar, snapshot = line.strip().partition("|")
            if bar:
                self.snapshots.append((float(at), *self.parsed(snapshot)))

    @staticmethod
    def parsed(snapshot):
        low, high, running = snapshot.split(":")
        return int(low), int(high), {int(xid) for xid in running.split(",") if xid}

    def pace(self, place):
        """A sender's share: a body every so often, on time even after a late answer."""
        post = self.door.connection()
        every = self.SENDERS * self.LINES / 1_000
        start = time.monotonic() + every * place / self.SENDERS
        for turn in range(int(self.seconds / every)):
            time.sleep(max(0, start + turn * every - time.monotonic()))
            names = [b"f%d-%d-%d" % (place, turn, line) for line in range(self.LINES)]
            first = (turn * self.SENDERS + place) * self.LINES % (len(self.lines) - self.LINES)
            body = b"".join(named(line, name) for name, line in zip(names, self.lines[first:first + self.LINES]))
            now = time.time()
            for name in names:
                self.sent[name.decode()] = now
            post(body)

    def delays(self):
        """A row is visible in the first snapshot that sees its transaction ended."""
        written = {}
        for table, name in (("rated_cdr", "sip_uuid"), ("unrated_usage", "natural_key")):
            for line in value(f"SELECT {name}, xmin FROM billing.{table} WHERE {name} LIKE 'f%'").splitlines():
                key, xid = line.split("|")
                written[key] = int(xid)
        missing = self.sent.keys() - written.keys()
        if missing:
            sys.exit(f"{len(missing)} fresh records have no outcome after a minute, such as {min(missing)}")
        seen, pending = {}, sorted(set(written.values()))
        for at, low, high, running in self.snapshots:
            rest = []
            for xid in pending:
                if xid < low or xid < high and xid not in running:
                    seen[xid] = at
                else:
                    rest.append(xid)
            pending = rest
        return sorted(seen[written[name]] - sent for name, sent in self.sent.items())
