#!/usr/bin/env python3
"""Tells the tutorial's day on a running stack and checks what comes of it; called by deploy/demo.sh."""

import json
import sys
import time

import checks
from show import heading, line, paint, table, verdict
from stack import CommandFailed, Stack
from waiting import RigError
from story import FIRST_RUN, SECOND_RUN, Story


def main():
    run_directory = sys.argv[1]
    stack = Stack(run_directory)
    story = Story(stack)
    started = time.monotonic()
    try:
        summary, found = tell(stack, story)
    except (CommandFailed, RigError, OSError, KeyError, IndexError) as failure:
        print(f"\nThe demo stopped: {failure}", file=sys.stderr)
        return 1
    summary["checks"] = [check.as_json() for check in found]
    target = stack.run / "demo" / "summary.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(summary, indent=1, default=str) + "\n")
    good = show_checks(found)
    line("")
    line(f"{target} holds these figures. {time.monotonic() - started:.0f} s.")
    return 0 if good else 1


def tell(stack, story):
    heading("The world")
    story.load_world()
    line("Eight customers, their plans, three vendors with their decks, and the numbering data are loaded.")

    heading("22 November 2026: a day of calls, messages and queries")
    sent = []
    faults = story.send(FIRST_RUN, lambda entry, status, text, tries: sent.append(entry))
    story.wait_until_settled()
    line(f"{len(sent)} requests as Kamailio and Jasmin send them; each record durable before its 202.")
    found = [checks.Check("each request is answered as it should be", not faults, "; ".join(faults) or f"{len(sent)} answers")]
    found.append(checks.balances(stack, "after_the_day"))

    heading("23 November, 06:00: the week of one customer is over")
    say_last_line(story.bill(FIRST_RUN))

    heading("24 November: three records of the 22nd arrive late")
    faults = story.send(SECOND_RUN)
    story.wait_until_settled()
    found.append(checks.Check("late records are taken", not faults, "; ".join(faults) or "3 records"))

    heading("1 December, 06:00: the month is over")
    say_last_line(story.bill(SECOND_RUN))
    story.wait_until_booked()
    story.wait_for_lonely_attempts()

    heading("The vendor's statement")
    story.reconcile()
    summary, more = story.verify()
    found += more

    show_conservation(stack, summary)
    show_balances(stack)
    show_invoice(stack)
    show_exports(stack)
    show_reconciliation(stack)
    show_scorecards(stack)
    return summary, found


def say_last_line(text):
    lines = [part for part in text.strip().splitlines() if part.strip()]
    for part in lines[-3:]:
        line(part)


def show_conservation(stack, summary):
    heading("What became of every record")
    titles = ["received", "=", "rated", "not billable", "unrated", "held", "repeats", "rejected"]
    table(titles, [[summary["received"], ""] + [summary[name] for name in (
        "rated", "not_billable", "unrated", "held", "repeats", "rejected")]], left=0)
    line("")
    line(f"{summary['charges']} USD charged = {summary['ledger_debits']} taken by wallets"
         f" + {summary['invoiced_usage']} carried by invoices")


def show_balances(stack):
    heading("Balances")
    rows = stack.rows("""
        SELECT c.name, w.model, count(p.*)::int AS records, coalesce(sum(p.charge), 0)::text AS charges, w.balance::text,
            w.receivable::text, w.residue::text
        FROM billing.wallets w JOIN billing.customers c USING (customer_id)
        LEFT JOIN billing.usage_postings p USING (customer_id)
        GROUP BY c.customer_id, w.customer_id ORDER BY c.name""")
    table(["customer", "model", "records", "charges", "balance", "receivable", "residue"],
          [list(row.values()) for row in rows], left=2)


def show_invoice(stack):
    invoice = stack.rows("""
        SELECT i.id, i.invoice_number, c.name, i.period_start, i.period_end, i.subtotal::text, i.taxes::text, i.total::text,
            i.balance_paid::text, i.amount_due::text, i.due_date
        FROM billing.invoices i JOIN billing.customers c USING (customer_id)
        WHERE c.model = 'HYBRID' ORDER BY i.invoice_seq LIMIT 1""")[0]
    heading(f"Invoice {invoice['invoice_number']}: {invoice['name']}, {invoice['period_start']} to {invoice['period_end']}")
    lines = stack.rows(f"""
        SELECT description, sku, records, quantity::text, amount::text FROM billing.invoice_lines
        WHERE invoice_id = '{invoice['id']}' ORDER BY line_number""")
    table(["line", "SKU", "records", "quantity", "amount"],
          [[r["description"], r["sku"], r["records"] or "", r["quantity"], r["amount"]] for r in lines], left=2)
    line("")
    line(f"total {invoice['total']}, of which the balance had paid; due {invoice['amount_due']} on {invoice['due_date']}")
    page = stack.run / "invoices" / f"{invoice['invoice_number']}.html"
    line(f"page: {page}")


def show_exports(stack):
    heading("NetSuite")
    rows = stack.rows("""
        SELECT e.external_id, e.channel, e.state, coalesce(e.path, e.netsuite_id) AS "where" FROM billing.netsuite_exports e
        WHERE invoice_id IS NOT NULL ORDER BY e.created_at, e.external_id LIMIT 3""")
    table(["document", "channel", "state", "where"], [list(row.values()) for row in rows], left=4)
    line(f"… {stack.value('SELECT count(*)::int FROM billing.netsuite_exports WHERE invoice_id IS NOT NULL')} in all")


def show_reconciliation(stack):
    heading("The statement of telnyx against our own records")
    rows = stack.rows("""
        SELECT m.status, count(*)::int AS calls, sum(m.our_cost)::text AS ours, sum(m.their_cost)::text AS theirs,
            sum(m.cost_delta)::text AS difference
        FROM billing.vendor_matches m JOIN billing.reconciliation_runs r ON r.id = m.run_id AND r.superseded_at IS NULL
        GROUP BY m.status ORDER BY m.status""")
    table(["status", "calls", "our cost", "their cost", "difference"], [list(row.values()) for row in rows])
    for dispute in stack.rows("SELECT vendor_name, usage_day, amount::text, window_until FROM billing.disputes"):
        line("")
        line(f"Dispute opened: {dispute['amount']} USD, {dispute['vendor_name']}, {dispute['usage_day']};"
             f" the window closes on {dispute['window_until']}")


def show_scorecards(stack):
    heading("Vendors")
    rows = stack.rows("""
        SELECT vendor_name, attempts, answered, asr::text, ner::text, acd_seconds::text, pdd_p95_ms, mos::text, score::text,
            grade
        FROM billing.vendor_scorecards ORDER BY vendor_name""")
    table(["vendor", "attempts", "answered", "ASR %", "NER %", "ACD s", "PDD p95 ms", "MOS", "score", "grade"],
          [list(row.values()) for row in rows])


def show_checks(found):
    heading("Checks")
    for check in found:
        line(f"{verdict(check.ok)} {check.name}" + ("" if check.ok else paint(f": {check.detail}", "31")))
    bad = sum(1 for check in found if not check.ok)
    line("")
    line(paint(f"{len(found)} checks hold." if not bad else f"{bad} of {len(found)} checks FAILED.", "1"))
    return bad == 0


if __name__ == "__main__":
    sys.exit(main())
