"""The rated record of one call (sections D, R, G, E7)."""

from fractions import Fraction as F

from .exact import MS_PER_DAY, day_of, read_stamps, rounded, stamp, text, thirteen_months_before
from .places import (
    FROM_PSTN,
    NOWHERE,
    TO_PSTN,
    called_number,
    calling_number,
    class_key_of,
    dip,
    jurisdiction_of,
    location,
    tax_jurisdiction_of,
)
from .rates import band, billed_seconds, charge_of, choose, plan_rate, vendor_cost

LIMIT = 10**7


def classify(cdr, ref):
    """Everything that doesn't depend on money: evidence, stamps, flags, and why it is held."""
    flags = set()
    t = read_stamps(cdr, ("start_stamp", "answer_stamp", "end_stamp", "created_at"), flags)
    start, answer, end, created = t["start_stamp"], t["answer_stamp"], t["end_stamp"], t["created_at"]
    at = next((x for x in (answer, start, end) if x is not None), None)
    duration = end - answer if answer is not None and end is not None else None
    customer = ref.customers.get(cdr.get("customer_ban"))
    held = set(flags)
    for reason, applies in (
        ("NO_TIMESTAMP", at is None),
        ("MISSING_END", answer is not None and end is None),
        ("NEGATIVE_DURATION", duration is not None and duration < 0),
        ("EXCESSIVE_DURATION", duration is not None and duration > MS_PER_DAY),
        ("FUTURE_TIMESTAMP", None not in (at, created) and at > created + 300_000),
        ("TOO_OLD", None not in (at, created) and at < thirteen_months_before(created)),
        ("UNKNOWN_CUSTOMER", customer is None),
    ):
        if applies:
            held.add(reason)
    if start is not None and (
        (answer is not None and answer < start) or (answer is None and end is not None and end < start)
    ):
        flags.add("CLOCK_SKEW")
    if duration == 0:
        flags.add("ZERO_DURATION")

    word = (cdr.get("direction") or "").strip().lower()
    direction = "TERMINATING" if word in TO_PSTN else "ORIGINATING" if word in FROM_PSTN else None
    if direction is None:
        flags.add("UNKNOWN_DIRECTION")
    dni, rn, npdi = called_number(cdr, ref, flags)
    ani, source = calling_number(cdr, direction, customer["btn"] if customer else None, ref, flags)
    dni_lrn, dni_lrn_source = dip(dni, rn, npdi, at, ref)
    ani_lrn, ani_lrn_source = dip(ani, None, False, at, ref)
    d = location(dni, dni_lrn, ref, flags) if dni_lrn else NOWHERE
    a = location(ani, ani_lrn, ref, flags) if ani_lrn else NOWHERE
    tf = ref.resporg.get(dni.national) if dni.kind == "tollfree" else None
    if dni.kind == "tollfree" and tf is None:
        flags.add("RESPORG_MISS")
    ring_to = tf["ring_to"] if tf else None
    jurisdiction = jurisdiction_of(direction, ani, dni, a, d, ref, flags)
    tax = tax_jurisdiction_of(direction, jurisdiction, ani, dni, a, d, ring_to, ref)
    key = class_key_of(direction, jurisdiction)
    sku = ref.skus.get(key)
    if sku is None:
        flags.add("SKU_UNMAPPED")
    return {
        "id": cdr.get("id"),
        "sip_uuid": cdr.get("sip_uuid"),
        "customer_ban": cdr.get("customer_ban"),
        "service": "voice",
        "direction": direction,
        "answered": answer is not None,
        "duration_ms": duration,
        "rating_instant": stamp(at),
        "usage_date": day_of(at),
        "ani": ani.shown if ani else None,
        "ani_kind": ani.kind if ani else None,
        "ani_source": source,
        "ani_lrn": ani_lrn,
        "ani_lrn_source": ani_lrn_source,
        "ani_state": a["state"],
        "ani_lata": a["lata"],
        "ani_ocn": a["ocn"],
        "ani_rate_center": a["rate_center"],
        "dni": dni.shown,
        "dni_kind": dni.kind,
        "dni_country": dni.country,
        "dni_lrn": dni_lrn,
        "dni_lrn_source": dni_lrn_source,
        "dni_state": d["state"],
        "dni_lata": d["lata"],
        "dni_ocn": d["ocn"],
        "dni_rate_center": d["rate_center"],
        "resporg": tf["resporg"] if tf else None,
        "cic": tf["cic"] if tf else None,
        "ring_to": ring_to,
        "jurisdiction": jurisdiction,
        "tax_jurisdiction": tax,
        "class_key": key,
        "sku": sku,
        "ref_version": ref.version,
        "vendor": cdr.get("selected_vendor"),
        # not shown: what rating needs
        "at": at,
        "dni_number": dni,
        "customer": customer,
        "held": held,
        "flags": flags,
    }


