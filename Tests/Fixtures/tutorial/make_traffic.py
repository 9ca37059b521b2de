#!/usr/bin/env python3
"""Writes the tutorial's day of traffic and the vendor's statement of it. Same seed, same bytes.

    python3 make_traffic.py            writes traffic/ and statement/ beside this file

The shapes are those of ../captured; the numbers are assigned ones of lerg.csv. What the records come to is not decided
here: oracle.py works that out.
"""

import csv
import datetime as dt
import json
import os
import random
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = 20261122
DAY = dt.datetime(2026, 11, 22)
CLOCK_DAY, CLOCK_LATE = "2026-11-23T00:30:00.000Z", "2026-11-24T09:00:00.000Z"
RUN_WEEKLY, RUN_MONTHLY = "2026-11-23T06:00:00.000Z", "2026-12-01T06:00:00.000Z"
HOST = "sbc2.example.net"
rnd = random.Random(SEED)


def stamp(ms):
    """Milliseconds of the day as the wire writes them."""
    t = DAY + dt.timedelta(milliseconds=ms)
    return t.strftime("%Y-%m-%dT%H:%M:%S.") + f"{t.microsecond // 1000:03d}Z"


def new_uuid():
    return str(uuid.UUID(int=rnd.getrandbits(128), version=4))


def table(name):
    with open(os.path.join(HERE, name), newline="") as f:
        return list(csv.DictReader(f))


BLOCKS = [r["npa"] + r["nxx"] + (r["x"] if r["x"] != "A" else "") for r in table("lerg.csv")]
MOBILE = [b for b in BLOCKS if b in ("312402", "646701", "303601", "415201", "214601")]
PORTED = {r["number"]: r["lrn"] for r in table("lrn.csv")}
ABROAD = [
    "+442079460123",
    "+447700900123",
    "+33142685300",
    "+493012345678",
    "+525512345678",
    "+5215512345678",
    "+14165001234",
    "+18765001234",
    "+81312345678",
    "+881612345678",
    "+919812345678",
]
SPECIAL = [
    "911",
    "411",
    "211",
    "711",
    "988",
    "+13125551212",
    "+12125551212",
    "+19002001234",
    "+13129761234",
    "+15002001234",
]


def number(block=None):
    block = block or rnd.choice(BLOCKS)
    return block + "".join(str(rnd.randrange(10)) for _ in range(10 - len(block)))


# -- calls -------------------------------------------------------------------------------------------------------------

CUSTOMERS = {  # ban: (its numbers, calls, share of calls it receives in percent)
    "BAN100001": (["3122017001"], 98, 15),
    "BAN100002": (["3122017101", "7733007101"], 104, 12),
    "BAN100003": (["3036007201"], 56, 10),
    "BAN200001": (["2023007301"], 8, 50),
    "BAN200002": (["2126007401"], 8, 50),
    "BAN300001": (["6304207501"], 128, 20),
    "BAN300002": (["5124007601"], 48, 10),
    "BAN300003": (["2146007701"], 64, 6),
}
TOLL_FREE_OF = {"BAN100001": "8002000001", "BAN300001": "8882000003"}
FAILURES = [
    ("BUSY", 486, "Busy Here"),
    ("NO_ANSWER", 480, "Temporarily Unavailable"),
    ("CANCELLED", 487, "Request Terminated"),
    ("FAILED", 404, "Not Found"),
    ("FAILED", 503, "Service Unavailable"),
    ("FAILED", 603, "Decline"),
]


def talk_ms():
    low, high = rnd.choice(
        [(800, 6500), (6500, 31000), (6500, 31000), (31000, 125000), (31000, 125000), (125000, 620000)]
    )
    return rnd.randrange(low, high)


def called(own):
    """A number that the customer with number `own` dials."""
    x = rnd.randrange(100)
    if x < 14:
        return "+1" + rnd.choice(sorted(PORTED))
    if x < 26:
        return "+1" + number(rnd.choice([b for b in BLOCKS if b[:3] == own[:3]]))
    if x < 72:
        return "+1" + number()
    if x < 81:
        return "+1" + rnd.choice(["8002000001", "8332000002", "8882000003", "8662000004", "8772345678"])
    return rnd.choice(ABROAD) if x < 94 else rnd.choice(SPECIAL)


