"""Checks the oracle itself against the public vectors: `python3 oracle.py --vectors DIR`."""

import datetime as dt
import json
import os
from fractions import Fraction as F

from . import calls, invoices, messages, places, rates, vendors
from .exact import MS_PER_DAY, instant, rounded, text
from .numbers import normalize
from .reference import Reference
from .wallet import Wallet


def ani(i, ref):
    flags = set()
    number, source = places.calling_number(i, i["direction"], i.get("btn"), ref, flags)
    return {
        "ani": number.shown if number else None,
        "ani_kind": number.kind if number else None,
        "ani_source": source,
        "flags": sorted(flags),
    }


def duration(i, ref):
    answer, end = instant(i.get("answer")), instant(i.get("end"))
    ms = end - answer if None not in (answer, end) else None
    flags = set()
    if ms is not None and ms < 0:
        flags.add("NEGATIVE_DURATION")
    if ms is not None and ms > MS_PER_DAY:
        flags.add("EXCESSIVE_DURATION")
    if answer is not None and end is None:
        flags.add("MISSING_END")
    seconds = None
    if ms is not None and not flags:
        seconds, fees = rates.billed_seconds(ms, rates.terms_of(i.get("terms"), None))
        if not fees:
            flags.add("GRACE" if ms else "ZERO_DURATION")
    return {"duration_ms": ms, "billed_seconds": seconds, "flags": sorted(flags)}


def charge(i, ref):
    return {"charge": text(rates.charge_of(i["rate"], i["billed_seconds"], rates.terms_of(i.get("terms"), None)), 5)}


def margin(i, ref):
    rate, cost = F(i["rate"]), F(i["cost"])
    return {"margin": text(rate - cost, 7), "margin_percentage": text((rate - cost) / rate * 100, 2) if rate else None}


def band(i, ref):
    m = rates.band(instant(i["instant"]), i["time_of_day"])
    return {"multiplier": text(m, 7), "rate": text(rounded(F(i["rate"]) * m, 7), 7)}


def batch(i, ref):
    rate = {
        "voice": calls.rate_call,
        "api": messages.rate_api,
        "message": messages.rate_message,
        "sms": messages.rate_message,
    }[i["service"]]
    key = {"voice": "sip_uuid", "api": "id"}.get(i["service"], "msgid")
    seen, out = {}, []
    for r in i["records"]:
        k = r.get(key)
        if k is None or k not in seen:
            seen.setdefault(k, r)
            x = rate(r, ref)
            out.append({"id": k, "outcome": "kept", "status": x["status"], "charge": x["charge"], "flags": x["flags"]})
        elif r == seen[k]:
            out.append({"id": k, "outcome": "ignored", "status": None, "charge": None, "flags": []})
        else:
            out.append({"id": k, "outcome": "kept", "status": "held", "charge": None, "flags": ["DUPLICATE_CONFLICT"]})
    return {"records": out}


def segments(i, ref):
    return dict(zip(("encoding", "length", "segments"), messages.segments(i["body"], i.get("coding"))))


def wallet(i, ref):
    """Only cases without holds and without automatic recharge."""
    start = dict(i["wallet"])
    if start.get("auto_recharge") or any(o["op"] not in ("debit", "topup", "refund") for o in i["ops"]):
        return None
    w = Wallet(
        start["model"],
        start.get("balance", "0"),
        start.get("credit_limit", "0"),
        start.get("accrued", "0"),
        start.get("residue", "0"),
        start.get("suspended", False),
        start.get("high_water_mark"),
        start.get("alert_level"),
    )
    steps = []
    for op in i["ops"]:
        before, flags, alert, ok = w.balance, [], None, True
        if op["op"] == "debit":
            result = w.debit(op["charge"])
            ok = result is not None
            _, _, flags, alert = result or (None, None, [], None)
        else:
            result = w.topup(op["amount"]) if op["op"] == "topup" else w.refund(op["amount"])
            ok = result is not None and result is not False
        kind = {"debit": "charge", "topup": "payment", "refund": "refund"}[op["op"]]
        ledger = [
            {
                "type": kind,
                "amount": text(w.balance - before, 4),
                "balance_before": text(before, 4),
                "balance_after": text(w.balance, 4),
            }
        ]
        steps.append(
            {
                "op": op["op"],
                "ok": ok,
                "error": None if ok else "AMOUNT_OVERFLOW",
                "alert": alert,
                "recharge": None,
                "flags": flags,
                "ledger": ledger if w.balance != before else [],
                "held": "0.0000",
                **w.state(),
            }
        )
    return {"steps": steps}


def invoice(i, ref):
    return invoices.invoice(
        i["customer"],
        i["records"],
        i.get("modifiers") or {},
        dt.date.fromisoformat(i["invoice_date"]),
        i["period_days"],
        i.get("active_days", i["period_days"]),
        ref.skus,
        ref.taxes,
    )


def cycle(i, ref):
    return invoices.cycle_fields(instant(i["instant"]), i["cycle"], i.get("timezone", "UTC"), i.get("anchor_day", 1))


RUN = {
    "normalize": lambda i, ref: normalize(i["raw"], ref, i.get("context", "voice")).fields(),
    "ani": ani,
    "duration": duration,
    "charge": charge,
    "margin": margin,
    "band": band,
    "voice": calls.rate_call,
    "message": messages.rate_message,
    "api": messages.rate_api,
    "batch": batch,
    "segments": segments,
    "wallet": wallet,
    "invoice": invoice,
    "cycle": cycle,
    "usage_summary": lambda i, ref: {"rows": invoices.usage_summary(i["records"])},
    "mos": lambda i, ref: {"mos": text(vendors.mos(i), 2)},
    "vendor_performance": lambda i, ref: vendors.performance(
        i["cdrs"], i.get("targets"), i.get("sla"), i.get("payable")
    ),
    "vendor_period": lambda i, ref: vendors.vendor_period(i["cycle"], i["net_days"], i["date"]),
    "reconcile": lambda i, ref: vendors.reconcile(i["ours"], i["theirs"], i["invoice_date"], i["dispute_date"], ref),
}


def differences(want, got, path=""):
    if isinstance(want, dict) and isinstance(got, dict):
        return [
            d
            for k in want
            for d in (differences(want[k], got[k], f"{path}.{k}") if k in got else [f"{path}.{k} is absent"])
        ]
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [d for n, (w, g) in enumerate(zip(want, got)) for d in differences(w, g, f"{path}[{n}]")]
    return [] if want == got and type(want) is type(got) else [f"{path}: want {want!r}, got {got!r}"]


def check(directory):
    """Runs every case of a kind the oracle knows; prints the differences; returns how many cases failed."""
    ref = Reference(os.path.join(directory, "ref"))
    passed, failed, skipped = 0, 0, {}
    for name in sorted(os.listdir(directory)):
        if not name.endswith(".jsonl"):
            continue
        with open(os.path.join(directory, name), encoding="utf-8") as f:
            for line in f:
                case = json.loads(line)
                got = RUN[case["kind"]](case["input"], ref) if case["kind"] in RUN else None
                if got is None:
                    skipped[case["kind"]] = skipped.get(case["kind"], 0) + 1
                    continue
                diff = differences(case["expect"], got)
                passed, failed = passed + (not diff), failed + bool(diff)
                if diff:
                    print(case["id"], case["rules"], case["note"], *diff, sep="\n    ")
    print(f"{passed} passed, {failed} failed; not run: {skipped}")
    return failed
