"""What the door makes of each body, record by record (G8, M9, M10), and the outcome of every record."""

import json
import os

from . import calls, messages, places, rates
from .exact import BadStamp, instant, text
from .numbers import normalize

KINDS = {
    "voice.cdr": "cdr",
    "voice.attempt": "attempt",
    "sms.mdr": "mdr",
    "mms.mdr": "mdr",
    "sms.dlr": "dlr",
    "api.usage": "api",
}
KEY_FIELDS = {
    "cdr": ["sip_uuid"],
    "attempt": ["sip_uuid", "attempt_number"],
    "mdr": ["message_id"],
    "api": ["id"],
    "dlr": [],
}
USAGE = ("cdr", "mdr", "api")


class Received:
    """One record offered at the door. verdict: accepted, repeat, conflict or rejected; kind `unknown` where it can't be told."""

    def __init__(self, step, position, kind, verdict, value=None, key=None, reason=None):
        self.step, self.position, self.kind, self.verdict = step, position, kind, verdict
        self.value, self.key, self.reason, self.outcome = value, key, reason, None
        self.evidence = kind == "mdr" and value is not None and value.get("final") is False

    @property
    def is_usage(self):
        return not self.evidence and self.kind not in ("attempt", "dlr")


def split_body(body, content_type):
    """The records of a body: parsed values, or None for what is no JSON."""

    def parsed(s):
        try:
            return json.loads(s)
        except ValueError:
            return None

    if content_type == "application/x-ndjson":
        return [parsed(line) for line in body.split("\n") if line.strip()]
    whole = parsed(body)
    return whole if isinstance(whole, list) else [whole]


def read_record(value):
    """(kind, key, reject reason): the shape that every record must have."""
    if value is None:
        return "unknown", None, "NOT_JSON"
    if not isinstance(value, dict):
        return "unknown", None, "NOT_AN_OBJECT"
    kind = KINDS.get(value.get("record_type"))
    if kind is None:
        return "unknown", None, "UNKNOWN_RECORD_TYPE"
    key = []
    for field in KEY_FIELDS[kind]:
        part = value.get(field)
        if part is None and field == "message_id":
            part = value.get("msgid")
        if part is None:
            return kind, None, f"MISSING /{field}"
        key.append(part)
    for field in ("customer_ban", "dni", "direction", "start_stamp", "answer_stamp", "end_stamp", "at"):
        if value.get(field) is not None and not isinstance(value[field], str):
            return kind, None, f"TYPE /{field}"
    return kind, tuple(key), None


class Door:
    """Keeps the first record of every key; compares later ones with it by JSON value."""

    def __init__(self):
        self.first = {}

    def take(self, step, body):
        out = []
        for position, value in enumerate(split_body(body, step["content_type"])):
            kind, key, reason = read_record(value)
            record = Received(step, position, kind, "rejected", value, key, reason)
            if reason is None:
                record.verdict = self.verdict(kind, key, value, record.evidence)
            out.append(record)
        return out

    def verdict(self, kind, key, value, evidence):
        if kind == "dlr":                  # an SMSC that sends a receipt twice does so at two moments: that is a repeat
            value = {name: v for name, v in value.items() if name != "received_at"}
            message = value.get("smsc_message_id") or value.get("message_id")
            key = (value.get("connector_id"), message, value.get("message_status"), value.get("done_date"))
        elif evidence:                     # a non-final answer takes no usage key
            key = ("fact", json.dumps(value, sort_keys=True))
        first = self.first.setdefault((kind, key), value)
        return "accepted" if first is value else "repeat" if first == value else "conflict"


# -- from the wire to the rules' records ---------------------------------------------------------------------------------


def digits_key(number, ref):
    """A number as `customer_numbers` has it: e164 or short code where it is one, else plus and its eleven digits."""
    n = normalize(number, ref, "sms")
    return n.shown or "+" + (number or "").lstrip("+")


