"""Vendors: performance (section Q) and reconciliation with their statements (section C)."""

import datetime as dt
from fractions import Fraction as F

from .exact import MS_PER_DAY, ceil_div, instant, read_stamps, rounded, text
from .numbers import normalize

EFFECTIVE = {480, 486, 487, 600, 603}
TARGETS = {"asr": F(50), "ner": F(90), "pdd": F(3000), "mos": F(4), "acd": F(180), "cost": F("0.02")}
WEIGHTS = {"asr": 30, "ner": 20, "pdd": 15, "mos": 15, "acd": 10, "cost": 10}


def mos(c):
    """Q4, rounded; None without data."""
    if c.get("mos_score") is not None:
        return rounded(F(str(c["mos_score"])), 2)
    if c.get("packet_loss") is None or c.get("jitter_ms") is None:
        return None
    latency = F(str(c["latency_ms"])) if c.get("latency_ms") is not None else F(50)
    eff = latency + 2 * F(str(c["jitter_ms"])) + 10
    r = F("93.2") - (eff / 40 if eff < 160 else (eff - 120) / 10) - F("2.5") * F(str(c["packet_loss"]))
    r = min(max(r, F(0)), F(100))
    value = 1 + F("0.035") * r + F("0.000007") * r * (r - 60) * (100 - r)
    return min(max(rounded(value, 2), F(1)), F("4.5"))


def percentile(values, p):
    """Q3: nearest rank."""
    return sorted(values)[ceil_div(p * len(values), 100) - 1] if values else None


def performance(cdrs, targets=None, sla=None, payable=None):
    """Q1-Q7."""
    kept = []
    for c in cdrs:
        bad = set()
        t = read_stamps(c, ("start_stamp", "answer_stamp", "end_stamp"), bad)
        answer, end = t["answer_stamp"], t["end_stamp"]
        answered = (c.get("disposition") or "").lower() == "answered"
        talk = end - answer if None not in (answer, end) else None
        if (
            bad
            or (answer is not None and end is None)
            or (talk is not None and not 0 <= talk <= MS_PER_DAY)
            or (answered and answer is None)
        ):
            continue
        kept.append((c, answered, talk))
    n, ok = len(kept), [(c, talk) for c, answered, talk in kept if answered]
    effective = len(ok) + sum(1 for c, answered, _ in kept if not answered and c.get("sip_response_code") in EFFECTIVE)
    scores = [m for m in (mos(c) for c, _ in ok) if m is not None]
    pdd = [c["pdd_ms"] for c, _, _ in kept if c.get("pdd_ms") is not None]
    total = sum((F(c["vendor_cost"]) for c, _, _ in kept if c.get("vendor_cost") is not None), F(0))
    m = {
        "asr": rounded(F(len(ok) * 100, n), 2) if n else None,
        "ner": rounded(F(effective * 100, n), 2) if n else None,
        "pdd": percentile(pdd, 95),
        "mos": rounded(sum(scores) / len(scores), 2) if scores else None,
        "acd": rounded(F(sum(t for _, t in ok), 1000 * len(ok)), 2) if ok else None,
        "cost": rounded(total / len(ok), 5) if ok else None,
    }
    goal = {k: F(str((targets or {}).get(k, v))) for k, v in TARGETS.items()}
    parts = {
        k: (F(1) if v == 0 else min(F(1), goal[k] / v)) if k in ("pdd", "cost") else min(F(1), v / goal[k])
        for k, v in m.items()
        if v is not None
    }
    weight = sum(WEIGHTS[k] for k in parts)
    score = rounded(sum(WEIGHTS[k] * v for k, v in parts.items()) * 100 / weight, 2) if parts else None
    grade = (
        None
        if score is None
        else next((g for g, low in (("A", 90), ("B", 80), ("C", 70), ("D", 60)) if score >= low), "F")
    )
    out = {
        "attempts": n,
        "answered": len(ok),
        "asr": text(m["asr"], 2),
        "ner": text(m["ner"], 2),
        "acd": text(m["acd"], 2),
        "pdd_p50_ms": percentile(pdd, 50),
        "pdd_p95_ms": m["pdd"],
        "mos": text(m["mos"], 2),
        "total_cost": text(total, 5),
        "cost_per_successful_call": text(m["cost"], 5),
        "score": text(score, 2),
        "grade": grade,
    }
    if sla is not None:
        low = {"asr": "asr_min", "ner": "ner_min", "mos": "mos_min"}
        out["breaches"] = [
            k
            for k in ("asr", "ner", "pdd", "mos")
            if m[k] is not None
            and (
                m[k] > sla["pdd_p95_max_ms"]
                if k == "pdd" and sla.get("pdd_p95_max_ms") is not None
                else k in low and sla.get(low[k]) is not None and m[k] < F(sla[low[k]])
            )
        ]
        pct = max(-2 * len(out["breaches"]), -10) if out["breaches"] else 1 if score is not None and score >= 95 else 0
        out["adjustment_pct"] = pct
        if payable is not None:
            out["adjustment"] = text(F(payable) * pct / 100, 2)
    return out