class Call:
    """One call: its customer record and its attempts. Fields may be overridden before it is written."""

    count = 0

    def __init__(
        self, ban, direction, ani, dni, start, answered=True, talk=None, vendor=None, attempts=None, trap=None
    ):
        Call.count += 1
        self.uuid = new_uuid()
        self.callid = f"{Call.count}-{rnd.randrange(10000, 99999)}-{rnd.getrandbits(44):011x}@{HOST}"
        self.tries = attempts if attempts is not None else 1 + (rnd.randrange(4) == 0)
        self.ban, self.start, self.answered = ban, start, answered
        first, second = rnd.sample(["telnyx", "peerless"], 2)
        self.vendors = ([first, second] if self.tries == 2 else [vendor or first])[: self.tries]
        if vendor and self.tries == 2:
            self.vendors = ["peerless" if vendor == "telnyx" else "telnyx", vendor]
        self.tries_ms = [rnd.randrange(40, 900) if n + 1 < self.tries else 0 for n in range(self.tries)]
        begin = start + sum(self.tries_ms) + 2
        ring = rnd.randrange(900, 9000)
        self.answer = begin + ring if answered else None
        self.end = (
            self.answer + (talk_ms() if talk is None else talk) if answered else begin + rnd.randrange(300, 30000)
        )
        disposition, code, reason = ("ANSWERED", 200, "OK") if answered else rnd.choice(FAILURES)
        if self.tries == 0:
            disposition, code = "REJECTED", 402
        user = dni
        lrn, npdi = None, False
        if dni[2:] in PORTED and rnd.randrange(3) == 0 and dni[2:] != "2146005600":
            lrn, npdi = "+1" + PORTED[dni[2:]], True
            user = f"{dni};npdi;rn={lrn}"
        caller = ani if ani.startswith("+") or not ani.isdigit() else rnd.choice(["+1" + ani, "1" + ani, ani])
        sip = f"<sip:{caller}@{HOST}>"
        self.customer = {
            "record_type": "voice.cdr",
            "sip_uuid": self.uuid,
            "sip_callid": self.callid,
            "sip_from": f'"Desk {Call.count % 40}" {sip};tag={rnd.getrandbits(32):08x}',
            "sip_rpid": f"{sip};party=calling;screen=yes;privacy=off" if rnd.randrange(3) == 0 else None,
            "sip_contact": f"<sip:{caller}@198.51.100.17:5070>",
            "sip_ruri": f"sip:{user}@198.51.100.20:5080",
            "sip_pai": f'"PBX, main" <sip:{caller}@{HOST};user=phone>' if rnd.randrange(2) else None,
            "sip_pci": f"{sip};noa=2" if rnd.randrange(5) == 0 else None,
            "customer_ban": ban,
            "raw_ani": caller,
            "dni": dni,
            "direction": direction,
            "selected_vendor": self.vendors[-1] if self.vendors else None,
            "vendor_trunk": self.vendors[-1] + "-t1" if self.vendors else None,
            "routing_partition": rnd.choice(["us-standard", "us-premium"]),
            "start_stamp": stamp(start),
            "answer_stamp": stamp(self.answer) if answered else None,
            "end_stamp": stamp(self.end),
            "disposition": disposition,
            "sip_response_code": code,
            "duration_ms": self.end - self.answer if answered else 0,
            "pdd_ms": ring // 4 if answered else None,
            "attempts": self.tries,
            "hangup_party": rnd.choice(["caller", "callee"]) if answered else None,
            "lrn": lrn,
            "npdi": npdi,
            "source_ip": "198.51.100.17",
            "authorized_seconds": None,
        }
        self.attempts = [self.attempt(n, begin, ring, disposition, code, reason) for n in range(self.tries)]
        self.customer.update(trap or {})

    def attempt(self, n, begin, ring, disposition, code, reason):
        last = n + 1 == self.tries
        start = self.start + 1 + sum(self.tries_ms[:n])
        ok = last and self.answered
        if not last:
            disposition, code, reason = "FAILED", 503, "Service Unavailable"
        media = ok and rnd.randrange(10) < 7
        loss, jitter = rnd.choice([0, 0, 0, 12, 41, 90, 250]), rnd.choice([1, 2, 4, 4, 9, 22])
        return {
            "record_type": "voice.attempt",
            "sip_uuid": self.uuid,
            "sip_callid": self.callid,
            "customer_ban": self.ban,
            "attempt_number": n + 1,
            "vendor_name": self.vendors[n],
            "vendor_trunk": self.vendors[n] + "-t1",
            "start_stamp": stamp(start),
            "answer_stamp": stamp(self.answer) if ok else None,
            "end_stamp": stamp(self.end if last else start + self.tries_ms[n]),
            "disposition": disposition,
            "sip_response_code": code,
            "sip_reason": reason,
            "reason_header": (
                'Q.850;cause=16;text="Normal call clearing"'
                if ok
                else 'Q.850;cause=34;text="No circuit/channel available"' if code == 503 else None
            ),
            "pdd_ms": ring // 4 if ok or rnd.randrange(2) else None,
            "mos_score": rnd.choice(["4.31", "4.12", "3.87"]) if ok and not media and rnd.randrange(2) else None,
            "packet_loss": f"{loss // 100}.{loss % 100:02d}" if media else None,
            "jitter_ms": jitter if media else None,
            "rtp_stat": (
                f"PS=1203,OS=192480,SP=0/0,SO=0,PR=1198,OR=191680,CR=0,SR=0,PL={loss // 8},BL=0,RB=0/0,JI={jitter},EN=PCMU,DE=PCMU,LA=21"
                if media
                else None
            ),
        }


