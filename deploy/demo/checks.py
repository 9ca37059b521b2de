"""What the demo must hold. Expected figures come from the world's oracle, never from the code that is checked."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from stack import world_json, world_lines

EXPECTED = world_json("expected.json")

USAGE_TABLES = """
    SELECT 'cdr' AS kind, id, sip_uuid AS key, status, flags, class_key, charge, vendor_cost, customer_ban FROM billing.rated_cdr
    UNION ALL
    SELECT 'mdr', id, message_id, status, flags, class_key, charge, vendor_cost, customer_ban FROM billing.rated_mdr
    UNION ALL
    SELECT 'api', id, usage_id, status, flags, class_key, charge, vendor_cost, customer_ban FROM billing.rated_api_usage
"""


@dataclass
class Check:
    name: str
    ok: bool
    detail: str

    def as_json(self):
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


def check_equal(name, found, wanted):
    """Equal, or the first few differences."""
    if found == wanted:
        size = len(wanted) if hasattr(wanted, "__len__") and not isinstance(wanted, str) else wanted
        return Check(name, True, f"{size} as expected")
    if isinstance(wanted, dict) and isinstance(found, dict):
        keys = sorted({*found, *wanted}, key=str)
        different = [f"{k}: {found.get(k)} for {wanted.get(k)}" for k in keys if found.get(k) != wanted.get(k)]
        return Check(name, False, f"{len(different)} differ: " + "; ".join(different[:4]))
    return Check(name, False, f"{found} where {wanted} was expected")


def conservation(stack):
    """received = rated + not_billable + unrated + held + repeats + rejected, from the counters of both daemons."""
    door = stack.rows("""
        SELECT sum(received - evidence)::int AS received, sum(repeats)::int AS repeats, sum(rejected)::int AS rejected,
            sum(evidence)::int AS evidence
        FROM billing.ingest_counts WHERE kind NOT IN ('vendor-cdr', 'dlr')""")[0]
    rating = stack.rows("""
        SELECT sum(rated)::int AS rated, sum(not_billable)::int AS not_billable, sum(unrated)::int AS unrated,
            sum(held)::int AS held
        FROM billing.rating_counts WHERE kind <> 'vendor-cdr'""")[0]
    return door | rating


def conservation_holds(counts):
    outcomes = sum(counts[name] for name in ("rated", "not_billable", "unrated", "held", "repeats", "rejected"))
    return Check(
        "every record received has one outcome", counts["received"] == outcomes,
        f"{counts['received']} received, {outcomes} accounted for")


def record_outcomes(stack):
    """Each record of the world: its status, flags, class, charge and cost, against the oracle's line for it."""
    wanted, parked_conflicts = {}, Counter()
    for record in world_lines("expected_records.jsonl"):
        kind = {"voice.cdr": "cdr", "sms.mdr": "mdr", "mms.mdr": "mdr", "api.usage": "api"}.get(record["record_type"])
        if kind is None or record["status"] not in ("rated", "not_billable", "unrated", "held"):
            continue
        key = (kind, record["key"][0])
        if "DUPLICATE_CONFLICT" in record["flags"]:
            parked_conflicts[key] += 1
            continue
        wanted[key] = (
            record["status"], tuple(record["flags"]), record["class_key"], record["charge"], record.get("vendor_cost"))
    found, found_conflicts = {}, Counter()
    for row in stack.rows(f"SELECT kind, key, status, flags, class_key, charge::text, vendor_cost::text FROM ({USAGE_TABLES}) u"):
        found[row["kind"], row["key"]] = (
            row["status"], tuple(row["flags"]), row["class_key"], row["charge"], row["vendor_cost"])
    kinds = {"raw_cdr": "cdr", "raw_mdr": "mdr", "raw_api_usage": "api"}
    for row in stack.rows("""
            SELECT kind, natural_key, status, flags, evidence FROM billing.unrated_usage
            WHERE kind <> 'raw_vendor_cdr' AND resolved_at IS NULL"""):
        key = (kinds[row["kind"]], row["natural_key"])
        if "DUPLICATE_CONFLICT" in row["flags"]:
            found_conflicts[key] += 1
            continue
        evidence = row["evidence"]
        found[key] = (
            row["status"], tuple(row["flags"]), evidence.get("class_key"), None, evidence.get("vendor_cost"))
    return [
        check_equal("each record has the outcome, flags, class, charge and cost of the rules", found, wanted),
        check_equal("each conflict is held", found_conflicts, parked_conflicts),
    ]


def attempts(stack):
    wanted = {}
    for record in world_lines("expected_records.jsonl"):
        if record["record_type"] == "voice.attempt" and record["status"] == "attempt":
            wanted["#".join(map(str, record["key"]))] = (record["class_key"], record["vendor_cost"])
    found = {
        row["key"]: (row["class_key"], row["vendor_cost"])
        for row in stack.rows("""
            SELECT sip_uuid || '#' || attempt_number AS key, class_key, vendor_cost::text FROM billing.vendor_cdr""")
    }
    return check_equal("each vendor attempt is costed with its call", found, wanted)


