"""Rating of one message (section S) and of one API usage record (section A)."""

from fractions import Fraction as F

from .calls import finish, with_margin
from .exact import day_of, read_stamps, rounded, stamp, thirteen_months_before
from .numbers import normalize
from .rates import choose

GSM_BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = set("^{}\\[~]|€\f")
BILLABLE = {"submitted", "accepted", "sent", "delivered", "undelivered", "expired"}
NOT_BILLABLE = {"failed", "rejected", "throttled"}


def segments(body, coding):
    """S1, S2: encoding, length in its own units, segments."""
    gsm = coding != 8 and all(c in GSM_BASIC or c in GSM_EXTENSION for c in body)
    if gsm:
        encoding, single, part, width = "GSM-7", 160, 153, lambda c: 2 if c in GSM_EXTENSION else 1
    else:
        encoding, single, part, width = "UCS-2", 70, 67, lambda c: 2 if ord(c) > 0xFFFF else 1
    length = sum(map(width, body))
    count = 1
    if length > single:
        used = 0
        for c in body:
            if used + width(c) > part:
                count, used = count + 1, 0
            used += width(c)
    return encoding, length, count


def instant_of(record, flags, ref):
    """D2, D3 for records with one stamp: the instant and the reasons to hold."""
    t = read_stamps(record, ("at", "created_at"), flags)
    held = set(flags)
    if t["at"] is None:
        held.add("NO_TIMESTAMP")
    elif t["created_at"] is not None and t["at"] > t["created_at"] + 300_000:
        held.add("FUTURE_TIMESTAMP")
    elif t["created_at"] is not None and t["at"] < thirteen_months_before(t["created_at"]):
        held.add("TOO_OLD")
    if record.get("customer_ban") not in ref.customers:
        held.add("UNKNOWN_CUSTOMER")
    return t["at"], held


def by_carrier(table, carrier):
    table = table or {}
    return F(table.get(carrier, table.get("default", "0")) if carrier is not None else table.get("default", "0"))


def longest_prefix(table, digits):
    return next((table[digits[:n]] for n in range(15, 0, -1) if len(digits) >= n and digits[:n] in table), None)


def rate_message(mdr, ref):
    flags = set()
    at, held = instant_of(mdr, flags, ref)
    kind = (mdr.get("type") or "").strip().lower()
    word = (mdr.get("direction") or "").strip().lower()
    direction = "outbound" if word in ("mt", "outbound") else "inbound" if word in ("mo", "inbound") else None
    status = (mdr.get("status") or "").strip().lower()
    source, destination = normalize(mdr.get("source"), ref, "sms"), normalize(mdr.get("destination"), ref, "sms")
    other = source if direction == "inbound" else destination
    out = {
        "id": mdr.get("msgid"),
        "customer_ban": mdr.get("customer_ban"),
        "service": kind,
        "direction": direction,
        "rating_instant": stamp(at),
        "usage_date": day_of(at),
        "source": source.shown,
        "destination": destination.shown,
        "country": other.country,
        "encoding": None,
        "units": None,
        "tax_jurisdiction": "none",
        "jurisdiction": "international" if other.kind == "international" else "domestic",
        "carrier": mdr.get("carrier"),
        "vendor": mdr.get("vendor"),
        "ref_version": ref.version,
        "class_key": None,
        "sku": None,
        "flags": flags,
        "at": at,
        "customer": ref.customers.get(mdr.get("customer_ban")),
        "held": held,
    }
    out.update(
        dict.fromkeys(
            (
                "rate",
                "surcharge",
                "vendor_rate",
                "vendor_fee",
                "charge",
                "vendor_cost",
                "margin",
                "margin_percentage",
                "rate_plan_id",
            )
        )
    )
    if kind not in ("sms", "mms"):
        held.add("BAD_TYPE")
        out["service"] = None
    else:
        out["class_key"] = f"{kind.upper()}:{(direction or 'unknown').upper()}"
        out["sku"] = ref.skus.get(out["class_key"])
        if out["sku"] is None:
            flags.add("SKU_UNMAPPED")
        out["units"], out["encoding"] = units_of(mdr, kind, flags)
    if direction is None:
        flags.add("UNKNOWN_DIRECTION")
    if direction == "outbound" and status not in BILLABLE | NOT_BILLABLE:
        held.add("BAD_STATUS")
    if held:
        flags |= held
        return finish(out, "held")
    if direction == "outbound" and status in NOT_BILLABLE:
        out.update(units=0, charge=F(0), vendor_cost=F(0), margin=F(0))
        return finish(out, "not_billable")
    if direction is None:
        return finish(out, "unrated")
    if direction == "outbound" and other.kind in ("invalid", "missing", "anonymous"):
        flags.add("DNI_INVALID")
        return finish(out, "unrated")

    name = f"{kind}_{direction}"
    abroad = other.kind == "international" and name == "sms_outbound"

    def look_up(plan):
        rates = plan["rates"]
        if abroad:
            return longest_prefix(rates.get("international", {}).get("prefixes", {}), other.e164[1:])
        return rates.get(name)

    plan, rate = choose("sms", out["customer"], at, look_up, ref, flags)
    if rate is not None:
        surcharge = by_carrier(plan["rates"].get("carrier_surcharges", {}).get(name), out["carrier"])
        out.update(
            rate=F(rate),
            surcharge=surcharge,
            rate_plan_id=plan["id"],
            charge=rounded((F(rate) + surcharge) * out["units"], 5),
        )
        if out["charge"] == 0:
            flags.add("ZERO_RATED")
    sms = ref.vendors.get(out["vendor"], {}).get("sms", {}) if out["vendor"] else {}
    if abroad and sms.get("international", {}).get("prefixes"):
        vendor_rate, fee = longest_prefix(sms["international"]["prefixes"], other.e164[1:]), F(0)
    else:
        vendor_rate, fee = sms.get(name), (
            by_carrier(sms.get("carrier_fees"), out["carrier"]) if direction == "outbound" else F(0)
        )
    if vendor_rate is None:
        flags.add("NO_VENDOR_RATE")
    else:
        out.update(
            vendor_rate=F(vendor_rate), vendor_fee=fee, vendor_cost=rounded((F(vendor_rate) + fee) * out["units"], 5)
        )
    return finish(out, with_margin(out))