def ordinary_calls():
    out = []
    for ban, (own, count, inbound) in CUSTOMERS.items():
        for _ in range(count):
            start = rnd.randrange(5 * 60_000, 86_000_000)
            mine = rnd.choice(own)
            answered = rnd.randrange(100) < 64
            if rnd.randrange(100) < inbound:
                dni = TOLL_FREE_OF[ban] if ban in TOLL_FREE_OF and rnd.randrange(2) else mine
                ani = rnd.choice(["+442079460999", "+14165009999"]) if rnd.randrange(10) == 0 else number()
                out.append(
                    Call(
                        ban,
                        rnd.choice(["originating", "originating", "inbound"]),
                        ani,
                        "+1" + dni,
                        start,
                        answered,
                        attempts=1,
                    )
                )
            elif rnd.randrange(60) == 0:
                out.append(Call(ban, "terminating", mine, called(mine), start, answered=False, attempts=0))
            else:
                out.append(
                    Call(
                        ban, rnd.choice(["terminating", "terminating", "outbound"]), mine, called(mine), start, answered
                    )
                )
    return out


def chosen_calls():
    """Calls that show one rule each."""
    to = lambda ban, own, dni, hour, **k: Call(
        ban, "terminating", own, dni, hour * 3_600_000 + rnd.randrange(3_000_000), **k
    )
    return [
        to("BAN100001", "3122017001", "+12126005555", 15, talk=61000, vendor="telnyx", attempts=1),  # 61 s at 0.0066600
        to(
            "BAN100001", "3122017001", "+17733004444", 16, talk=1, vendor="telnyx", attempts=1
        ),  # one millisecond, minimum charge
        to("BAN100001", "3122017001", "+12126005555", 17, talk=0, attempts=1),  # answered for nothing
        to("BAN100003", "3036007201", "+13036004321", 10, talk=2900, attempts=1),  # within the grace
        to(
            "BAN100003", "3036007201", "+14152004321", 11, talk=3599000, vendor="telnyx", attempts=1
        ),  # an hour: maximum charge
        to(
            "BAN100003",
            "anonymous",
            "+14152004321",
            12,
            talk=90000,
            attempts=1,  # no caller, no BTN: indeterminate
            trap={
                "sip_from": '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1',
                "sip_pai": None,
                "sip_rpid": "<null>",
                "sip_pci": None,
                "raw_ani": "<null>",
            },
        ),
        to(
            "BAN100001",
            "anonymous",
            "+13128804321",
            13,
            talk=45000,
            attempts=1,  # BTN steps in
            trap={
                "sip_from": '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=2',
                "sip_pai": None,
                "sip_rpid": None,
                "sip_pci": None,
                "raw_ani": None,
            },
        ),
        to(
            "BAN100002", "3122017101", "+12146005600", 11, talk=60000, vendor="telnyx", attempts=1
        ),  # before its port at noon
        to("BAN100002", "3122017101", "+12146005600", 13, talk=60000, vendor="telnyx", attempts=1),  # after it
        to("BAN100002", "3122017101", "+12174005123", 14, talk=120000, vendor="telnyx", attempts=1),  # thousands block
        to("BAN300001", "6304207501", "+16303014321", 9, talk=33333, vendor="telnyx", attempts=1),  # local calling area
        to(
            "BAN300001", "8165004321", "+19134004321", 9, talk=33333, vendor="peerless", attempts=1
        ),  # the same over a state line
        to("BAN300001", "6304207501", "+14155550133", 18, talk=30000, attempts=1),  # a fictional number: unrated
        to(
            "BAN300003", "2146007701", "+14152004321", 19, talk=30000, vendor="telnyx", attempts=1
        ),  # no rate and no fall-back: unrated
        to("BAN300002", "5124007601", "+13122014321", 20, talk=60001, vendor="telnyx", attempts=1),
        to(
            "BAN100002",
            "3122017101",
            "+13122015100",
            20,
            talk=60001,
            attempts=1,  # an rn that is none
            trap={"sip_ruri": "sip:+13122015100;npdi;rn=+15551234567@198.51.100.20:5080"},
        ),
        to(
            "BAN300001", "6304207501", "+13125804321", 20, talk=48000, vendor="telnyx", attempts=1
        ),  # a block that the LERG hasn't
        to(
            "BAN100001", "3122017001", "+12126005300", 21, talk=75500, attempts=1, trap={}  # answered before it started
        ),
    ]


