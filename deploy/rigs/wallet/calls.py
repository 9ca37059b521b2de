"""Calls that switches ask the wallets about: they begin, go on and end, and their usage is rated."""

import hashlib
import random
import time
import uuid
from dataclasses import dataclass
from typing import Any

from doors import Answer, Doors
from usage import Feeder, Usage
from waiting import RigError
from worker import Worker

PATH = "/internal/v1/authorizations"
# Every fourth call is one of the same customer.
HOT = 0.25


def usage_id(sip_uuid: str) -> uuid.UUID:
    """The id of a call's usage record, which its hold has too: SHA-256 over the kind of record (1) and its key, as a UUID of version 8."""
    digest = bytearray(hashlib.sha256(b"\x01" + sip_uuid.encode()).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x80, digest[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(digest))


@dataclass
class Call:
    """What was acknowledged of a call."""
    sip_uuid: str
    customer: str
    ban: str
    is_allowed: bool = False
    reason: str = ""
    # What the switch was told last, and when; not exact where a repeated question may have added time that nobody was told of.
    seconds: int = 0
    told_at: float = 0
    is_exact: bool = True
    # Talked seconds, where its end was told.
    ended: int | None = None
    # Seconds of its usage record, where it has one.
    rated: int | None = None

    @property
    def id(self) -> uuid.UUID:
        return usage_id(self.sip_uuid)

    @property
    def question(self) -> dict[str, str]:
        return {
            "sip_uuid": self.sip_uuid, "customer_ban": self.ban, "ani": "+12126000100", "dni": "+13122010100", "direction": "terminating"}

    @property
    def is_open(self) -> bool:
        """Whether it goes on; five minutes of grace are not over for long."""
        return self.is_allowed and self.ended is None and self.rated is None and time.monotonic() < self.told_at + self.seconds + 200


class Caller(Worker):
    """Makes calls, one after the other; what they talked is given to the feeder. The first customer is the hot one."""

    def __init__(self, name: str, doors: Doors, token: str, customers: list[tuple[str, str]], feeder: Feeder):
        super().__init__()
        self.label, self.doors, self.token, self.customers, self.feeder = name, doors, token, customers, feeder
        self.calls: list[Call] = []

    @property
    def chance(self) -> random.Random:
        return self.doors.chance

    def step(self):
        chance = self.chance
        customer, ban = self.customers[0] if chance.random() < HOT else chance.choice(self.customers)
        call = Call(f"{self.label}-{len(self.calls)}", customer, ban)
        answer = self.ask("authorise", "", call.question)
        self.calls.append(call)
        call.reason = answer.body["reason"]
        time.sleep(chance.uniform(0, 0.04))
        if not answer.body["allow"]:
            return
        call.is_allowed = True
        self.told(call, answer)
        if chance.random() < 0.15 and (wrong := self.asked_again(call)):
            raise RigError(wrong)
        if chance.random() < 0.25:
            self.extend(call)
        # A switch may cut a call a second late, and that is held too.
        fate, talked = chance.random(), chance.randint(1, min(20, call.seconds + 1))
        if fate < 0.04:
            return
        if fate > 0.10:
            self.end_call(call, 0 if fate < 0.15 else talked)
        if fate < 0.10 or 0.15 < fate < 0.85:
            call.rated = talked
            self.feeder.queue.put(Usage(call.id, call.sip_uuid, call.customer, talked, talked * 1000))

    def extend(self, call: Call):
        answer = self.ask("extend", "/extend", {"sip_uuid": call.sip_uuid})
        if answer.body["allow"]:
            self.told(call, answer)
        else:
            call.is_exact = not answer.lost

    def end_call(self, call: Call, seconds: int):
        """Ends it, now and then twice. A hold that an unanswered question has released is not there any more."""
        for _ in range(2 if seconds and self.chance.random() < 0.1 else 1):
            answer = self.ask("end", "/end", {"sip_uuid": call.sip_uuid, "seconds": seconds})
            if not answer.body["allow"] and not (seconds == 0 and answer.lost):
                raise RigError(f"{call} can't be ended: {answer}")
        call.ended = seconds

    def asked_again(self, call: Call, port: int | None = None) -> str | None:
        """Asks for a call that was granted; what is wrong with the answer."""
        answer = self.ask("authorise again", "", call.question, port).body
        told = answer["max_seconds"] or 0
        is_same = answer["allow"] and answer.get("hold_id") == call.sip_uuid and (
            told == call.seconds or told > call.seconds and not call.is_exact)
        return None if is_same else f"{call} was answered {answer} when it was asked again"

    def ask(self, kind: str, path: str, body: dict[str, Any], port: int | None = None) -> Answer:
        answer = self.doors.ask(kind, PATH + path, body, self.token, port=port)
        if answer.status != 200:
            raise RigError(f"{kind} {body}: {answer}")
        return answer

    @staticmethod
    def told(call: Call, answer: Answer):
        call.seconds, call.told_at = answer.body["max_seconds"], time.monotonic()
