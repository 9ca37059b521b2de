"""Enrichment, jurisdiction, duration and rating of one call (sections E, J, K, D, R, G)."""
import datetime as dt
import re
from fractions import Fraction as F
from zoneinfo import ZoneInfo

from .exact import BadStamp, EPOCH, MS_PER_DAY, ceil_div, day_of, instant, rounded, stamp, text
from .numbers import Number, normalize
from .reference import TERMS

DEFAULT_TERMS = dict(initial_increment=1, subsequent_increment=1, minimum_seconds=0, grace_seconds=0, connect_fee="0",
                     minimum_charge="0", maximum_charge=None)
TO_PSTN, FROM_PSTN = {"outbound", "terminating", "egress"}, {"inbound", "originating", "ingress"}
DOMESTIC_JURISDICTIONS = ("interstate", "intrastate", "local", "indeterminate")
LIMIT = 10**7


# -- enrichment --------------------------------------------------------------------------------------------------------

def called_number(cdr, ref, flags):
    """E1: the number called, with the rn and npdi that count for it."""
    dni, ruri = normalize(cdr.get("dni"), ref), normalize(cdr.get("sip_ruri"), ref)
    if "RN_INVALID" in ruri.flags:
        flags.add("RN_INVALID")
    good = lambda n: n.kind not in ("missing", "invalid")
    chosen = dni if good(dni) else ruri if good(ruri) else ruri if dni.kind == "missing" else dni
    rn, npdi = ruri.rn, ruri.npdi
    if (rn or npdi) and (ruri.e164 is None or ruri.e164 != chosen.e164):
        flags.add("RURI_DNI_MISMATCH")
        rn, npdi = None, False
    return chosen, rn, npdi


def split_values(header):
    """J1: values of a header; commas inside "..." or <...> don't split."""
    out, quoted, angle, value = [], False, False, ""
    for c in header or "":
        if c == '"' and not angle:
            quoted = not quoted
        elif c == "<" and not quoted:
            angle = True
        elif c == ">" and not quoted:
            angle = False
        if c == "," and not quoted and not angle:
            out, value = out + [value], ""
        else:
            value += c
    return out + [value]


def calling_number(cdr, direction, btn, ref, flags):
    """J1-J3: the caller and where we know him from."""
    tollfree = None
    for source, column in (("pci", "sip_pci"), ("pai", "sip_pai"), ("rpid", "sip_rpid"), ("raw", "raw_ani"), ("from", "sip_from")):
        for value in split_values(cdr.get(column)):
            n = normalize(value, ref)
            if n.kind in ("geographic", "international"):
                return n, source
            if n.kind == "anonymous":
                flags.add("ANI_RESTRICTED")
            elif n.kind == "invalid":
                flags.add("ANI_INVALID")
            elif n.kind == "tollfree" and tollfree is None:
                tollfree = (n, source)
    if direction == "TERMINATING" and normalize(btn, ref).kind == "geographic":
        flags.add("ANI_FALLBACK_BTN")
        return normalize(btn, ref), "btn"
    flags.add("ANI_TOLLFREE" if tollfree else "ANI_MISSING")
    return tollfree or (None, "none")


def location(number, lrn, ref, flags):
    """E5: state, LATA, OCN of the LRN's block; the rate centre of the number's own."""
    own = ref.block(number.national)
    block = ref.block(lrn)
    if block is None and lrn != number.national:
        flags.add("LRN_NOT_IN_LERG")
    block = block or own
    if block is None:
        flags.add("LERG_MISS")
        block = {"state": ref.npa[number.national[:3]]["state"], "lata": None, "ocn": None}
    return {"state": block["state"], "lata": block["lata"], "ocn": block["ocn"],
            "rate_center": own["rate_center"] if own else None}


NOWHERE = {"state": None, "lata": None, "ocn": None, "rate_center": None}


def dip(number, rn, npdi, at, ref):
    """E2, E3."""
    if number is None or number.kind != "geographic":
        return None, "none"
    if rn:
        return rn, "uri_rn"
    if npdi:
        return number.national, "uri_npdi"
    lrn = ref.ported_to(number.national, at)
    return (lrn, "table") if lrn else (number.national, "self")


# -- jurisdiction ------------------------------------------------------------------------------------------------------

def domestic_jurisdiction(ani, a, d, ref, flags):
    """J7."""
    if ani is None or ani.kind == "tollfree":
        return "indeterminate"
    if ani.kind == "international":
        flags.add("ANI_FOREIGN")
        return "indeterminate"
    if a["state"] is None or d["state"] is None:
        flags.add("STATE_UNKNOWN")
        return "indeterminate"
    if a["rate_center"] and d["rate_center"]:
        if a["state"] == d["state"] and a["rate_center"] == d["rate_center"]:
            return "local"
        pair = {(a["state"], a["rate_center"]), (d["state"], d["rate_center"])}
        if any(pair <= area for area in ref.areas.values()):
            return "local"
    return "intrastate" if a["state"] == d["state"] else "interstate"


