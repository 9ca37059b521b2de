"""Messages, receipts and API queries."""

from .numbers import MOBILE, SEED, new_uuid, number, rnd, stamp


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
