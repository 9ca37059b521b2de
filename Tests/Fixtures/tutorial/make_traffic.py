#!/usr/bin/env python3
"""Writes the tutorial's day of traffic. Same seed, same bytes.

    python3 make_traffic.py            writes traffic/ beside this file

The shapes are those of ../captured; the numbers are assigned ones of lerg.csv. What the records come to is not decided
here: oracle.py works that out.
"""

import json
import os

from generator.calls import Call, chosen_calls, dirty_calls, ordinary_calls
from generator.messages import all_messages, all_mms, all_queries, mt, receipt
from generator.numbers import SEED, new_uuid, number, rnd, stamp

HERE = os.path.dirname(os.path.abspath(__file__))
CLOCK_DAY, CLOCK_LATE = "2026-11-23T00:30:00.000Z", "2026-11-24T09:00:00.000Z"
RUN_WEEKLY, RUN_MONTHLY = "2026-11-23T06:00:00.000Z", "2026-12-01T06:00:00.000Z"


def compact(r):
    return json.dumps(r, ensure_ascii=False, separators=(",", ":"))


class Manifest:
    def __init__(self):
        self.steps = []

    def add(self, file, path, late=False, expect=202):
        kind = "application/x-ndjson" if file.endswith(".ndjson") else "application/json"
        self.steps.append(
            {
                "file": file,
                "path": "/ingest/v1/" + path,
                "content_type": kind,
                "expect_http": expect,
                "clock": CLOCK_LATE if late else CLOCK_DAY,
                "before_run": RUN_MONTHLY if late else RUN_WEEKLY,
            }
        )

    def write(self, file, lines, path, late=False, expect=202):
        text = (
            "\n".join(lines) + "\n"
            if file.endswith(".ndjson")
            else "[" + ",".join(lines) + "]" if len(lines) != 1 else lines[0]
        )
        with open(os.path.join(HERE, "traffic", file), "w", encoding="utf-8", newline="") as f:
            f.write(text)
        self.add(file, path, late, expect)


def switch_order(calls):
    """Records as a switch sends them: each attempt when it ends, the call right after its last attempt."""
    rows = []
    for c in calls:
        rows += [(a["end_stamp"], c.uuid, n, a) for n, a in enumerate(c.attempts)]
        rows.append((stamp(c.end), c.uuid, 9, c.customer))
    return [r for *_, r in sorted(rows, key=lambda r: r[:3])]