class Gateway:
    """M9: connectors, whose number it is, and carriers by OCN."""

    def __init__(self, ref):
        self.ref = ref
        self.vendor = {r["connector"]: r["vendor"] for r in ref.csv("connectors.csv")}
        self.carrier = {r["ocn"]: r["carrier"] for r in ref.csv("ocn_carriers.csv")}
        self.owner = {n: c["ban"] for c in ref.customers.values() for n in c["numbers"]}

    def message(self, r):
        ref, inbound = self.ref, (r.get("direction") or "").lower() in ("mo", "inbound")
        source, destination = r.get("source_addr", r.get("source")), r.get("destination_addr", r.get("destination"))
        ban = r.get("user_id", r.get("customer_ban"))
        if ban is None and inbound:
            ban = self.owner.get(digits_key(destination, ref))
        status, at = r.get("status") or "", r.get("at") or r.get("submitted_at") or r.get("received_at")
        if status.upper().startswith("ESME_"):
            status = {"ESME_ROK": "submitted", "ESME_RTHROTTLED": "throttled"}.get(status.upper(), "rejected")
        return {
            "msgid": r.get("message_id", r.get("msgid")),
            "customer_ban": ban,
            "type": r.get("service", r.get("type")),
            "direction": r.get("direction"),
            "source": source,
            "destination": destination,
            "body": r.get("body"),
            "coding": r.get("data_coding", r.get("coding")),
            "segments": r.get("segments"),
            "status": status,
            "carrier": r.get("carrier") or self.carrier_of(source if inbound else destination, at),
            "vendor": r.get("vendor") or self.vendor.get(r.get("connector_id")),
            "at": at,
            "created_at": r.get("created_at"),
        }

    def carrier_of(self, number, at):
        n = normalize(number, self.ref, "sms")
        if n.kind != "geographic":
            return None
        try:
            lrn, _ = places.dip(n, None, False, instant(at), self.ref)
        except BadStamp:
            return None
        return self.carrier.get(places.location(n, lrn, self.ref, set())["ocn"])


def outcome(record, ref, gateway):
    """The rated record of a usage record that was accepted or is a conflict."""
    if record.verdict == "conflict":
        return {"status": "held", "charge": None, "flags": ["DUPLICATE_CONFLICT"]}
    received = record.step["clock"]
    value = dict(record.value)
    value.setdefault("created_at", received)
    if record.kind == "cdr":
        out = calls.rate_call(value, ref)
    elif record.kind == "mdr":
        out = messages.rate_message({**gateway.message(value), "created_at": value["created_at"]}, ref)
    else:
        out = messages.rate_api(value, ref)
    return out


def attempt_outcome(record, call, ref):
    """M10, Q1: an attempt is rated as a part of its call. `call` is the accepted call record or None."""
    out = {
        "billed_seconds": None,
        "vendor_rate": None,
        "vendor_cost": None,
        "ani": None,
        "dni": None,
        "class_key": None,
        "flags": [],
    }
    if call is None:
        return {**out, "flags": ["NO_CALL"]}
    facts = calls.classify({**call.value, "created_at": call.value.get("created_at") or call.step["clock"]}, ref)
    out.update(ani=facts["ani"], dni=facts["dni"], class_key=facts["class_key"])
    if call.outcome["status"] == "held":
        return out
    answer, end = instant(record.value["answer_stamp"]), instant(record.value["end_stamp"])
    if answer is None:
        return {**out, "billed_seconds": 0, "vendor_cost": "0.00000"}
    if facts["jurisdiction"] == "invalid":
        return out
    _, rate, seconds, cost = rates.vendor_cost(record.value["vendor_name"], end - answer, facts, ref)
    return {
        **out,
        "billed_seconds": seconds,
        "vendor_rate": text(rate, 7),
        "vendor_cost": text(cost, 5),
        "flags": ["NO_VENDOR_RATE"] if cost is None else [],
    }


def take_all(manifest_path, ref):
    """Every record of the manifest with its outcome, in sending order."""
    base = os.path.dirname(manifest_path)
    with open(manifest_path, encoding="utf-8") as f:
        steps = json.load(f)
    door, gateway, records = Door(), Gateway(ref), []
    for step in steps:
        with open(os.path.join(base, step["file"]), encoding="utf-8", newline="") as f:
            records += door.take(step, f.read())
    for r in records:
        if r.kind in USAGE and not r.evidence and r.verdict in ("accepted", "conflict"):
            r.outcome = outcome(r, ref, gateway)
    by_call = {r.key[0]: r for r in records if r.kind == "cdr" and r.verdict == "accepted"}
    for r in records:
        if r.kind == "attempt" and r.verdict == "accepted":
            r.outcome = attempt_outcome(r, by_call.get(r.key[0]), ref)
    return steps, records