def jurisdiction_of(direction, ani, dni, a, d, ref, flags):
    """J5, J6."""
    kind = dni.kind
    if direction is None:
        return "invalid"
    if kind == "nongeographic":
        flags.add("NON_GEOGRAPHIC")
        return "indeterminate"
    if direction == "TERMINATING" and kind in ("emergency", "service", "premium", "tollfree", "international"):
        return kind
    if direction == "ORIGINATING" and kind in ("tollfree", "international"):
        return kind
    if kind == "geographic":
        if direction == "ORIGINATING" and ani is not None and ani.kind == "international":
            return "international"
        return domestic_jurisdiction(ani, a, d, ref, flags)
    flags.add("DNI_INVALID")
    return "invalid"


def by_states(ani, ani_state, other_state):
    if ani is not None and ani.kind == "international":
        return "international"
    if ani_state is None or other_state is None:
        return "indeterminate"
    return "intrastate" if ani_state == other_state else "interstate"


def tax_jurisdiction_of(direction, jurisdiction, ani, dni, a, d, ring_to, ref):
    """J8."""
    if jurisdiction in ("emergency", "invalid"):
        return "none"
    if jurisdiction == "service":
        return by_states(ani, a["state"], ref.npa[dni.national[:3]]["state"]) if dni.national else "intrastate"
    if jurisdiction == "premium" or dni.kind == "nongeographic":
        return "indeterminate"
    if jurisdiction == "international":
        return "international"
    if jurisdiction == "tollfree":
        if direction == "TERMINATING":
            return "indeterminate"
        ring = normalize(ring_to, ref)
        block = ref.block(ring.national) if ring.national else None
        state = block["state"] if block else ref.npa[ring.national[:3]]["state"] if ring.national else None
        return by_states(ani, a["state"], state)
    if ani is None or ani.kind == "tollfree":
        return "indeterminate"
    return by_states(ani, a["state"], d["state"])


def class_key_of(direction, jurisdiction):
    """K1-K3."""
    if direction is None:
        return "UNKNOWN"
    if jurisdiction in DOMESTIC_JURISDICTIONS:
        return "TERMINATING:DOMESTIC:" + jurisdiction.upper() if direction == "TERMINATING" else "ORIGINATING:DOMESTIC"
    return f"{direction}:{jurisdiction.upper()}"


# -- duration and terms ------------------------------------------------------------------------------------------------

def read_stamps(record, names, flags):
    out = {}
    for name in names:
        try:
            out[name] = instant(record.get(name))
        except BadStamp:
            flags.add("BAD_TIMESTAMP")
            out[name] = None
    return out


def terms_of(row, billing):
    """R9, field by field."""
    pick = lambda k: next((s[k] for s in (row, billing) if s and s.get(k) is not None), DEFAULT_TERMS[k])
    return {k: pick(k) for k in TERMS}


def billed_seconds(duration_ms, terms):
    """D6-D8: seconds and whether fees apply."""
    first, step = int(terms["initial_increment"]), int(terms["subsequent_increment"])
    if duration_ms == 0 or duration_ms <= int(terms["grace_seconds"]) * 1000:
        return 0, False
    seconds = first if duration_ms <= first * 1000 else first + ceil_div(duration_ms - first * 1000, step * 1000) * step
    return max(seconds, int(terms["minimum_seconds"])), True


def charge_of(rate, seconds, terms):
    """R11."""
    exact = max(F(terms["connect_fee"]) + F(rate) * seconds / 60, F(terms["minimum_charge"]))
    charge = rounded(exact, 5)
    return charge if terms["maximum_charge"] is None else min(charge, F(terms["maximum_charge"]))


def band(at, time_of_day):
    """R10: the multiplier of the first band that holds the instant."""
    if not time_of_day:
        return F(1)
    utc = (EPOCH + dt.timedelta(milliseconds=at)).replace(tzinfo=dt.timezone.utc)
    local = utc.astimezone(ZoneInfo(time_of_day["timezone"]))
    minute_ms = (local.hour * 3600 + local.minute * 60 + local.second) * 1000 + local.microsecond // 1000
    clock = lambda s: (int(s[:2]) * 60 + int(s[3:])) * 60_000
    today, yesterday = local.isoweekday(), (local.isoweekday() - 2) % 7 + 1
    for b in time_of_day["bands"]:
        start, end = clock(b["from"]), clock(b["to"])
        if start < end:
            inside = today in b["days"] and start <= minute_ms < end
        else:
            inside = (today in b["days"] and minute_ms >= start) or (yesterday in b["days"] and minute_ms < end)
        if inside:
            return F(b["multiplier"])
    return F(1)


