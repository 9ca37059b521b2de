"""What a call's seconds cost: durations, terms, plans, decks and vendors (sections D and R)."""

import datetime as dt
from fractions import Fraction as F
from zoneinfo import ZoneInfo

from .exact import EPOCH, ceil_div, rounded
from .places import DOMESTIC_JURISDICTIONS
from .reference import TERMS

DEFAULT_TERMS = dict(
    initial_increment=1,
    subsequent_increment=1,
    minimum_seconds=0,
    grace_seconds=0,
    connect_fee="0",
    minimum_charge="0",
    maximum_charge=None,
)


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
    for k in {"local": ("local", "intrastate", "interstate"), "intrastate": ("intrastate", "interstate")}.get(
        name, (name,)
    ):
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
    if dni.kind == "tollfree":  # R13
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
    if jurisdiction == "service":  # R7
        price = term.get("service_codes", {}).get(dni.service_code)
        flat_terms = {**terms_of(None, billing), "connect_fee": "0", "minimum_charge": "0", "maximum_charge": None}
        return (dni.service_code, F(price), flat_terms, True) if price is not None else None
    if jurisdiction == "premium":
        inline = term.get("premium", {}).get("prefixes", {})
        prefix, row = longest(dni.national, range(10, 2, -1), inline, None, None, at, ref)
        return found(prefix, row, column(row, "rate")) if row else None
    if jurisdiction == "international":  # R6
        inline = term.get("international", {}).get("prefixes", {})
        prefix, row = longest(dni.e164[1:], range(15, 0, -1), inline, rates.get("deck"), "international", at, ref)
        return found(prefix, row, column(row, "rate")) if row else None
    domestic = term.get("domestic", {})
    prefix, row = longest(
        call["dni_lrn"] or dni.national, (7, 6, 3), domestic.get("prefixes", {}), rates.get("deck"), "domestic", at, ref
    )
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
            prefix, row = longest(
                dni.e164[1:], range(15, 0, -1), {}, vendor.get("deck"), "international", call["at"], ref
            )
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