MONEY = (
    "billed_seconds",
    "rate_plan_id",
    "rate_prefix",
    "rate_per_minute",
    "charge",
    "vendor_rate_prefix",
    "vendor_rate",
    "vendor_billed_seconds",
    "vendor_cost",
    "margin",
    "margin_percentage",
)


def rate_call(cdr, ref):
    call = classify(cdr, ref)
    call.update(dict.fromkeys(MONEY))
    flags, duration = call["flags"], call["duration_ms"]
    if call["held"]:
        flags |= call["held"]
        return finish(call, "held")
    if not call["answered"]:  # D5
        call.update(billed_seconds=0, charge=F(0), vendor_cost=F(0), margin=F(0))
        return finish(call, "not_billable")
    if call["jurisdiction"] == "invalid":  # R8
        return finish(call, "unrated")

    code = call["dni_number"].service_code
    free = call["jurisdiction"] == "emergency" or (call["jurisdiction"] == "service" and code in ("711", "988"))
    waived = False  # D6, D7: nothing to pay, no ZERO_RATED
    if not free:
        before = set(flags)
        kind = "tollfree" if call["dni_number"].kind == "tollfree" else "voice"
        plan, answer = choose(kind, call["customer"], call["at"], lambda p: plan_rate(p, call, ref), ref, flags)
        if answer is None and call["jurisdiction"] == "service" and code != "411":
            free, call["flags"] = True, before
            flags = call["flags"]
        elif answer is not None:
            prefix, rate, terms, flat = answer
            if not flat and kind == "voice":
                rate = rounded(rate * band(call["at"], plan["rates"].get("time_of_day")), 7)
            seconds, fees = billed_seconds(duration, terms)
            if duration and not fees:
                flags.add("GRACE")
            waived = not fees
            charge = F(0) if waived else rounded(rate, 5) if flat else charge_of(rate, seconds, terms)
            call.update(
                billed_seconds=seconds,
                rate_plan_id=plan["id"],
                rate_prefix=prefix,
                rate_per_minute=F(0) if flat else rate,
                charge=charge,
            )
    if free:
        call.update(billed_seconds=0, rate_per_minute=F(0), charge=F(0))
    elif call["charge"] == 0 and not waived:
        flags.add("ZERO_RATED")  # R12
    prefix, rate, seconds, cost = vendor_cost(call["vendor"], duration, call, ref)
    call.update(vendor_rate_prefix=prefix, vendor_rate=rate, vendor_billed_seconds=seconds, vendor_cost=cost)
    if cost is None:
        flags.add("NO_VENDOR_RATE")
    return finish(call, with_margin(call))


def with_margin(call):
    """G7, R8, R15: the status, the margin and its flags."""
    charge, cost, flags = call["charge"], call["vendor_cost"], call["flags"]
    if (charge is not None and abs(charge) >= LIMIT) or (cost is not None and abs(cost) >= LIMIT):
        flags.add("AMOUNT_OVERFLOW")
        call.update(charge=None, vendor_cost=None, margin=None, margin_percentage=None)
        return "held"
    if charge is None:
        return "unrated"
    if cost is not None:
        call["margin"] = charge - cost
        if charge != 0:
            call["margin_percentage"] = call["margin"] / charge * 100
        if call["margin"] < 0:
            flags.add("NEGATIVE_MARGIN")
        if charge > 0 and call["margin_percentage"] < F(call["customer"].get("margin_alert_pct") or "10.00"):
            flags.add("MARGIN_ALERT")
    return "rated"


def finish(call, status):
    """The record as it is shown (G3, G5, E7)."""
    out = {k: v for k, v in call.items() if k not in ("at", "dni_number", "customer", "held")}
    for name in ("rate_per_minute", "vendor_rate", "rate", "surcharge", "vendor_fee"):
        if name in out:
            out[name] = text(out[name], 7)
    for name in ("charge", "vendor_cost", "margin"):
        out[name] = text(out[name], 5)
    out["margin_percentage"] = text(out["margin_percentage"], 2)
    out["status"], out["flags"] = status, sorted(call["flags"])
    return out
