"""What wallet is given to do: switches that ask for calls, and rated calls that must be debited."""

import csv
import json
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

from psql import Session, output, psql, value

LOAD = Path(__file__).resolve().parent / "load"
STREAM = "billing:usage:rated"


class Answered(NamedTuple):
    """What came of questions; times are those of every answer that granted a hold."""
    rate: float
    p50_ms: float
    p99_ms: float
    max_ms: float


def write_questions(path: Path, bans: list[str], numbers: list[str], called: str | None = None):
    """A file of questions, one for each account; with `called` all of them for this number."""
    chance = random.Random(1)
    with open(path, "w") as file:
        for ban in bans:
            question = {
                "customer_ban": ban, "ani": chance.choice(numbers), "dni": called or chance.choice(numbers), "direction": "terminating"}
            file.write(json.dumps(question, separators=(",", ":")) + "\n")


def numbers_of(lerg: Path, count: int) -> list[str]:
    """Numbers of so many exchanges, picked at random."""
    with open(lerg, newline="") as file:
        exchanges = [row["npa"] + row["nxx"] for row in csv.DictReader(file) if row["x"] == "A"]
    chance = random.Random(2)
    return [f"+1{chance.choice(exchanges)}{chance.randrange(10_000):04}" for _ in range(count)]


class Switches:
    """Callers at the door, each of which asks again as soon as it was answered."""
    PATH = "/internal/v1/authorizations"

    def __init__(self, port: int, token: str):
        self.url = f"http://127.0.0.1:{port}{self.PATH}"
        self.token = token
        self.runs = 0

    def ask(self, questions: Path, callers: int, seconds: float, holds: bool = True) -> Answered:
        """Asks for a while; any answer but a yes spoils the figure, and where calls are charged one without a hold."""
        self.runs += 1
        done = subprocess.run(
            ["wrk", "-t", str(min(2, callers)), "-c", str(callers), "-d", f"{max(1, round(seconds))}s", "--timeout", "10s",
             "-s", LOAD / "authorise.lua", self.url, "--", questions, self.token, f"run{self.runs}"],
            text=True, capture_output=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(f"wrk: {done.stdout}{done.stderr}")
        said = json.loads(done.stdout.splitlines()[-1])
        if said["wrong"] or said["broken"] or not said["allowed"] or said["held"] != (said["allowed"] if holds else 0):
            sys.exit(f"{questions.stem}: not every call was granted: {said}")
        return Answered(said["allowed"] / said["seconds"], said["p50_ms"], said["p99_ms"], said["max_ms"])


class RatedCalls:
    """Rated calls as the poller writes them, and how far wallet has debited them."""
    # Of one commit.
    CALLS = 5_000
    THROUGH = "SELECT coalesce(max(through_seq), 0) FROM billing.wallet_progress WHERE source = 'rated'"

    def __init__(self, bans: str, redis: str):
        output(psql("-v", f"bans={bans}", "-f", LOAD / "rated_calls.sql"))
        self.redis = redis
        self.last = 0

    def rate(self, calls: int):
        """Puts rated calls in, commit by commit."""
        for first in range(0, calls, self.CALLS):
            self.last = int(value(f"SELECT load.rate({min(self.CALLS, calls - first)})"))

    def ring(self):
        """Says so on the poller's stream."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        words = ["XADD", STREAM, "*", "id", f"bench-{time.monotonic_ns()}", "type", "rated-usage.v1", "at", now, "body", "[]"]
        with socket.socket(socket.AF_UNIX) as redis:
            redis.connect(self.redis)
            redis.sendall(f"*{len(words)}\r\n".encode() + b"".join(f"${len(word)}\r\n{word}\r\n".encode() for word in words))
            if not (said := redis.recv(1024)).startswith(b"$"):
                sys.exit(f"Redis: {said!r}")

    def wait(self, seconds: float) -> float:
        """Waits until all is debited; returns when it was."""
        deadline = time.monotonic() + seconds
        with Session() as session:
            while (through := int(session.value(self.THROUGH))) < self.last:
                if time.monotonic() > deadline:
                    sys.exit(f"wallet has debited up to {through} of {self.last} after {seconds:g} s")
                time.sleep(0.005)
        return time.monotonic()

    def check(self):
        """Each rated call has its posting, and none was put aside."""
        rated, posted, parked = (
            int(value(f"SELECT count(*) FROM billing.{table}")) for table in ("rated_cdr", "usage_postings", "parked_postings"))
        if posted != rated or parked:
            sys.exit(f"{rated} rated calls, {posted} posted, {parked} put aside")


class Feeder(threading.Thread):
    """Rated calls at a steady pace, a few at a time, each time with a ring."""
    STEP = 0.05

    def __init__(self, rated: RatedCalls, calls_per_second: float):
        super().__init__(daemon=True)
        self.rated = rated
        self.calls = max(1, round(calls_per_second * self.STEP))
        self.stopping = threading.Event()
        self.steps = 0
        self.seconds = 0.0
        self.failure: Exception | None = None

    def run(self):
        try:
            start = time.monotonic()
            with Session() as session:
                while not self.stopping.wait(max(0, start + self.steps * self.STEP - time.monotonic())):
                    self.rated.last = int(session.value(f"SELECT load.rate({self.calls})"))
                    self.rated.ring()
                    self.steps += 1
            self.seconds = time.monotonic() - start
        except Exception as failure:
            self.failure = failure

    def stop(self) -> float:
        """Calls a second that were fed."""
        self.stopping.set()
        self.join()
        if self.failure:
            sys.exit(f"feeding rated calls: {self.failure}")
        return self.steps * self.calls / self.seconds
