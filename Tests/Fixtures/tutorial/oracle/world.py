"""The whole tutorial day: usage, wallets, invoices, statement, scorecards, and the figures they come to."""

import csv
import datetime as dt
import json
import os
from collections import Counter, defaultdict
from fractions import Fraction as F

from . import invoices, vendors
from .door import USAGE, take_all
from .exact import instant, midnight, text
from .reference import Reference
from .wallet import Wallet

DAY = "2026-11-22"
STATEMENT = "telnyx-2026-11-22.csv"
MODIFIERS = ("monthly_fee", "bundles", "volume", "promotions")


class World:
    def __init__(self, directory):
        self.directory = directory
        self.ref = Reference(directory)
        self.steps, self.records = take_all(os.path.join(directory, "traffic", "manifest.json"), self.ref)
        self.runs = sorted({s["before_run"] for s in self.steps})
        self.wallets, self.postings = {}, {}
        self.after_day = {}
        self.claimed, self.closed = set(), set()
        self.post_usage()
        self.invoices = [i for run in self.runs for i in self.billing_run(run)]
        self.reconciliation = self.reconcile()
        self.scorecards = self.score()

    def rated(self):
        return [r for r in self.records if r.is_usage and r.outcome and r.outcome["status"] == "rated"]

    # -- wallets -------------------------------------------------------------------------------------------------------

    def post_usage(self):
        """Every rated record in order of arrival (W1-W3). Final balances don't depend on the order."""
        for ban, c in self.ref.customers.items():
            self.wallets[ban] = Wallet(c["model"], credit_limit=c["credit_limit"])
            if F(c["opening_balance"]) > 0:
                self.wallets[ban].topup(c["opening_balance"])
        first_run = self.runs[0]
        for r in self.rated():
            if r.step["before_run"] != first_run and not self.after_day:
                self.after_day = {ban: {**w.state(), "alert": w.level} for ban, w in self.wallets.items()}
            debit, accrued, flags, _ = self.wallets[r.outcome["customer_ban"]].debit(r.outcome["charge"])
            self.postings[id(r)] = {
                "charge": F(r.outcome["charge"]),
                "debit": debit,
                "accrued": accrued,
                "flags": flags,
            }

    # -- invoices ------------------------------------------------------------------------------------------------------

    def modifiers(self, customer, start):
        """The fields from monthly_fee on of the customer's own plans in force as the period begins."""
        found = {}
        for kind in ("voice", "tollfree", "sms", "api"):
            plan = self.ref.plan(kind, customer["id"], start)
            found.update({k: plan["rates"][k] for k in MODIFIERS if k in plan["rates"]} if plan else {})
        return found

    def billing_run(self, run):
        """Every period that is over and not closed yet, of every customer. One with nothing to bill closes without an invoice."""
        out = []
        for ban, c in sorted(self.ref.customers.items()):
            at = midnight(c["billed_from"]) + 43_200_000
            while True:
                start, end = invoices.period_of(at, c["cycle"], c["billing_timezone"], c["anchor_day"])
                first, last = invoices.utc_span(start, end, c["billing_timezone"])
                if last > instant(run):
                    break
                at = last + 43_200_000
                if (ban, start) in self.closed:
                    continue
                self.closed.add((ban, start))
                made = self.invoice(ban, c, run, start, end, first, last)
                if made:
                    out.append(made)
        return out

    def invoice(self, ban, c, run, start, end, first, last):
        mine = [
            r
            for r in self.rated()
            if r.outcome["customer_ban"] == ban
            and id(r) not in self.claimed
            and r.step["before_run"] <= run
            and instant(r.outcome["rating_instant"]) < last
        ]
        late = [r for r in mine if instant(r.outcome["rating_instant"]) < first]
        modifiers = self.modifiers(c, first)
        if not mine and "monthly_fee" not in modifiers:
            return None
        assert not (late and modifiers), "late usage beside modifiers isn't needed here (I9)"
        self.claimed |= {id(r) for r in mine}
        rows = [
            {
                "status": "rated",
                "id": "/".join(map(str, r.key)),
                "class_key": r.outcome["class_key"],
                "tax_jurisdiction": r.outcome["tax_jurisdiction"],
                "instant": r.outcome["rating_instant"],
                "billed_seconds": r.outcome.get("billed_seconds"),
                "units": r.outcome.get("units"),
                "rate_per_minute": r.outcome.get("rate_per_minute"),
                "charge": r.outcome["charge"],
            }
            for r in mine
        ]
        days = (end - start).days + 1
        date = end + dt.timedelta(days=1)
        holds_anchor = any((start + dt.timedelta(days=n)).day == c["anchor_day"] for n in range(days))
        made = invoices.invoice(
            c, rows, modifiers, date, days, days, self.ref.skus, self.ref.taxes, c["cycle"] == "monthly" or holds_anchor
        )
        posted = [self.postings[id(r)] for r in mine]
        total = lambda k: sum((p[k] for p in posted), F(0))
        wallet, tax = self.wallets[ban], F(made["tax_total"])
        tax_debited = tax if c["model"] == "PREPAID" else F(0)  # W11, M26
        wallet.balance -= tax_debited
        wallet.accrued -= total("accrued")
        return {
            "customer_ban": ban,
            "run": run,
            "period_start": start.isoformat(),
            "period_end": end.isoformat(),
            "invoice_date": date.isoformat(),
            **made,
            "records": len(mine),
            "late_records": len(late),
            "usage_charges": text(total("charge"), 5),
            "balance_paid": text(total("debit"), 4),
            "accrued_carried": text(total("accrued"), 4),
            "tax_debited": text(tax_debited, 2),
            "open": text(F(made["total"]) - total("debit") - tax_debited, 4),
        }

    # -- vendors -------------------------------------------------------------------------------------------------------

    def attempts(self, vendor):
        return [
            r
            for r in self.records
            if r.kind == "attempt"
            and r.verdict == "accepted"
            and r.value["vendor_name"] == vendor
            and (r.value["start_stamp"] or "").startswith(DAY)
        ]

    def ours(self, vendor):
        return [
            {
                "id": f"{r.key[0]}#{r.key[1]}",
                "callid": r.value["sip_callid"],
                "ani": r.outcome["ani"],
                "dni": r.outcome["dni"],
                "start": r.value["start_stamp"],
                "billed_seconds": r.outcome["billed_seconds"],
                "rate": r.outcome["vendor_rate"],
                "cost": r.outcome["vendor_cost"],
            }
            for r in self.attempts(vendor)
        ]

    def reconcile(self):
        path = os.path.join(self.directory, "statement", STATEMENT)
        if not os.path.exists(path):
            return None
        with open(path, newline="", encoding="utf-8") as f:
            theirs = [
                {
                    "line": n,
                    "callid": r["SIP Call ID"],
                    "ani": r["Originating Number"],
                    "dni": r["Terminating Number"],
                    "start": r["Start Timestamp (UTC)"],
                    "billed_seconds": int(r["Billed Duration (sec)"]),
                    "rate": r["Rate"] or None,
                    "cost": r["Cost"],
                }
                for n, r in enumerate(csv.DictReader(f), 1)
            ]
        payment = self.ref.vendors["telnyx"]["payment"]
        period = vendors.vendor_period(payment["cycle"], payment["net_days"], DAY)
        found = vendors.reconcile(self.ours("telnyx"), theirs, period["invoice_date"], self.runs[-1][:10], self.ref)
        with open(os.path.join(self.directory, "statement", "faults.json"), encoding="utf-8") as f:
            planted = json.load(f)
        seen = sorted((r["status"], r["theirs"], r["ours"]) for r in found["results"] if r["status"] != "matched")
        said = sorted((x["fault"], x["line"], x["ours"]) for x in planted)
        assert sorted(map(str, seen)) == sorted(map(str, said)), "the planted faults and what the rules find differ"
        count = Counter(r["status"] for r in found["results"])
        return {
            "vendor": "telnyx",
            "day": DAY,
            "statement": STATEMENT,
            "invoice_date": period["invoice_date"],
            "dispute_date": self.runs[-1][:10],
            "matched": count["matched"],
            "flagged": sum(count.values()) - count["matched"],
            "by_status": dict(sorted(count.items())),
            "faults": [r for r in found["results"] if r["status"] != "matched"],
            "ignored_ours": found["ignored_ours"],
            "ignored_theirs": found["ignored_theirs"],
            "totals": found["totals"],
            "dispute_open": found["dispute_open"],
            "disputable": found["disputable"],
        }

    def score(self):
        out = {}
        for name, v in sorted(self.ref.vendors.items()):
            mine = [{**r.value, "vendor_cost": r.outcome["vendor_cost"]} for r in self.attempts(name)]
            if mine:
                out[name] = vendors.performance(mine, sla=v.get("sla"))
        return out

    # -- figures -------------------------------------------------------------------------------------------------------

    def summary(self):
        usage = [r for r in self.records if r.is_usage]
        status = Counter(r.outcome["status"] for r in usage if r.outcome)
        verdict = Counter(r.verdict for r in usage)
        charges = sum((F(r.outcome["charge"]) for r in self.rated()), F(0))
        debits = sum((p["debit"] for p in self.postings.values()), F(0))
        invoiced = sum((F(i["usage_charges"]) - F(i["balance_paid"]) for i in self.invoices), F(0))
        residues = sum((w.residue for w in self.wallets.values()), F(0))
        accrued = sum((p["accrued"] for p in self.postings.values()), F(0))
        assert charges == debits + invoiced == debits + accrued + residues
        out = {
            "received": len(usage),
            "rated": status["rated"],
            "not_billable": status["not_billable"],
            "unrated": status["unrated"],
            "held": status["held"],
            "repeats": verdict["repeat"],
            "rejected": verdict["rejected"],
            "charges": text(charges, 5),
            "ledger_debits": text(debits, 4),
            "invoiced_usage": text(invoiced, 5),
            "invoices": len(self.invoices),
            "exported": sum(1 for i in self.invoices if any(l["export"] == "ready" for l in i["lines"])),
        }
        assert out["received"] == sum(
            out[k] for k in ("rated", "not_billable", "unrated", "held", "repeats", "rejected")
        )
        r = self.reconciliation
        if r:
            out.update(
                vendor_matched=r["matched"],
                vendor_flagged=r["flagged"],
                disputes=1 if r["dispute_open"] and F(r["disputable"]) > 0 else 0,
            )
        return out, {"residues": text(residues, 5), "accrued": text(accrued, 4)}

    def facts(self):
        """What stands beside usage: attempts, receipts, answers that weren't final."""
        kind = lambda name: Counter(r.verdict for r in self.records if r.kind == name)
        a = kind("attempt")
        return {
            "attempts": {"received": sum(a.values()), "accepted": a["accepted"], "repeats": a["repeat"]},
            "receipts": {"received": sum(kind("dlr").values())},
            "evidence": sum(1 for r in self.records if r.evidence and r.verdict == "accepted"),
            "attempts_without_call": sum(
                1 for r in self.records if r.kind == "attempt" and r.outcome and r.outcome["flags"] == ["NO_CALL"]
            ),
        }

    def customers(self):
        out = {}
        for ban, c in sorted(self.ref.customers.items()):
            mine = [r.outcome for r in self.rated() if r.outcome["customer_ban"] == ban]
            w = self.wallets[ban]
            out[ban] = {
                "name": c["name"],
                "model": c["model"],
                "opening_balance": c["opening_balance"],
                "rated": len(mine),
                "charges": text(sum((F(r["charge"]) for r in mine), F(0)), 5),
                "after_the_day": self.after_day[ban],
                "after_billing": {
                    "balance": text(w.balance, 4),
                    "accrued": text(w.accrued, 4),
                    "residue": text(w.residue, 5),
                },
                "invoices": [
                    {k: v for k, v in i.items() if k != "customer_ban"}
                    for i in self.invoices
                    if i["customer_ban"] == ban
                ],
            }
        return out

    def expected(self):
        summary, identity = self.summary()
        by_kind = defaultdict(Counter)
        for r in self.records:
            if r.is_usage:
                by_kind[r.kind][r.outcome["status"] if r.outcome else r.verdict] += 1
        return {
            "summary": summary,
            "identity": identity,
            "by_kind": {k: dict(sorted(v.items())) for k, v in sorted(by_kind.items())},
            "facts": self.facts(),
            "runs": self.runs,
            "customers": self.customers(),
            "usage_summary": invoices.usage_summary([r.outcome for r in self.rated()]),
            "reconciliation": self.reconciliation,
            "scorecards": self.scorecards,
        }

    def lines(self):
        """One line for every record offered, in sending order."""
        for r in self.records:
            value = r.value if isinstance(r.value, dict) else {}
            status = (
                r.outcome["status"]
                if r.outcome and r.kind in USAGE
                else (
                    "evidence"
                    if r.evidence and r.verdict == "accepted"
                    else r.kind if r.verdict == "accepted" else "held" if r.verdict == "conflict" else r.verdict
                )
            )
            line = {
                "file": r.step["file"],
                "record": r.position + 1,
                "record_type": value.get("record_type"),
                "key": list(r.key) if r.key else None,
                "http": r.step["expect_http"],
                "verdict": "accepted" if r.verdict == "conflict" else r.verdict,
                "status": status.replace("repeats", "repeat"),
            }
            if r.reason:
                line["reason"] = r.reason
            names = (
                "flags",
                "customer_ban",
                "class_key",
                "jurisdiction",
                "tax_jurisdiction",
                "billed_seconds",
                "units",
                "rating_instant",
                "rate_plan_id",
                "rate_per_minute",
                "charge",
                "vendor_rate",
                "vendor_cost",
            )
            line.update({k: r.outcome[k] for k in names if r.outcome and k in r.outcome})
            if id(r) in self.postings:
                p = self.postings[id(r)]
                line.update(debit=text(p["debit"], 4), accrued=text(p["accrued"], 4))
            yield line
