"""The records that are sent: of every kind, no two alike, each with the key by which the tables know it."""

import hashlib
import json
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

DOORS = {"cdr": "cdr", "attempt": "vendor-cdr", "mdr": "mdr", "dlr": "dlr", "api": "api-usage"}
KINDS = ["cdr", "cdr", "cdr", "attempt", "attempt", "mdr", "dlr", "api"]
# For each kind its table, and the record's name there.
TABLES = {
    "cdr": ("raw_cdr", "sip_uuid"), "attempt": ("raw_vendor_cdr", "sip_uuid || '#' || attempt_number"),
    "mdr": ("raw_mdr", "message_id"), "dlr": ("raw_dlr", "smsc_id"), "api": ("raw_api_usage", "usage_id"),
}


class Record(NamedTuple):
    kind: str
    key: str
    text: str

    @property
    def digest(self):
        """What tells its content apart; PostgreSQL knows the same."""
        return hashlib.md5(self.text.encode()).hexdigest()


class Maker:
    """Makes records of a sender's own, from its seed."""

    def __init__(self, name, random):
        self.name, self.random = name, random
        self.serial = 0

    def record(self, kind=None):
        self.serial += 1
        kind = kind or self.random.choice(KINDS)
        name = f"{self.name}-{self.serial}"
        fields = FIELDS[kind](name, self.random, self.instant())
        key = f"{name}#{fields['attempt_number']}" if kind == "attempt" else name
        return Record(kind, f"{kind}:{key}", json.dumps(fields, separators=(",", ":")))

    def records(self, count):
        return [self.record() for _ in range(count)]

    def instant(self):
        """One of the last days, so that partitions are made while faults last."""
        return datetime.now(timezone.utc) - timedelta(days=self.random.randrange(6), seconds=self.random.randrange(3600))


def stamp(instant, seconds=0.0):
    return (instant + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def call(name, random, at):
    talked = random.randrange(1, 900)
    return {
        "record_type": "voice.cdr", "sip_uuid": name, "sip_callid": f"{name}@sbc1.example.net", "customer_ban": "BAN100001",
        "sip_from": "\"Ünal & Søn\" <sip:+17205550110@sbc1.example.net>", "raw_ani": "+17205550110", "dni": "+12025550100",
        "direction": "terminating", "selected_vendor": "peerless", "start_stamp": stamp(at), "answer_stamp": stamp(at, 1.5),
        "end_stamp": stamp(at, 1.5 + talked), "disposition": "ANSWERED", "sip_response_code": 200,
    }


def attempt(name, random, at):
    return {
        "record_type": "voice.attempt", "sip_uuid": name, "attempt_number": random.randrange(1, 4), "vendor_name": "peerless",
        "start_stamp": stamp(at), "answer_stamp": None, "disposition": "BUSY",
    }


def message(name, random, at):
    return {
        "record_type": "sms.mdr", "direction": "mt", "service": "sms", "message_id": name, "user_id": "BAN200001",
        "source_addr": "72345", "destination_addr": "12025550100", "connector_id": "smsc1", "segments": random.randrange(1, 4),
        "data_coding": 0, "submitted_at": stamp(at), "status": "ESME_ROK", "final": True,
    }


def receipt(name, random, at):
    return {
        "record_type": "sms.dlr", "message_id": None, "smsc_message_id": name, "connector_id": "smsc1",
        "message_status": random.choice(["DELIVRD", "UNDELIV"]), "done_date": f"{at:%y%m%d%H%M}", "received_at": stamp(at),
    }


def query(name, random, at):
    return {
        "record_type": "api.usage", "id": name, "customer_ban": "BAN300002", "api": "LRN", "quantity": random.randrange(1, 5),
        "status": "ok", "vendor": "telnyx", "at": stamp(at),
    }


FIELDS = {"cdr": call, "attempt": attempt, "mdr": message, "dlr": receipt, "api": query}