def units_of(mdr, kind, flags):
    """S3: billed units and the encoding shown."""
    if kind == "mms":
        return 1, None
    body, reported = mdr.get("body"), mdr.get("segments")
    encoding, _, computed = segments(body, mdr.get("coding")) if body is not None else (None, None, None)
    if reported is not None and reported >= 1:
        if computed is not None and computed != reported:
            flags.add("SEGMENT_MISMATCH")
        return reported, encoding
    if computed is not None:
        return computed, encoding
    flags.add("SEGMENTS_ASSUMED")
    return 1, encoding


def rate_api(record, ref):
    """A1."""
    flags = set()
    at, held = instant_of(record, flags, ref)
    name = (record.get("api") or "").strip().upper()
    quantity, status = record.get("quantity", 1), (record.get("status") or "").strip().lower()
    quantity = 1 if quantity is None else quantity
    key = "API:" + name
    out = {
        "id": record.get("id"),
        "customer_ban": record.get("customer_ban"),
        "service": "api",
        "rating_instant": stamp(at),
        "usage_date": day_of(at),
        "units": None,
        "tax_jurisdiction": "none",
        "class_key": key,
        "sku": ref.skus.get(key),
        "vendor": record.get("vendor"),
        "ref_version": ref.version,
        "flags": flags,
        "at": at,
        "customer": ref.customers.get(record.get("customer_ban")),
        "held": held,
    }
    out.update(
        dict.fromkeys(("rate", "vendor_rate", "charge", "vendor_cost", "margin", "margin_percentage", "rate_plan_id"))
    )
    if out["sku"] is None:
        flags.add("SKU_UNMAPPED")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        held.add("BAD_QUANTITY")
    if status not in ("ok", "not_found", "error", "timeout", "throttled"):
        held.add("BAD_STATUS")
    if held:
        flags |= held
        return finish(out, "held")
    if status not in ("ok", "not_found"):
        out.update(units=0, charge=F(0), vendor_cost=F(0), margin=F(0))
        return finish(out, "not_billable")
    out["units"] = quantity
    plan, rate = choose("api", out["customer"], at, lambda p: p["rates"].get("per_query", {}).get(name), ref, flags)
    if rate is not None:
        out.update(rate=F(rate), rate_plan_id=plan["id"], charge=rounded(F(rate) * quantity, 5))
        if out["charge"] == 0:
            flags.add("ZERO_RATED")
    vendor_rate = ref.vendors.get(out["vendor"], {}).get("api", {}).get(name) if out["vendor"] else None
    if vendor_rate is None:
        flags.add("NO_VENDOR_RATE")
    else:
        out.update(vendor_rate=F(vendor_rate), vendor_cost=rounded(F(vendor_rate) * quantity, 5))
    return finish(out, with_margin(out))
