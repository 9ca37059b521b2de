"""Calls with their attempts: ordinary ones, chosen ones, dirty ones."""

from .numbers import ABROAD, BLOCKS, HOST, PORTED, SPECIAL, new_uuid, number, rnd, stamp

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
