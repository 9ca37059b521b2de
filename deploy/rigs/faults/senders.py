"""Constant load: threads that send through HTTP and through Redis, again and again until what they sent is acknowledged."""

import gzip
import http.client
import json
import random
import socket
import threading
import time

from records import DOORS, Maker

# How long a body is tried before it is given up; it may then be there or not.
PATIENCE = 60
# How many are given up at their first failure, as by a switch that is restarted.
GIVEN_UP = 0.1
PAUSE = 0.03
REDIS_LIST, REDIS_STREAM = "warp:door:list", "warp:door:stream"


class Sender(threading.Thread):
    """One sender: sends bodies in turn until it is told to stop, and finishes the one that it has begun."""

    def __init__(self, name, seed, ledger):
        super().__init__(name=name, daemon=True)
        self.random = random.Random(f"{seed} {name}")
        self.maker = Maker(f"s{seed}-{name}", self.random)
        self.ledger = ledger
        self.stopping = threading.Event()
        self.failure = None
        self.earlier = []

    def run(self):
        try:
            while not self.stopping.is_set():
                body = self.next_body()
                self.deliver(body)
                self.remember(body)
                time.sleep(PAUSE)
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def next_body(self):
        """A new body, or, every tenth time, one that was sent before."""
        if self.earlier and self.random.random() < 0.1:
            self.ledger.note("repeats on purpose")
            return self.random.choice(self.earlier)
        return self.new_body()

    def remember(self, body):
        if len(self.earlier) < 200:
            self.earlier.append(body)
        else:
            self.earlier[self.random.randrange(200)] = body

    def deliver(self, body):
        """Sends a body until it is acknowledged, or patience ends."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.ledger.sending(body.records)
            if self.send(body):
                return
            if time.monotonic() > deadline or self.random.random() < GIVEN_UP:
                self.ledger.note("given up")
                return
            time.sleep(self.random.uniform(0.05, 0.3))


class HTTPBody:
    def __init__(self, records, path, content, headers):
        self.records, self.path, self.content, self.headers = records, path, content, headers


class HTTPSender(Sender):
    """Posts to the instances: to the other one when one fails, and now and then anyway, so that both have their share."""

    def __init__(self, name, seed, ledger, ports, token):
        super().__init__(name, seed, ledger)
        self.ports, self.token = list(ports), token
        self.random.shuffle(self.ports)
        self.connection = None

    def new_body(self):
        if self.random.random() < 0.1:
            self.turn_away()
        if self.random.random() < 0.6:
            record = self.maker.record()
            path = self.random.choice([DOORS[record.kind], "records"])
            return HTTPBody([record], path, record.text.encode(), {"Content-Type": "application/json"})
        records = self.maker.records(self.random.randrange(2, 40))
        headers = {"Content-Type": "application/x-ndjson"}
        content = "\n".join(record.text for record in records).encode()
        if self.random.random() < 0.2:
            content, headers = gzip.compress(content, 1), headers | {"Content-Encoding": "gzip"}
        return HTTPBody(records, "records", content, headers)

    def send(self, body):
        began = time.monotonic()
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=10)
            self.connection.request(
                "POST", f"/ingest/v1/{body.path}", body.content, body.headers | {"Authorization": f"Bearer {self.token}"})
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as failure:
            self.ledger.note("no connection" if isinstance(failure, ConnectionRefusedError) else "broken off")
            self.turn_away()
            return False
        if answer.status == 202:
            self.ledger.acknowledged(body.records, time.monotonic() - began)
            self.check(json.loads(text)["records"], body)
            return True
        self.note_refusal(answer, text)
        self.turn_away()
        return False

    def check(self, verdicts, body):
        """Nothing that is sent here deserves a conflict or a reject."""
        for verdict in verdicts:
            self.ledger.note(f"verdict {verdict['verdict']}")
        if len(verdicts) != len(body.records):
            self.ledger.note("unexpected: verdicts and records differ in number")

    def note_refusal(self, answer, text):
        if answer.status == 503 and answer.getheader("Retry-After"):
            self.ledger.note("503 with Retry-After")
            if json.loads(text).get("reason") in ("spool-full", "spool-failed"):
                self.ledger.note("503 of a full spool")
        else:
            self.ledger.note(f"unexpected: {answer.status} {text.decode(errors='replace')[:120]}")

    def turn_away(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        self.ports.append(self.ports.pop(0))


class RedisBody:
    def __init__(self, record, command):
        self.records, self.command = [record], command


class RedisSender(Sender):
    """Leaves records in Redis, as Kamailio does when it can't push: in the list, or in the stream."""

    def __init__(self, name, seed, ledger, path):
        super().__init__(name, seed, ledger)
        self.path = path
        self.socket = self.replies = None

    def new_body(self):
        record = self.maker.record()
        if self.random.random() < 0.5:
            return RedisBody(record, ["RPUSH", REDIS_LIST, record.text])
        return RedisBody(record, ["XADD", REDIS_STREAM, "*", "json", record.text])

    def send(self, body):
        try:
            if self.socket is None:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.settimeout(10)
                self.socket.connect(str(self.path))
                self.replies = self.socket.makefile("rb")
            words = [word.encode() for word in body.command]
            self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
            reply = self.replies.readline()
            if reply[:1] == b"$":
                reply += self.replies.readline()
        except OSError:
            reply = b""
        # Redis flushes its log before it answers: a whole answer is an acknowledgement.
        if reply[:1] in (b":", b"$") and reply.endswith(b"\r\n"):
            self.ledger.acknowledged(body.records)
            self.ledger.note("left in Redis")
            return True
        if reply[:1] == b"-" and not reply.startswith(b"-LOADING"):
            self.ledger.note(f"unexpected: Redis says {reply.decode().strip()}")
        self.ledger.note("Redis away")
        self.hang_up()
        return False

    def hang_up(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None