def balances(stack, moment):
    wanted = {
        ban: tuple(customer[moment][column] for column in ("balance", "accrued", "residue"))
        for ban, customer in EXPECTED["customers"].items()
    }
    found = {
        row["ban"]: (row["balance"], row["accrued"], row["residue"])
        for row in stack.rows("""
            SELECT b.ban, w.balance::text, w.accrued::text, w.residue::text
            FROM billing.wallets w JOIN billing.customer_bans b USING (customer_id)""")
    }
    return check_equal(f"balances, accrued usage and residues {moment.replace('_', ' ')}", found, wanted)


def ledger(stack):
    """Per wallet Σ charges = Σ debits + Σ accrued + residue (W1), and the ledger's rows join up."""
    torn = stack.value("""
        SELECT count(*)::int FROM (
            SELECT p.customer_id FROM billing.usage_postings p JOIN billing.wallets w USING (customer_id)
            GROUP BY p.customer_id, w.residue HAVING sum(p.charge) <> sum(p.debit) + sum(p.accrued) + w.residue) t""")
    gaps = stack.value("""
        SELECT count(*)::int FROM (
            SELECT balance_before, lag(balance_after, 1, 0) OVER (PARTITION BY customer_id ORDER BY chain_index) AS last
            FROM billing.transactions) t
        WHERE balance_before <> last""")
    double = stack.value("""
        SELECT count(*)::int FROM (SELECT rated_id FROM billing.usage_postings GROUP BY rated_id HAVING count(*) > 1) t""")
    unposted = stack.value(f"""
        SELECT count(*)::int FROM ({USAGE_TABLES}) u LEFT JOIN billing.usage_postings p ON p.rated_id = u.id
        WHERE u.status = 'rated' AND p.rated_id IS NULL""")
    return [
        Check("charges = debits + accrued + residue in every wallet", torn == 0, f"{torn} wallets differ"),
        Check("each ledger entry begins where the one before it ended", gaps == 0, f"{gaps} gaps"),
        Check(
            "each rated record is posted once", unposted == 0 and double == 0,
            f"{unposted} without a posting, {double} with two"),
    ]


def invoices(stack):
    wanted = {}
    for ban, customer in EXPECTED["customers"].items():
        for invoice in customer["invoices"]:
            lines = Counter()
            for item in invoice["lines"]:
                lines[item["class_key"]] += Decimal(item["amount"])
            wanted[ban, invoice["period_start"]] = (
                invoice["period_end"], invoice["invoice_date"], invoice["due_date"], invoice["subtotal"],
                invoice["tax_total"], invoice["total"], invoice["usage_charges"], invoice["balance_paid"],
                tuple(sorted((key, str(amount)) for key, amount in lines.items())),
                tuple(sorted((tax["id"], tax["amount"], tax["exempt"]) for tax in invoice["taxes"])))
    found = {}
    for row in stack.rows("""
            SELECT b.ban, i.period_start, i.period_end, i.invoice_date, i.due_date, i.subtotal::text, i.taxes::text,
                i.total::text, i.usage_charges::text, i.balance_paid::text,
                (SELECT json_agg(json_build_array(l.kind, l.class_key, l.amount::text, l.exempt))
                 FROM billing.invoice_lines l WHERE l.invoice_id = i.id) AS lines
            FROM billing.invoices i JOIN billing.customer_bans b USING (customer_id)"""):
        lines, taxes = Counter(), []
        for kind, class_key, amount, exempt in row["lines"] or []:
            if kind == "tax":
                taxes.append((class_key, amount, exempt))
            elif kind in ("usage", "late_usage", "recurring"):
                lines[class_key] += Decimal(amount)
        found[row["ban"], row["period_start"]] = (
            row["period_end"], row["invoice_date"], row["due_date"], row["subtotal"], row["taxes"], row["total"],
            row["usage_charges"], row["balance_paid"],
            tuple(sorted((key, str(amount)) for key, amount in lines.items())), tuple(sorted(taxes)))
    return check_equal("invoices: periods, lines, taxes, totals and what the balance paid", found, wanted)


def once_on_invoices(stack):
    """Each rated record on exactly one invoice, by the intervals that the invoices claim."""
    rated = " UNION ALL ".join(
        f"SELECT rated_seq, customer_id, rating_instant FROM billing.{table} WHERE status = 'rated'"
        for table in ("rated_cdr", "rated_mdr", "rated_api_usage"))
    wrong = stack.value(f"""
        SELECT count(*)::int FROM (
            SELECT u.rated_seq FROM ({rated}) u LEFT JOIN billing.invoice_cuts c ON c.customer_id = u.customer_id AND (
                (u.rating_instant >= c.period_from AND u.rating_instant < c.period_until AND u.rated_seq <= c.cut_seq)
                OR (u.rating_instant < c.period_from AND u.rated_seq > c.previous_cut_seq AND u.rated_seq <= c.cut_seq))
            GROUP BY u.rated_seq HAVING count(c.invoice_id) <> 1) t""")
    return Check("each rated record is on exactly one invoice", wrong == 0, f"{wrong} on none or several")


