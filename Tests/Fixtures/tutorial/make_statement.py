#!/usr/bin/env python3
"""Writes the vendor's statement of the tutorial's day: its rated calls, with faults planted in known lines.

python3 make_statement.py       after make_traffic.py; writes statement/telnyx-2026-11-22.csv and statement/faults.json
"""

import csv
import json
import os
from fractions import Fraction as F

from oracle.exact import instant, rounded, stamp, text
from oracle.world import STATEMENT, World

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = [
    "Start Timestamp (UTC)",
    "SIP Call ID",
    "Direction",
    "Originating Number",
    "Terminating Number",
    "Call Duration (sec)",
    "Billed Duration (sec)",
    "Rate",
    "Cost",
    "Currency",
]


def row(world, attempt):
    call = next(
        r for r in world.records if r.kind == "cdr" and r.verdict == "accepted" and r.key[0] == attempt.key[0]
    ).value
    out, a = attempt.outcome, attempt.value
    talk = instant(a["end_stamp"]) - instant(a["answer_stamp"])
    ani = "" if call["raw_ani"] in (None, "<null>") else call["raw_ani"]
    return {
        "ours": f"{attempt.key[0]}#{attempt.key[1]}",
        "start": instant(a["start_stamp"]),
        "callid": a["sip_callid"],
        "way": "outbound" if call["direction"] in ("terminating", "outbound") else "inbound",
        "ani": ani,
        "dni": call["dni"],
        "talk": -(-talk // 1000),
        "billed": out["billed_seconds"],
        "rate": F(out["vendor_rate"]),
        "cost": F(out["vendor_cost"]),
        "fault": None,
    }


def priced(r, **change):
    r.update(change)
    r["cost"] = rounded(r["rate"] * r["billed"] / 60, 5)


def plant(rows):
    """One of each kind of fault, some twice; the first of a kind on a dear call, so that the day is more than 5 % off."""
    plain = [
        r
        for r in rows
        if r["billed"] >= 30 and F("0.002") < r["rate"] < F("0.05") and r["ani"] and r["way"] == "outbound"
    ]
    dear = sorted(
        (r for r in rows if r["rate"] >= F("0.05") and r["dni"].startswith("+")), key=lambda r: (-r["cost"], r["ours"])
    )
    pick = lambda n: plain[n * 4]
    priced(dear[1], billed=dear[1]["billed"] + 60, fault="duration_mismatch")
    priced(pick(1), billed=pick(1)["billed"] + 6, fault="duration_mismatch")
    for n, more in ((2, F("0.0012")), (3, F("0.0005"))):
        priced(pick(n), rate=pick(n)["rate"] + more, fault="rate_mismatch")
    priced(
        pick(4), billed=pick(4)["billed"] + 30, rate=pick(4)["rate"] + F("0.0010"), fault="duration_mismatch"
    )  # and its rate
    pick(5).update(cost=pick(5)["cost"] + F("0.01"), fault="cost_mismatch")  # a fee slipped in
    for n in (6, 7):
        pick(n)["fault"] = "missing_theirs"
    pick(8).update(callid="", start=pick(8)["start"] + 1200)  # no call id: still found by numbers and time
    pick(9).update(callid="", ani="", start=pick(9)["start"] + 900)  # nor a caller
    again = {**dear[2], "ours": None, "fault": "duplicate_theirs", "start": dear[2]["start"]}
    stray = {
        **pick(11),
        "ours": None,
        "callid": "77-40412-1a2043ffe11@sbc2.example.net",
        "dni": "+12126007711",
        "start": pick(11)["start"] + 61_000,
        "fault": "missing_ours",
    }
    nothing = {
        **pick(12),
        "ours": None,
        "callid": "78-40413-1a2043ffe12@sbc2.example.net",
        "talk": 0,
        "billed": 0,
        "cost": F(0),
        "start": pick(12)["start"] + 1,
    }
    return [r for r in rows if r["fault"] != "missing_theirs"] + [again, stray, nothing], [
        r for r in rows if r["fault"] == "missing_theirs"
    ]


def main():
    directory = os.path.join(HERE, "statement")
    os.makedirs(directory, exist_ok=True)
    for name in (STATEMENT, "faults.json"):
        if os.path.exists(os.path.join(directory, name)):
            os.remove(os.path.join(directory, name))
    world = World(HERE)
    billed = [
        a for a in world.attempts("telnyx") if a.outcome["vendor_cost"] is not None and a.outcome["billed_seconds"]
    ]
    rows, missing = plant(sorted((row(world, a) for a in billed), key=lambda r: (r["start"], r["ours"])))
    rows.sort(key=lambda r: r["start"])
    with open(os.path.join(directory, STATEMENT), "w", newline="", encoding="utf-8") as f:
        w = csv.writer(f, lineterminator="\r\n")
        w.writerow(HEADER)
        for r in rows:
            w.writerow(
                [
                    stamp(r["start"]),
                    r["callid"],
                    r["way"],
                    r["ani"],
                    r["dni"],
                    r["talk"],
                    r["billed"],
                    text(r["rate"], 7),
                    text(r["cost"], 5),
                    "USD",
                ]
            )
    faults = [{"fault": r["fault"], "line": n, "ours": r["ours"]} for n, r in enumerate(rows, 1) if r["fault"]]
    faults += [{"fault": r["fault"], "line": None, "ours": r["ours"]} for r in missing]
    with open(os.path.join(directory, "faults.json"), "w", encoding="utf-8") as f:
        f.write(json.dumps(faults, indent=1) + "\n")


if __name__ == "__main__":
    main()
