"""Billing cycles, invoices, taxes and the daily summary (sections I and T)."""

import datetime as dt
from collections import defaultdict
from fractions import Fraction as F
from zoneinfo import ZoneInfo

from .exact import EPOCH, instant, rounded, stamp, text

UTC = dt.timezone.utc


def local_midnight(date, zone):
    """The UTC instant at which a local day begins."""
    t = dt.datetime(date.year, date.month, date.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return (t.replace(tzinfo=None) - EPOCH) // dt.timedelta(milliseconds=1)


def period_of(at, cycle, zone="UTC", anchor=1):
    """I1: first and last local date of the period that holds an instant."""
    today = (EPOCH + dt.timedelta(milliseconds=at)).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
    if cycle == "daily":
        return today, today
    if cycle == "weekly":
        start = today - dt.timedelta(days=today.weekday())
        return start, start + dt.timedelta(days=6)
    start = today.replace(day=anchor)
    if start > today:
        start = (start.replace(day=1) - dt.timedelta(days=1)).replace(day=anchor)
    following = (start.replace(day=1) + dt.timedelta(days=32)).replace(day=anchor)
    return start, following - dt.timedelta(days=1)


def utc_span(start, end, zone):
    return local_midnight(start, zone), local_midnight(end + dt.timedelta(days=1), zone)


# -- modifiers ---------------------------------------------------------------------------------------------------------


def group(record):
    return record["class_key"], record["tax_jurisdiction"]


def bundle_credits(records, bundles):
    """I3: credit per record, and the seconds covered."""
    credit, covered = defaultdict(F), defaultdict(int)
    for b in bundles:
        left = b["seconds"]
        for r in sorted(
            (r for r in records if r["class_key"] in b["keys"]), key=lambda r: (instant(r["instant"]), r["id"])
        ):
            take = min(left, (r["billed_seconds"] or 0) - covered[r["id"]])
            if take <= 0:
                continue
            credit[r["id"]] += min(rounded(F(r["rate_per_minute"]) * take / 60, 5), F(r["charge"]) - credit[r["id"]])
            covered[r["id"]] += take
            left -= take
    return credit, covered


def volume_pct(volume, records, covered, net):
    """I4: the percentage of a volume discount, exact."""
    mine = lambda key: not volume.get("keys") or key in volume["keys"]
    chosen = [r for r in records if mine(r["class_key"])]
    if volume["metric"] == "minutes":
        amount = F(sum((r["billed_seconds"] or 0) - covered[r["id"]] for r in chosen), 60)
    elif volume["metric"] == "spend":
        amount = sum((v for g, v in net.items() if mine(g[0])), F(0))
    else:
        amount = F(sum(r["units"] or 0 for r in chosen))
    tiers = [(F(t["from"]), F(t["discount_pct"])) for t in volume["tiers"]]
    if volume["mode"] == "all_units":
        return [pct for start, pct in tiers if start <= amount][-1]
    if amount == 0:
        return F(0)
    ends = [start for start, _ in tiers[1:]] + [amount]
    return sum(max(F(0), min(end, amount) - start) * pct for (start, pct), end in zip(tiers, ends)) / amount


def modified(records, modifiers):
    """I2-I4: per group gross, bundle, volume and promotion credits."""
    groups = defaultdict(lambda: dict.fromkeys(("gross", "bundle", "volume", "promo"), F(0)))
    credit, covered = bundle_credits(records, modifiers.get("bundles") or [])
    for r in records:
        groups[group(r)]["gross"] += F(r["charge"])
        groups[group(r)]["bundle"] += credit[r["id"]]
    rest = lambda g: groups[g]["gross"] - groups[g]["bundle"] - groups[g]["volume"] - groups[g]["promo"]
    volume = modifiers.get("volume")
    if volume:
        pct = volume_pct(volume, records, covered, {g: rest(g) for g in groups})
        for g in groups:
            if not volume.get("keys") or g[0] in volume["keys"]:
                groups[g]["volume"] = rounded(rest(g) * pct / 100, 5)
    for p in modifiers.get("promotions") or []:
        left = {g: rest(g) for g in sorted(groups)}
        total = sum(left.values(), F(0))
        if p["type"] == "percent":
            for g, v in left.items():
                groups[g]["promo"] += rounded(v * F(p["value"]) / 100, 5)
        elif total > 0:
            amount, cumulative, given = min(F(p["value"]), total), F(0), F(0)
            for g, v in left.items():
                cumulative += v
                share = rounded(amount * cumulative / total, 5) - given
                given += share
                groups[g]["promo"] += share
    return groups


# -- the invoice -------------------------------------------------------------------------------------------------------


def exempt(customer, tax, date):
    return any(
        e["tax"] in (tax, "all")
        and dt.date.fromisoformat(e["valid_from"]) <= date
        and (e["valid_to"] is None or date <= dt.date.fromisoformat(e["valid_to"]))
        for e in customer.get("exemptions") or []
    )


def taxes_of(customer, bases, date, rules, per_line=True):
    """T1-T4."""
    piu = F(customer.get("indeterminate_piu") or 1)
    base = (
        bases["interstate"] + bases["indeterminate"] * piu + bases["recurring"] * F(customer.get("recurring_piu") or 0)
    )
    if customer.get("usf_international") is not False:
        base += bases["international"]
    factor = max(
        (u for u in rules["usf"] if dt.date.fromisoformat(u["effective"]) <= date), key=lambda u: u["effective"]
    )["factor"]
    usf_free = exempt(customer, "federal_usf", date)
    usf = F(0) if usf_free else rounded(base * F(factor), 2)
    lines = [{"id": "federal_usf", "amount": usf, "exempt": usf_free}]
    for rule in rules["rules"]:
        if rule["state"] != customer["service_state"]:
            continue
        free = exempt(customer, rule["id"], date)
        if rule["kind"] == "per_line":
            amount = F(rule["amount"]) * customer["lines"] if per_line else F(0)
        else:
            amount = F(rule["rate"]) * sum((usf if b == "usf" else bases[b] for b in rule["base"]), F(0))
        lines.append({"id": rule["id"], "amount": F(0) if free else rounded(amount, 2), "exempt": free})
    return sorted(lines, key=lambda t: t["id"])


def form499(customer, groups, recurring, date):
    """T5."""
    sums = defaultdict(F)
    for (key, tax), net in groups.items():
        sums["non_telecom" if key.split(":")[0] in ("SMS", "MMS", "API") else tax] += net
    piu, rpiu = F(customer.get("indeterminate_piu") or 1), F(customer.get("recurring_piu") or 0)
    interstate = sums["interstate"] + sums["indeterminate"] * piu + recurring * rpiu
    telecom = sum((v for k, v in sums.items() if k != "non_telecom"), F(0)) + recurring
    carrier = customer.get("wholesale") and exempt(customer, "federal_usf", date)
    return {
        "class": "carrier_carrier" if carrier else "end_user",
        "interstate": text(interstate, 5),
        "international": text(sums["international"], 5),
        "intrastate": text(telecom - interstate - sums["international"], 5),
        "non_telecom": text(sums["non_telecom"], 5),
    }


def invoice(customer, records, modifiers, date, period_days, active_days, skus, rules, once_a_month=True):
    """I2-I6: lines, taxes, totals. `records` carry instant, billed_seconds, units, rate_per_minute and charge."""
    records = [r for r in records if r["status"] == "rated"]
    groups = modified(records, modifiers)
    net = {g: v["gross"] - v["bundle"] - v["volume"] - v["promo"] for g, v in groups.items()}
    lines = []
    for key in sorted({g[0] for g in groups}):
        part = lambda name: sum((v[name] for g, v in groups.items() if g[0] == key), F(0))
        total = sum((v for g, v in net.items() if g[0] == key), F(0))
        lines.append(
            {
                "class_key": key,
                "sku": skus.get(key),
                "gross": part("gross"),
                "bundle_credit": part("bundle"),
                "volume_discount": part("volume"),
                "promo_credit": part("promo"),
                "net": total,
                "amount": rounded(total, 2),
            }
        )
    recurring = F(0)
    if modifiers.get("monthly_fee") is not None and once_a_month:
        recurring = rounded(F(modifiers["monthly_fee"]) * active_days / period_days, 2)
        lines.append(
            {
                "class_key": "RECURRING",
                "sku": skus.get("RECURRING"),
                "gross": recurring,
                "bundle_credit": F(0),
                "volume_discount": F(0),
                "promo_credit": F(0),
                "net": recurring,
                "amount": recurring,
            }
        )
    bases = defaultdict(F, {"recurring": recurring})
    for (key, tax), v in net.items():
        bases["nontelecom" if key.split(":")[0] in ("SMS", "MMS", "API") else tax] += v
    taxes = taxes_of(customer, bases, date, rules, once_a_month)
    subtotal, tax_total = sum((l["amount"] for l in lines), F(0)), sum((t["amount"] for t in taxes), F(0))
    due = date + dt.timedelta(days=int(customer["payment_terms"].split("_")[1]))
    for line in lines:
        line["export"] = "held" if line["sku"] is None else "ready"
        for k in ("gross", "bundle_credit", "volume_discount", "promo_credit", "net"):
            line[k] = text(line[k], 5)
        line["amount"] = text(line["amount"], 2)
    return {
        "lines": lines,
        "subtotal": text(subtotal, 2),
        "taxes": [{**t, "amount": text(t["amount"], 2)} for t in taxes],
        "tax_total": text(tax_total, 2),
        "total": text(subtotal + tax_total, 2),
        "due_date": due.isoformat(),
        "form499": form499(customer, net, recurring, date),
    }


def usage_summary(records):
    """I7."""
    rows = defaultdict(lambda: defaultdict(F))
    for r in records:
        if r["status"] != "rated":
            continue
        row, charge = rows[r["customer_ban"], r["usage_date"]], F(r["charge"])
        row["total_charges"] += charge
        if r["service"] in ("sms", "mms"):
            row["sms_count"] += r["units"]
            row["sms_charges"] += charge
        elif r["service"] == "voice":
            kind = "toll_free" if r["class_key"].endswith(":TOLLFREE") else "voice"
            row[kind + "_minutes"] += F(r["billed_seconds"], 60)
            row[kind + "_charges"] += charge
    out = []
    for (ban, day), row in sorted(rows.items()):
        line = {"customer_ban": ban, "usage_date": day, "sms_count": int(row["sms_count"])}
        line.update({k: text(row[k], 2) for k in ("voice_minutes", "toll_free_minutes")})
        line.update(
            {k: text(row[k], 4) for k in ("voice_charges", "sms_charges", "toll_free_charges", "total_charges")}
        )
        out.append(line)
    return out


def cycle_fields(at, cycle, zone, anchor):
    start, end = period_of(at, cycle, zone, anchor)
    first, last = utc_span(start, end, zone)
    return {
        "period_start": start.isoformat(),
        "period_end": end.isoformat(),
        "utc_start": stamp(first),
        "utc_end": stamp(last),
        "invoice_date": (end + dt.timedelta(days=1)).isoformat(),
    }