def dirty_calls():
    """Stored and held, each with its reason, but for the last, whose direction nobody knows: unrated."""

    def bad(trap, ban="BAN100002", start=None):
        return Call(
            ban,
            "terminating",
            "3122017101",
            "+12126004444",
            rnd.randrange(3_600_000, 80_000_000) if start is None else start,
            talk=42000,
            attempts=1,
            trap=trap,
        ).customer

    x = 43_200_000
    return [
        bad(
            {"end_stamp": stamp(x), "answer_stamp": stamp(x + 5000), "start_stamp": stamp(x - 2000)}
        ),  # NEGATIVE_DURATION
        bad({"end_stamp": None}),  # MISSING_END
        bad({}, ban="BAN999999"),  # UNKNOWN_CUSTOMER
        bad({"answer_stamp": "0000-00-00 00:00:00"}),  # BAD_TIMESTAMP
        bad(
            {
                "start_stamp": "2026-11-25T10:00:00.000Z",
                "answer_stamp": "2026-11-25T10:00:04.000Z",
                "end_stamp": "2026-11-25T10:01:04.000Z",
            }
        ),  # FUTURE_TIMESTAMP
        bad(
            {"start_stamp": stamp(600_000), "answer_stamp": stamp(605_000), "end_stamp": stamp(605_000 + 86_460_000)}
        ),  # EXCESSIVE_DURATION
        bad({"start_stamp": None, "answer_stamp": None, "end_stamp": None}),  # NO_TIMESTAMP
        bad(
            {
                "start_stamp": "2025-09-15T10:00:00.000Z",
                "answer_stamp": "2025-09-15T10:00:04.000Z",
                "end_stamp": "2025-09-15T10:01:04.000Z",
            }
        ),  # TOO_OLD
        bad(
            {"start_stamp": "2026-11-25T10:00:00.000Z", "answer_stamp": "2026-11-25T10:00:04.000Z", "end_stamp": None}
        ),  # two reasons at once
        bad({"direction": "transit"}),  # UNKNOWN_DIRECTION
    ]


# -- messages and queries ----------------------------------------------------------------------------------------------


def mt(
    ban,
    source,
    destination,
    at,
    status="ESME_ROK",
    segments=1,
    coding=0,
    final=True,
    message_id=None,
    delay=None,
    connector="smsc1",
):
    mt.count += 1
    return {
        "record_type": "sms.mdr",
        "direction": "mt",
        "service": "sms",
        "message_id": message_id or new_uuid(),
        "user_id": ban,
        "source_addr": source,
        "destination_addr": destination,
        "connector_id": connector,
        "source_connector": "httpapi",
        "segments": segments,
        "data_coding": coding,
        "content_bytes": segments * 46,
        "rate_per_segment": 0.0075,
        "charge": [0.0075, 0.015, 0.0225, 0.03][segments - 1],
        "submitted_at": stamp(at),
        "status": status,
        "smsc_message_id": f"B{mt.count:07X}" if status == "ESME_ROK" else None,
        "completed_at": stamp(at + (delay or rnd.randrange(5, 60))),
        "final": final,
    }


mt.count = 0


def mo(source, destination, at, segments=1, connector="smsc1"):
    return {
        "record_type": "sms.mdr",
        "direction": "mo",
        "service": "sms",
        "message_id": new_uuid(),
        "connector_id": connector,
        "source_addr": source,
        "destination_addr": destination,
        "data_coding": 0,
        "content_bytes": rnd.randrange(4, 120),
        "segments": segments,
        "multipart_ref": None,
        "multipart_total": None,
        "multipart_seq": None,
        "status": "RECEIVED",
        "received_at": stamp(at),
    }