def vendor_period(cycle, net_days, date):
    """C6."""
    day = dt.date.fromisoformat(date)
    if cycle == "weekly":
        start = day - dt.timedelta(days=day.weekday())
        after = start + dt.timedelta(days=7)
    else:
        months = 3 if cycle == "quarterly" else 1
        start = day.replace(month=(day.month - 1) // months * months + 1, day=1)
        after = (
            (start + dt.timedelta(days=31 * months)).replace(day=1)
            if months == 1
            else start.replace(year=start.year + (start.month == 10), month=(start.month + 2) % 12 + 1)
        )
    due = after + dt.timedelta(days=net_days)
    pay = due - dt.timedelta(days=max(0, due.weekday() - 4))
    iso = dt.date.isoformat
    return {
        "period_start": iso(start),
        "period_end": iso(after - dt.timedelta(days=1)),
        "invoice_date": iso(after),
        "due_date": iso(due),
        "pay_date": iso(pay),
    }


# -- reconciliation ----------------------------------------------------------------------------------------------------


class Side:
    """One record of either side with its numbers by e164."""

    def __init__(self, r, ref):
        self.key = r.get("id", r.get("line"))
        self.callid = (r.get("callid") or "").strip()
        self.ani, self.dni = normalize(r.get("ani"), ref).e164, normalize(r.get("dni"), ref).e164
        self.start, self.seconds = instant(r["start"]), r["billed_seconds"] or 0
        self.rate = F(r["rate"]) if r.get("rate") is not None else None
        self.cost = F(r["cost"]) if r.get("cost") is not None else F(0)

    def same(self):
        return (self.callid, self.dni) if self.callid else (self.ani, self.dni, self.start, self.seconds)


def sides(rows, order, ref):
    """C1: (first ones, duplicates, how many ignored)."""
    every = [Side(r, ref) for r in rows]
    kept = [s for s in every if s.seconds != 0 or s.cost != 0]
    seen, first, again = set(), [], []
    for s in sorted(kept, key=order):
        (again if s.same() in seen else first).append(s)
        seen.add(s.same())
    return first, again, len(every) - len(kept)


def pairs(ours, theirs):
    """C2."""
    matched, free_ours, free_theirs = [], list(ours), list(theirs)

    def take(o, t):
        matched.append((o, t))
        free_ours.remove(o)
        free_theirs.remove(t)

    for t in list(free_theirs):
        o = next((o for o in free_ours if t.callid and o.callid == t.callid and o.dni == t.dni), None)
        if o:
            take(o, t)
    second = lambda o, t: o.ani is not None and o.ani == t.ani and abs(o.start - t.start) <= 5000
    third = lambda o, t: None in (o.ani, t.ani) and abs(o.start - t.start) <= 2000 and abs(o.seconds - t.seconds) <= 2
    for fits in (second, third):
        candidates = [
            (abs(o.start - t.start), abs(o.seconds - t.seconds), o.key, t.key, o, t)
            for o in free_ours
            for t in free_theirs
            if o.dni is not None and o.dni == t.dni and fits(o, t)
        ]
        for *_, o, t in sorted(candidates, key=lambda c: c[:4]):
            if o in free_ours and t in free_theirs:
                take(o, t)
    return matched, free_ours, free_theirs


def issues_of(o, t):
    """C3."""
    out = []
    if abs(o.seconds - t.seconds) > 2:
        out.append("duration_mismatch")
    if None not in (o.rate, t.rate) and o.rate != t.rate:
        out.append("rate_mismatch")
    rate = t.rate if t.rate is not None else o.rate if o.rate is not None else F(0)
    if not out and abs(t.cost - o.cost) - rate * abs(t.seconds - o.seconds) / 60 > F("0.00010"):
        out.append("cost_mismatch")
    return out


def reconcile(ours, theirs, invoice_date, dispute_date, ref):
    """C1-C5."""
    our, our_again, ignored_ours = sides(ours, lambda s: (s.start, s.key), ref)
    their, their_again, ignored_theirs = sides(theirs, lambda s: s.key, ref)
    matched, only_ours, only_theirs = pairs(our, their)
    rows = []
    for o, t in matched:
        issues = issues_of(o, t)
        rows.append((o, t, issues[0] if issues else "matched", issues))
    for status, group in (("missing_ours", only_theirs), ("duplicate_theirs", their_again)):
        rows += [(None, t, status, [status]) for t in group]
    for status, group in (("missing_theirs", only_ours), ("duplicate_ours", our_again)):
        rows += [(o, None, status, [status]) for o in group]
    rows.sort(key=lambda r: (r[1] is None, r[1].key if r[1] else r[0].key))
    results, disputable = [], F(0)
    for o, t, status, issues in rows:
        delta = (t.cost if t else F(0)) - (o.cost if o else F(0))
        results.append(
            {
                "ours": o.key if o else None,
                "theirs": t.key if t else None,
                "status": status,
                "issues": issues,
                "cost_delta": text(delta, 5),
            }
        )
        if status != "matched" and delta > 0:
            disputable += delta
    window = dt.date.fromisoformat(dispute_date) <= dt.date.fromisoformat(invoice_date) + dt.timedelta(days=30)
    return {
        "results": results,
        "ignored_ours": ignored_ours,
        "ignored_theirs": ignored_theirs,
        "totals": totals(our, their + their_again),
        "dispute_open": window,
        "disputable": text(disputable if window else F(0), 5),
    }


def totals(ours, theirs):
    """C4."""
    out = {}
    for name, value, places in (
        ("calls", lambda s: 1, 0),
        ("billed_seconds", lambda s: s.seconds, 0),
        ("cost", lambda s: s.cost, 5),
    ):
        a, b = sum((F(value(s)) for s in ours), F(0)), sum((F(value(s)) for s in theirs), F(0))
        out[name] = {
            "ours": text(a, places),
            "theirs": text(b, places),
            "delta": text(b - a, places),
            "delta_pct": text(abs(b - a) / a * 100, 2) if a else None,
            "discrepancy": abs(b - a) / a > F(5, 100) if a else b != 0,
        }
    return out
