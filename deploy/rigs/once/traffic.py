"""The records that are delivered, and what each must come to: the tutorial's generators with a seed, and its oracle, which shares nothing
with the product."""

import json
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path

WORLD = Path(__file__).resolve().parents[3] / "Tests" / "Fixtures" / "tutorial"
sys.path.insert(0, str(WORLD))

from generator import calls, messages, numbers  # noqa: E402
from oracle.door import USAGE, Door, Gateway, attempt_outcome, outcome  # noqa: E402
from oracle.reference import Reference  # noqa: E402

# What the daemons' clock says when the records come.
CLOCK = "2026-11-23T00:30:00.000Z"


@dataclass
class Expected:
    """By kind and key."""
    rated: dict = field(default_factory=dict)
    parked: dict = field(default_factory=dict)
    attempts: dict = field(default_factory=dict)
    evidence: int = 0


def make(seed, call_count):
    """(records as JSON lines, in the order in which they were made; what they must come to)."""
    numbers.rnd.seed(seed)
    made = generated(call_count)
    lines = [json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in made]
    return lines, expected(lines)


def generated(call_count):
    records, count = [], 0
    while count < call_count:
        some = calls.ordinary_calls() + calls.chosen_calls()
        for call in some[:call_count - count]:
            records += call.attempts + [call.customer]
            count += 1
        # The call of the attempt never comes.
        records += calls.Call(
            "BAN100002", "terminating", "3122017101", "+12126004444", 70_000_000, answered=False, attempts=1).attempts
        records += calls.dirty_calls() + messages.all_messages()
        # These have keys that count from 0.
        records += [{**record, "msgid": numbers.new_uuid()} for record in messages.all_mms()]
        records += [{**record, "id": numbers.new_uuid()} for record in messages.all_queries()]
    return records


def expected(lines):
    reference = Reference(str(WORLD))
    gateway, wanted = Gateway(reference), Expected()
    taken = Door().take({"content_type": "application/x-ndjson", "clock": CLOCK}, "\n".join(lines))
    assert all(record.verdict == "accepted" for record in taken), "every record has a key of its own"
    for record in taken:
        if record.kind in USAGE and not record.evidence:
            record.outcome = outcome(record, reference, gateway)
            found = record.outcome
            facts = (found["status"], tuple(found["flags"]), found.get("class_key"), found["charge"], found.get("vendor_cost"))
            priced = found["status"] in ("rated", "not_billable")
            place = wanted.rated if priced else wanted.parked
            place[record.kind, record.key[0]] = (facts[:5] + (found["customer_ban"],)) if priced else facts
        wanted.evidence += record.evidence
    by_call = {record.key[0]: record for record in taken if record.kind == "cdr"}
    for record in taken:
        if record.kind == "attempt":
            found = attempt_outcome(record, by_call.get(record.key[0]), reference)
            wanted.attempts["#".join(map(str, record.key))] = (
                found["class_key"], found["vendor_cost"], "NO_CALL" in found["flags"])
    return wanted


def deliveries(lines, seed, times, size):
    """Bodies of so many records, shuffled: each record stands in so many of them."""
    order = lines * times
    random.Random(seed).shuffle(order)
    return ["\n".join(order[start:start + size]) + "\n" for start in range(0, len(order), size)]