# -- rates -------------------------------------------------------------------------------------------------------------

def column(row, name):
    """R5; `rate` stands alone."""
    get = lambda k: F(row[k]) if row.get(k) is not None else None
    if name == "indeterminate" and get("indeterminate") is None:
        both = [v for v in (get("interstate"), get("intrastate")) if v is not None]
        return max(both) if both else None
    for k in {"local": ("local", "intrastate", "interstate"), "intrastate": ("intrastate", "interstate")}.get(name, (name,)):
        if get(k) is not None:
            return get(k)
    return None


def longest(digits, lengths, inline, deck, scope, at, ref):
    """R4, R6: inline rows and deck rows in force as one set; the inline row wins for an equal prefix."""
    for n in lengths:
        prefix = digits[:n]
        if len(prefix) < n:
            continue
        if prefix in inline:
            return prefix, inline[prefix]
        row = ref.deck_row(deck, scope, prefix, at) if deck else None
        if row:
            return prefix, row
    return None, None


def plan_rate(plan, call, ref):
    """The rate one plan gives a call: (prefix, rate before bands, terms, flat) or None."""
    rates, at = plan["rates"], call["at"]
    billing, jurisdiction, dni = rates.get("billing"), call["jurisdiction"], call["dni_number"]
    term, orig = rates.get("terminating", {}), rates.get("originating", {})
    found = lambda prefix, row, value: (prefix, value, terms_of(row, billing), False) if value is not None else None
    if dni.kind == "tollfree":                                                      # R13
        row = term if call["direction"] == "TERMINATING" else orig
        name = call["tax_jurisdiction"]
        value = column(row, name)
        if value is None and name == "international":
            value = column(row, "indeterminate")
        return found("tollfree", row, value)
    if call["direction"] == "ORIGINATING":
        if jurisdiction == "international":
            row = orig.get("international", {})
            return found("originating_international", row, column(row, "rate"))
        row = orig.get("domestic", {})
        return found("originating", row, column(row, jurisdiction))
    if jurisdiction == "service":                                                   # R7
        price = term.get("service_codes", {}).get(dni.service_code)
        flat_terms = {**terms_of(None, billing), "connect_fee": "0", "minimum_charge": "0", "maximum_charge": None}
        return (dni.service_code, F(price), flat_terms, True) if price is not None else None
    if jurisdiction == "premium":
        inline = term.get("premium", {}).get("prefixes", {})
        prefix, row = longest(dni.national, range(10, 2, -1), inline, None, None, at, ref)
        return found(prefix, row, column(row, "rate")) if row else None
    if jurisdiction == "international":                                             # R6
        inline = term.get("international", {}).get("prefixes", {})
        prefix, row = longest(dni.e164[1:], range(15, 0, -1), inline, rates.get("deck"), "international", at, ref)
        return found(prefix, row, column(row, "rate")) if row else None
    domestic = term.get("domestic", {})
    prefix, row = longest(call["dni_lrn"] or dni.national, (7, 6, 3), domestic.get("prefixes", {}), rates.get("deck"), "domestic", at, ref)
    if row is None and "default" in domestic:
        prefix, row = "default", domestic["default"]
    return found(prefix, row, column(row, jurisdiction)) if row else None


def choose(kind, customer, at, look_up, ref, flags):
    """R2, R3: the plan that answers and its answer; DEFAULT_PLAN_USED, NO_RATE and NO_PLAN are flagged."""
    own = ref.plan(kind, customer["id"], at) if customer else None
    default = ref.plan(kind, None, at)
    answer = look_up(own) if own else None
    if answer is not None:
        return own, answer
    if default and (own is None or own["rates"].get("fallback_to_default") is not False):
        answer = look_up(default)
        if answer is not None:
            flags.add("DEFAULT_PLAN_USED")
            return default, answer
    flags.add("NO_RATE")
    if own is None and default is None:
        flags.add("NO_PLAN")
    return None, None


def vendor_rate(name, call, ref):
    """R14: (prefix, rate, terms) or None."""
    vendor = ref.vendors.get(name) if name else None
    if vendor is None:
        return None
    billing, jurisdiction, dni = vendor.get("billing"), call["jurisdiction"], call["dni_number"]
    if call["direction"] == "TERMINATING" and jurisdiction in DOMESTIC_JURISDICTIONS + ("international",):
        if jurisdiction == "international":
            prefix, row = longest(dni.e164[1:], range(15, 0, -1), {}, vendor.get("deck"), "international", call["at"], ref)
            value = column(row, "rate") if row else None
        else:
            digits = call["dni_lrn"] or dni.national
            prefix, row = longest(digits, (7, 6, 3), {}, vendor.get("deck"), "domestic", call["at"], ref)
            value = column(row, jurisdiction) if row else None
        return (prefix, value, terms_of(row, billing)) if value is not None else None
    flat = vendor.get("flat", {}).get(call["class_key"])
    return ("flat", F(flat), terms_of(None, billing)) if flat is not None else None