def receipt(m, status="DELIVRD"):
    day = "26112212" + "00"
    return {
        "record_type": "sms.dlr",
        "message_id": m["message_id"],
        "smsc_message_id": m["smsc_message_id"],
        "connector_id": m["connector_id"],
        "message_status": status,
        "error_code": "000",
        "submit_date": day,
        "done_date": day,
        "sub": "001",
        "dlvrd": "001" if status == "DELIVRD" else "000",
        "received_at": m["completed_at"],
    }


def all_messages():
    out, when = [], lambda: rnd.randrange(600_000, 86_000_000)
    for ban, source, count in (("BAN200001", "72345", 96), ("BAN200002", "12126007401", 62)):
        for _ in range(count):
            x = rnd.randrange(100)
            to = (
                "1" + number(rnd.choice(MOBILE))
                if x < 55
                else (
                    "1" + number()
                    if x < 85
                    else rnd.choice(["447700900123", "442079460123", "14165001234", "33612345678", "72345"])
                )
            )
            status = rnd.choice(["ESME_ROK"] * 14 + ["ESME_RINVDSTADR", "ESME_RSUBMITFAIL"])
            out.append(mt(ban, source, to, when(), status, rnd.choice([1, 1, 1, 2, 3]), rnd.choice([0, 0, 0, 8])))
    for _ in range(18):
        out.append(
            mo(
                "1" + number(rnd.choice(MOBILE)),
                rnd.choice(["12023007301", "72345", "12126007401"]),
                when(),
                rnd.choice([1, 1, 2]),
            )
        )
    out.append(mo("447700900123", "12126007401", when()))
    throttled = mt("BAN200001", "72345", "1" + number("312402"), 50_000_000, "ESME_RTHROTTLED", final=False)
    out.append(throttled)  # evidence, then the message itself
    out.append(
        mt(
            "BAN200001",
            "72345",
            throttled["destination_addr"],
            50_000_000,
            message_id=throttled["message_id"],
            delay=2100,
        )
    )
    out.append(mt("BAN200001", "72345", "1" + number("312402"), when(), "ESME_RTHROTTLED"))  # throttled to the end
    out.append(mt("BAN200001", "72345", "12025550117", when()))  # fictional: unrated
    out.append({**mt("BAN200001", "72345", "1" + number("415201"), when()), "status": "LIMBO"})  # held
    out.append({**mt("BAN200001", "72345", "1" + number("415201"), when()), "direction": "sideways"})  # unrated
    out.append(mo("1" + number("646701"), "12029990000", when()))  # nobody's number: held
    out.sort(key=lambda m: m.get("completed_at") or m["received_at"])
    return out


def all_mms():
    out = []
    for n in range(12):
        outward = n % 4 != 3
        mine, other = "12126007401", "1" + number(rnd.choice(MOBILE))
        out.append(
            {
                "record_type": "mms.mdr",
                "msgid": f"mms-{SEED}-{n:04d}",
                "customer_ban": "BAN200002",
                "type": "mms",
                "direction": "MT" if outward else "MO",
                "source": mine if outward else other,
                "destination": other if outward else mine,
                "status": "failed" if n == 5 else "delivered" if outward else "received",
                "vendor": "sinch",
                "at": stamp(rnd.randrange(600_000, 86_000_000)),
            }
        )
    return out


def all_queries():
    out = []
    for n in range(84):
        ban = rnd.choice(["BAN200001", "BAN300002", "BAN300002", "BAN100001"])
        out.append(
            {
                "record_type": "api.usage",
                "id": f"q-{SEED}-{n:05d}",
                "customer_ban": ban,
                "api": rnd.choice(["LRN"] * 5 + ["CNAM"] * 3 + ["lrn"]),
                "quantity": rnd.choice([1, 1, 1, 1, 7, 25, 100]),
                "status": rnd.choice(["ok"] * 9 + ["not_found", "error", "timeout"]),
                "vendor": "telnyx",
                "at": stamp(rnd.randrange(600_000, 86_000_000)),
            }
        )
    out[10]["api"], out[20]["status"], out[30]["quantity"] = "DNO", "perhaps", 0
    return out


# -- files -------------------------------------------------------------------------------------------------------------


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
