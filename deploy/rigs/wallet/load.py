"""What the wallets are asked while they are killed, and what they acknowledged: calls, recharges, and rated usage to debit."""

import hashlib
import http.client
import json
import queue
import random
import subprocess
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

from doorbells import Redis
from waiting import RigError

CALLS = "/internal/v1/authorizations"
BILLING = "/api/v1/billing"
# What a second costs: 0.6 a minute, in increments of a second.
SECOND = "0.01"
# Rated calls as the poller commits them: numbers drawn under the sequence's lock, and one span. What an earlier try has committed is left.
RATE = """
CREATE SCHEMA rig;
CREATE FUNCTION rig.rate(usage jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    today date := (moment AT TIME ZONE 'UTC')::date;
BEGIN
    PERFORM billing.ensure_partition('rated_cdr', today);
    PERFORM billing.lock_sequence('rated');
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(usage) AS given (id uuid, sip_uuid text, customer uuid, seconds integer)
    ), rated AS (
        INSERT INTO billing.rated_cdr (
            id, rated_seq, usage_day, raw_day, raw_seq, source, received_at, rated_at, sip_uuid, sip_callid, customer_id, status, flags,
            direction, answered, rating_instant, start_stamp, answer_stamp, end_stamp, duration_ms, billed_seconds, ani, dni,
            jurisdiction, tax_jurisdiction, class_key, sku, rate_plan_id, rate_per_minute, charge, ref_version)
        SELECT id, nextval('billing.rated_seq'), today, today, 1, 'rig', moment, moment, sip_uuid, sip_uuid, customer, 'rated', '{}',
            'terminating', true, moment, moment, moment, moment + make_interval(secs => seconds), seconds * 1000, seconds,
            '+12126000100', '+13122010100', 'INTERSTATE', 'INTERSTATE', 'TERMINATING:DOMESTIC:INTERSTATE', 'SKU001', 'rig', 0.6,
            seconds * 0.01, '1.0.0'
        FROM given WHERE NOT EXISTS (SELECT FROM billing.rated_cdr AS r WHERE r.id = given.id)
        RETURNING rated_seq, charge
    )
    INSERT INTO billing.rated_spans (service, usage_day, first_seq, last_seq, count, charges)
    SELECT 'voice', today, min(rated_seq), max(rated_seq), count(*), sum(charge) FROM rated HAVING count(*) > 0;
    RETURN (SELECT max(rated_seq) FROM billing.rated_cdr);
END
$$"""


def usage_id(sip_uuid: str) -> uuid.UUID:
    """The id of a call's usage record, which its hold has too: SHA-256 over the kind of record (1) and its key, as a UUID of version 8."""
    digest = bytearray(hashlib.sha256(b"\x01" + sip_uuid.encode()).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x80, digest[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(digest))


@dataclass
class Call:
    sip_uuid: str
    customer: str
    ban: str
    is_allowed: bool = False
    # What the switch was told last, and when; not exact where a repeated question may have added time that nobody was told of.
    seconds: int = 0
    told_at: float = 0
    is_exact: bool = True
    ended: int | None = None
    fed: int | None = None

    @property
    def question(self) -> dict[str, str]:
        return {
            "sip_uuid": self.sip_uuid, "customer_ban": self.ban, "ani": "+12126000100", "dni": "+13122010100", "direction": "terminating"}


@dataclass
class Recharge:
    key: str
    customer: str
    token: str
    amount: str
    status: int = 0
    payment: str | None = None


@dataclass
class Answer:
    status: int
    body: dict[str, Any]
    # How often it was asked in vain before.
    lost: int


class Doors:
    """The wallets' doors, as one thread knows them: whatever is lost or fails is asked again, with the same body, of the other one."""
    PATIENCE = 120

    def __init__(self, ports: list[int], chance: random.Random, done: Counter[str]):
        self.ports, self.chance, self.done = ports, chance, done
        self.connections: dict[int, http.client.HTTPConnection] = {}

    def ask(self, path: str, body: dict[str, Any], token: str, key: str | None = None, port: int | None = None) -> Answer:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        deadline, lost, said = time.monotonic() + self.PATIENCE, 0, ""
        port = port or self.chance.choice(self.ports)
        while time.monotonic() < deadline:
            try:
                connection = self.connections.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=30))
                connection.request("POST", path, json.dumps(body), headers)
                answer = connection.getresponse()
                said = answer.read().decode()
                if answer.status < 500:
                    return Answer(answer.status, json.loads(said), lost)
                self.done[f"answered {answer.status}"] += 1
            except ConnectionRefusedError as failure:
                said = str(failure)
                self.done["found the door shut"] += 1
                self.connections.pop(port).close()
            except (OSError, http.client.HTTPException) as failure:
                said = repr(failure)
                self.done["lost without an answer"] += 1
                self.connections.pop(port).close()
            lost += 1
            port = self.ports[1 - self.ports.index(port)]
            time.sleep(0.02)
        raise RigError(f"{path} {body} was not answered for {self.PATIENCE} s: {said}")