def vendor_cost(name, duration_ms, call, ref):
    """The vendor's prefix, rate, billed seconds and cost; all None without a rate."""
    if call["jurisdiction"] == "emergency":
        return None, None, None, F(0)
    found = vendor_rate(name, call, ref)
    if found is None:
        return None, None, None, None
    prefix, rate, terms = found
    seconds, fees = billed_seconds(duration_ms, terms)
    cost = rounded(F(terms["connect_fee"]) + rate * seconds / 60, 5) if fees else F(0)
    return prefix, rate, seconds, cost


# -- the record --------------------------------------------------------------------------------------------------------

def classify(cdr, ref):
    """Everything that doesn't depend on money: evidence, stamps, flags, and why it is held."""
    flags = set()
    t = read_stamps(cdr, ("start_stamp", "answer_stamp", "end_stamp", "created_at"), flags)
    start, answer, end, created = t["start_stamp"], t["answer_stamp"], t["end_stamp"], t["created_at"]
    at = next((x for x in (answer, start, end) if x is not None), None)
    duration = end - answer if answer is not None and end is not None else None
    customer = ref.customers.get(cdr.get("customer_ban"))
    held = set(flags)
    for reason, applies in (("NO_TIMESTAMP", at is None), ("MISSING_END", answer is not None and end is None),
                            ("NEGATIVE_DURATION", duration is not None and duration < 0),
                            ("EXCESSIVE_DURATION", duration is not None and duration > MS_PER_DAY),
                            ("FUTURE_TIMESTAMP", None not in (at, created) and at > created + 300_000),
                            ("UNKNOWN_CUSTOMER", customer is None)):
        if applies:
            held.add(reason)
    if start is not None and ((answer is not None and answer < start) or (answer is None and end is not None and end < start)):
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
        "id": cdr.get("id"), "sip_uuid": cdr.get("sip_uuid"), "customer_ban": cdr.get("customer_ban"), "service": "voice",
        "direction": direction, "answered": answer is not None, "duration_ms": duration, "rating_instant": stamp(at), "usage_date": day_of(at),
        "ani": ani.shown if ani else None, "ani_kind": ani.kind if ani else None, "ani_source": source, "ani_lrn": ani_lrn,
        "ani_lrn_source": ani_lrn_source, "ani_state": a["state"], "ani_lata": a["lata"], "ani_ocn": a["ocn"], "ani_rate_center": a["rate_center"],
        "dni": dni.shown, "dni_kind": dni.kind, "dni_country": dni.country, "dni_lrn": dni_lrn, "dni_lrn_source": dni_lrn_source,
        "dni_state": d["state"], "dni_lata": d["lata"], "dni_ocn": d["ocn"], "dni_rate_center": d["rate_center"],
        "resporg": tf["resporg"] if tf else None, "cic": tf["cic"] if tf else None, "ring_to": ring_to, "jurisdiction": jurisdiction,
        "tax_jurisdiction": tax, "class_key": key, "sku": sku, "ref_version": ref.version, "vendor": cdr.get("selected_vendor"),
        # not shown: what rating needs
        "at": at, "dni_number": dni, "customer": customer, "held": held, "flags": flags,
    }


MONEY = ("billed_seconds", "rate_plan_id", "rate_prefix", "rate_per_minute", "charge", "vendor_rate_prefix", "vendor_rate",
         "vendor_billed_seconds", "vendor_cost", "margin", "margin_percentage")


def rate_call(cdr, ref):
    call = classify(cdr, ref)
    call.update(dict.fromkeys(MONEY))
    flags, duration = call["flags"], call["duration_ms"]
    if call["held"]:
        flags |= call["held"]
        return finish(call, "held")
    if not call["answered"]:                                                        # D5
        call.update(billed_seconds=0, charge=F(0), vendor_cost=F(0), margin=F(0))
        return finish(call, "not_billable")
    if call["jurisdiction"] == "invalid":                                           # R8
        return finish(call, "unrated")

    code = call["dni_number"].service_code
    free = call["jurisdiction"] == "emergency" or (call["jurisdiction"] == "service" and code in ("711", "988"))
    waived = False                                                                  # D6, D7: nothing to pay, no ZERO_RATED
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
            call.update(billed_seconds=seconds, rate_plan_id=plan["id"], rate_prefix=prefix, rate_per_minute=F(0) if flat else rate, charge=charge)
    if free:
        call.update(billed_seconds=0, rate_per_minute=F(0), charge=F(0))
    elif call["charge"] == 0 and not waived:
        flags.add("ZERO_RATED")                                                     # R12
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