def main():
    os.makedirs(os.path.join(HERE, "traffic"), exist_ok=True)
    os.makedirs(os.path.join(HERE, "statement"), exist_ok=True)
    m = Manifest()
    captured = "../../captured/"
    for name in (
        "kamailio/http_requests.ndjson",
        "kamailio/cdrs_prepaid.ndjson",
        "kamailio/http_batch_array.json",
        "kamailio/http_async_client.ndjson",
        "kamailio/http_keepalive_basic.ndjson",
        "kamailio/redis_xrange.ndjson",
        "jasmin/forwarder_posts.ndjson",
    ):
        m.add(captured + name, "records")
    m.add(captured + "kamailio/customer_cdr.ndjson", "cdr")
    m.add(captured + "kamailio/vendor_cdr.ndjson", "vendor-cdr")

    calls = ordinary_calls() + chosen_calls()
    skew = calls[-1].customer
    skew["start_stamp"] = stamp(calls[-1].answer + 400)
    rows = switch_order(calls)
    tardy = next(r for r in rows if r["record_type"] == "voice.attempt" and r["sip_uuid"] == calls[-3].uuid)
    rows.remove(tardy)
    size = -(-len(rows) // 6)
    for n, hour in enumerate(("night", "early", "morning", "noon", "afternoon", "evening")):
        part = [compact(r) for r in rows[n * size : (n + 1) * size]]
        m.write(f"{10 + n}-kamailio-{hour}.{'json' if n % 2 else 'ndjson'}", part, "records")
    orphan = Call(
        "BAN100002", "terminating", "3122017101", "+12126004444", 70_000_000, answered=False, attempts=1
    ).attempts[0]
    m.write("16-kamailio-attempts.json", [compact(tardy), compact(orphan)], "vendor-cdr")

    sms, mms, queries = all_messages(), all_mms(), all_queries()
    m.write("20-jasmin.ndjson", [compact(r) for r in sms], "mdr")
    sent = [r for r in sms if r.get("smsc_message_id")]
    m.write(
        "21-jasmin-receipts.ndjson",
        [compact(receipt(r, rnd.choice(["DELIVRD", "DELIVRD", "UNDELIV", "EXPIRED"]))) for r in sent[::2]],
        "dlr",
    )
    m.write("22-mms.json", [compact(r) for r in mms], "mdr")
    m.write("30-queries.ndjson", [compact(r) for r in queries], "api-usage")

    again = [r for r in rows if r["record_type"] == "voice.cdr"][5:200:11] + sms[3:60:9] + queries[:3]
    shuffled = [dict(reversed(list(r.items()))) for r in again[:4]]
    answered = [r for r in rows if r["record_type"] == "voice.cdr" and r["answer_stamp"]]
    other = [
        {**answered[3], "end_stamp": stamp(86_399_000)},
        {**answered[40], "customer_ban": "BAN300001", "dni": "+12126009999"},
        {**next(r for r in sms if r.get("user_id") == "BAN200002"), "segments": 4},
        {**queries[5], "quantity": queries[5]["quantity"] + 1},
    ]
    m.write("40-repeats-and-conflicts.ndjson", [compact(r) for r in again + shuffled + other], "records")
    m.write("50-dirty.ndjson", [compact(r) for r in dirty_calls()], "records")

    good = Call("BAN100002", "terminating", "3122017101", "+12126008888", 40_000_000, talk=30000, attempts=1).customer
    drop = lambda r, k: {x: v for x, v in r.items() if x != k}
    fresh = lambda: {**good, "sip_uuid": new_uuid()}
    m.write(
        "60-malformed.ndjson",
        [
            compact(drop(good, "sip_uuid")),
            compact({**fresh(), "customer_ban": 42}),
            compact(fresh())[:-37],
            compact({**fresh(), "record_type": "voice.ivr"}),
            compact(drop(sms[0], "message_id")),
            compact(good),
        ],
        "records",
    )
    m.write(
        "61-malformed.json",
        ["42", compact({**fresh(), "answer_stamp": 1795366994}), compact({**fresh(), "dni": "+13122018888"})],
        "records",
    )
    m.write("62-no-key.json", [compact(drop(good, "sip_uuid"))], "cdr", expect=422)
    m.write(
        "63-not-json.json",
        ['{"record_type":"voice.cdr","sip_from":""Test Caller 2" <sip:+12145550102@sbc1.example.net>"}'],
        "cdr",
        expect=422,
    )

    late = [
        Call(
            "BAN300002",
            "terminating",
            "5124007601",
            "+14152008811",
            79_000_000,
            talk=184_000,
            vendor="peerless",
            attempts=1,
        ),
        Call(
            "BAN300002",
            "terminating",
            "5124007601",
            "+12146008812",
            79_500_000,
            talk=61_000,
            vendor="peerless",
            attempts=1,
        ),
    ]
    query = {
        "record_type": "api.usage",
        "id": f"q-{SEED}-late",
        "customer_ban": "BAN300002",
        "api": "LRN",
        "quantity": 3,
        "status": "ok",
        "vendor": "telnyx",
        "at": stamp(80_000_000),
    }
    text = mt("BAN200002", "12126007401", "1" + number("214601"), 80_100_000)
    m.write("90-late.ndjson", [compact(r) for r in switch_order(late) + [query, text]], "records", late=True)
    with open(os.path.join(HERE, "traffic", "manifest.json"), "w") as f:
        f.write(json.dumps(m.steps, indent=1) + "\n")


if __name__ == "__main__":
    main()