class Worker(threading.Thread):
    """Does something again and again until it is told to stop, and then ends what it has begun."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stopping = threading.Event()
        self.failure: Exception | None = None

    def run(self):
        try:
            while not self.stopping.is_set():
                self.step()
            self.finish()
        except Exception as failure:
            self.failure = failure

    def step(self):
        raise NotImplementedError

    def finish(self):
        pass

    def end(self, seconds: float = 180):
        self.stopping.set()
        self.join(seconds)
        if self.is_alive() or self.failure:
            raise RigError(f"{type(self).__name__}: {self.failure or 'does not end'}") from self.failure


class Caller(Worker):
    """Makes calls, one after the other; what they talked is given to the feeder."""

    def __init__(self, name: str, doors: Doors, token: str, customers: list[tuple[str, str]], feeder: "Feeder"):
        super().__init__()
        self.label, self.doors, self.token, self.customers, self.feeder = name, doors, token, customers, feeder
        self.calls: list[Call] = []

    def step(self):
        chance = self.doors.chance
        customer, ban = chance.choice(self.customers)
        call = Call(f"{self.label}-{len(self.calls)}", customer, ban)
        answer = self.ask("", call.question)
        self.calls.append(call)
        time.sleep(chance.uniform(0, 0.04))
        call.is_allowed = answer.body["allow"]
        if not call.is_allowed:
            return
        self.told(call, answer)
        if chance.random() < 0.25:
            answer = self.ask("/extend", {"sip_uuid": call.sip_uuid})
            if answer.body["allow"]:
                self.told(call, answer)
            else:
                call.is_exact = not answer.lost
        # A switch may cut a call a second late, and that is held too.
        fate, talked = chance.random(), chance.randint(1, min(20, call.seconds + 1))
        if fate < 0.04:
            return
        if fate > 0.10:
            seconds = 0 if fate < 0.15 else talked
            answer = self.ask("/end", {"sip_uuid": call.sip_uuid, "seconds": seconds})
            # A hold that an unanswered question has released is not there any more.
            if not answer.body["allow"] and not (seconds == 0 and answer.lost):
                raise RigError(f"{call} can't be ended: {answer}")
            call.ended = seconds
        if fate < 0.10 or 0.15 < fate < 0.85:
            self.feeder.queue.put((call, talked))

    def ask(self, path: str, body: dict[str, Any]) -> Answer:
        answer = self.doors.ask(CALLS + path, body, self.token)
        if answer.status != 200:
            raise RigError(f"{path} {body}: {answer}")
        return answer

    @staticmethod
    def told(call: Call, answer: Answer):
        call.seconds, call.told_at = answer.body["max_seconds"], time.monotonic()


class Recharger(Worker):
    """Recharges one customer's wallet from a stored card, with pauses of up to so many seconds."""

    def __init__(self, name: str, doors: Doors, token: str, customer: str, pause: float):
        super().__init__()
        self.label, self.doors, self.token, self.customer, self.pause = name, doors, token, customer, pause
        self.recharges: list[Recharge] = []

    def step(self):
        chance = self.doors.chance
        recharge = Recharge(
            f"{self.label}-{len(self.recharges)}", self.customer, self.token, f"{chance.randint(100, 2000) / 100:.2f}")
        self.recharges.append(recharge)
        self.ask(recharge)
        time.sleep(chance.uniform(0, self.pause))

    def ask(self, recharge: Recharge):
        """One whose instance was killed stays busy until its lease is over, so it is left without a status for later."""
        answer = self.doors.ask(f"{BILLING}/recharge", {"amount": recharge.amount}, recharge.token, recharge.key)
        if answer.status == 409 and "IDEMPOTENCY_KEY_BUSY" in json.dumps(answer.body):
            self.doors.done["answered 409, busy"] += 1
            return
        if answer.status not in (201, 202):
            raise RigError(f"{recharge}: {answer}")
        recharge.status, recharge.payment = answer.status, answer.body["payment_id"]


class Feeder(Worker):
    """Commits the usage of calls, and that of customers whose calls nobody authorised, and rings for it."""

    def __init__(self, redis: str, chance: random.Random, customers: list[str]):
        super().__init__()
        self.redis, self.chance, self.customers = Redis(redis), chance, customers
        self.queue: queue.Queue[tuple[Call, int]] = queue.Queue()
        self.last = self.rated = self.failed = 0

    def step(self):
        some = []
        while len(some) < 200 and not self.queue.empty():
            some.append(self.queue.get())
        for _ in range(self.chance.randint(1, 20)):
            customer = self.chance.choice(self.customers)
            some.append((Call(f"plain-{self.chance.getrandbits(64):x}", customer, ""), self.chance.randint(1, 600)))
        self.commit(some)
        time.sleep(self.chance.uniform(0, 0.1))

    def finish(self):
        while not self.queue.empty():
            self.step()

    def commit(self, some: list[tuple[Call, int]]):
        usage = json.dumps([{
            "id": str(usage_id(call.sip_uuid)), "sip_uuid": call.sip_uuid, "customer": call.customer, "seconds": seconds,
        } for call, seconds in some])
        while (done := psql(f"SELECT rig.rate('{usage}')", check=False)).returncode != 0:
            self.failed += 1
            if self.failed > 5_000:
                raise RigError(done.stderr)
            time.sleep(0.05)
        self.last, self.rated = int(done.stdout), self.rated + len(some)
        for call, seconds in some:
            call.fed = seconds
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        self.redis.say(
            "XADD", "billing:usage:rated", "*", "id", f"rig-{time.monotonic_ns()}", "type", "rated-usage.v1", "at", now, "body", "[]")


def psql(sql: str, text: str | None = None, check: bool = True) -> "subprocess.CompletedProcess[str]":
    """Runs a statement, with a text for it to read; a big one comes by standard input."""
    words = ["psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
    done = (subprocess.run(words, text=True, capture_output=True, input=sql) if text is None
            else subprocess.run([*words, "-c", sql], text=True, capture_output=True, input=text))
    if check and done.returncode != 0:
        raise RigError(f"{sql[:500]}\n{done.stderr}")
    return done