def tie_out(stack):
    """Σ charges = Σ what the wallets took + Σ what the invoices carry, to the last digit."""
    charges = Decimal(stack.value(f"SELECT sum(charge)::text FROM ({USAGE_TABLES}) u WHERE status = 'rated'"))
    debits = Decimal(stack.value("SELECT sum(debit)::text FROM billing.usage_postings"))
    carried = Decimal(stack.value("SELECT sum(usage_charges - balance_paid)::text FROM billing.invoices"))
    figures = {"charges": str(charges), "ledger_debits": str(debits), "invoiced_usage": f"{carried:.5f}"}
    return figures, Check(
        "charges = what the wallets took + what the invoices carry", charges == debits + carried,
        f"{charges} = {debits} + {carried:.5f}")


def exports(stack):
    rows = stack.rows("SELECT state, count(*)::int AS count FROM billing.netsuite_exports WHERE invoice_id IS NOT NULL GROUP BY 1")
    confirmed = sum(row["count"] for row in rows if row["state"] == "confirmed")
    return confirmed, check_equal("each invoice is exported once", confirmed, EXPECTED["summary"]["exported"])


def statement_faults(stack):
    wanted = {
        (fault["ours"], fault["theirs"]): (fault["status"], tuple(fault["issues"]), fault["cost_delta"])
        for fault in EXPECTED["reconciliation"]["faults"]
    }
    rows = stack.rows("""
        SELECT v.sip_uuid || '#' || v.attempt_number AS ours, m.statement_line AS theirs, m.status, m.issues,
            m.cost_delta::text
        FROM billing.vendor_matches m
        JOIN billing.reconciliation_runs r ON r.id = m.run_id AND r.superseded_at IS NULL
        LEFT JOIN billing.vendor_cdr v ON v.id = m.vendor_cdr_id""")
    found = {
        (row["ours"], row["theirs"]): (row["status"], tuple(row["issues"]), row["cost_delta"])
        for row in rows if row["status"] != "matched"
    }
    matched = sum(1 for row in rows if row["status"] == "matched")
    return [
        check_equal("every planted fault of the statement is found, and nothing else", found, wanted),
        check_equal("all other calls of the statement match", matched, EXPECTED["summary"]["vendor_matched"]),
    ], matched, len(found)


def disputes(stack):
    rows = stack.rows("SELECT amount::text, state FROM billing.disputes")
    wanted = [(EXPECTED["reconciliation"]["disputable"], "open")]
    return len(rows), check_equal("one dispute over the difference", [(r["amount"], r["state"]) for r in rows], wanted)


def scorecards(stack):
    names = {
        "attempts": "attempts", "answered": "answered", "asr": "asr", "ner": "ner", "acd": "acd_seconds",
        "pdd_p50_ms": "pdd_p50_ms", "pdd_p95_ms": "pdd_p95_ms", "mos": "mos", "total_cost": "total_cost", "score": "score",
        "grade": "grade",
    }
    wanted = {
        (vendor, name): str(card[name]) for vendor, card in EXPECTED["scorecards"].items() for name in names
    }
    columns = ", ".join(f"{column}::text AS {name}" for name, column in names.items())
    found = {}
    for row in stack.rows(f"SELECT vendor_name, {columns} FROM billing.vendor_scorecards"):
        for name in names:
            found[row["vendor_name"], name] = row[name]
    return check_equal("scorecards of the vendors", found, wanted)


def usage_summary(stack):
    wanted = {
        (row["customer_ban"], row["usage_date"]): (
            row["voice_minutes"], row["voice_charges"], row["sms_count"], row["sms_charges"], row["toll_free_minutes"],
            row["toll_free_charges"], row["total_charges"])
        for row in EXPECTED["usage_summary"]
    }
    found = {
        (row["ban"], row["usage_date"]): (
            row["voice_minutes"], row["voice_charges"], row["sms_count"], row["sms_charges"], row["toll_free_minutes"],
            row["toll_free_charges"], row["total_charges"])
        for row in stack.rows("""
            SELECT b.ban, usage_date, round(voice_seconds / 60.0, 2)::text AS voice_minutes,
                round(voice_charges, 4)::text AS voice_charges, sms_count, round(sms_charges, 4)::text AS sms_charges,
                round(toll_free_seconds / 60.0, 2)::text AS toll_free_minutes,
                round(toll_free_charges, 4)::text AS toll_free_charges, round(total_charges, 4)::text AS total_charges
            FROM billing.usage_summary JOIN billing.customer_bans b USING (customer_id)""")
    }
    return check_equal("usage summary per customer and day", found, wanted)
