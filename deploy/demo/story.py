"""The tutorial's day, step by step, on a running stack. The demo tells it; the end-to-end test tells it under fire."""

import json

import checks
from sender import Sender
from stack import WORLD, CommandFailed
from waiting import wait_until

FIRST_RUN, SECOND_RUN = checks.EXPECTED["runs"]


class Story:
    def __init__(self, stack):
        self.stack = stack
        self.sender = None

    def load_world(self):
        """Customers, prices, vendors, numbering, taxes, and the switch's credential."""
        self.stack.program("biller", "customers", "load", WORLD / "customers.json")
        self.stack.program("biller", "taxes", "load", WORLD / "taxes.json")
        self.stack.program("vendor-recon", "vendors", "load", WORLD / "vendors.json")
        self.stack.program("poller", "load", WORLD)
        token = json.loads(self.stack.program("cdr-ingest", "sources", "add", "switch", "--json"))["token"]
        self.sender = Sender(self.stack, token)

    def send(self, before_run, note=lambda entry, status, text, tries: None):
        """Posts the bodies due before a run; returns the faults of the answers."""
        faults = []
        for entry in self.sender.bodies(before_run):
            status, text, tries = self.sender.post(entry, self.sender.body(entry))
            note(entry, status, text, tries)
            if status != entry["expect_http"]:
                faults.append(f"{entry['file']} was answered {status} instead of {entry['expect_http']}: {text[:200]}")
        return faults

    def wait_until_settled(self, seconds=90):
        """Until each raw record has an outcome, each rated one its posting, and the day's sums hold them all."""
        wait_until(self._open_work, "records to be rated and posted", seconds)

    def wait_for_lonely_attempts(self, seconds=90):
        """Until attempts whose call never came are costed without it."""
        wait_until(
            lambda: self.stack.value("""
                SELECT count(*)::int FROM billing.unrated_usage
                WHERE kind = 'raw_vendor_cdr' AND resolved_at IS NULL""") == 0 or "attempts wait for their call",
            "lonely attempts", seconds)

    def _open_work(self):
        open_work = self.stack.rows("""
            SELECT (SELECT count(*) FROM billing.raw_cdr) + (SELECT count(*) FROM billing.raw_mdr WHERE is_final)
                    + (SELECT count(*) FROM billing.raw_api_usage)
                    - (SELECT count(*) FROM billing.rated_cdr) - (SELECT count(*) FROM billing.rated_mdr)
                    - (SELECT count(*) FROM billing.rated_api_usage)
                    - (SELECT count(*) FROM billing.unrated_usage WHERE kind <> 'raw_vendor_cdr' AND resolved_by IS NULL)
                    AS unrated,
                (SELECT count(*) FROM billing.raw_vendor_cdr WHERE NOT is_conflict)
                    - (SELECT count(*) FROM billing.vendor_cdr)
                    - (SELECT count(*) FROM billing.unrated_usage WHERE kind = 'raw_vendor_cdr' AND resolved_at IS NULL)
                    AS attempts,
                (SELECT coalesce(max(last_seq), 0) FROM billing.rated_spans)
                    - (SELECT coalesce(max(through_seq), 0) FROM billing.wallet_progress WHERE source = 'rated') AS unposted,
                (SELECT coalesce(sum(count), 0) FROM billing.rated_spans)
                    - (SELECT coalesce(sum(record_count), 0) FROM billing.usage_summary)
                    - (SELECT count(*) FROM billing.rated_cdr WHERE status <> 'rated')
                    - (SELECT count(*) FROM billing.rated_mdr WHERE status <> 'rated')
                    - (SELECT count(*) FROM billing.rated_api_usage WHERE status <> 'rated') AS unsummed""")[0]
        left = {name: count for name, count in open_work.items() if count > 0}
        return left or True

    def bill(self, instant):
        """Moves the clock to a billing day and runs the cycle."""
        self.stack.set_clock(instant)
        # At rest, and by each daemon's own clock past the new instant.
        self.wait_until_settled()
        return self.stack.program("biller", "run-cycle")

    def wait_until_booked(self, seconds=90):
        """Until the wallet has booked every issued invoice."""
        wait_until(
            lambda: self.stack.value("""
                SELECT count(*)::int FROM billing.invoices WHERE invoice_seq >
                    (SELECT coalesce(max(through_seq), 0) FROM billing.wallet_progress WHERE source = 'invoices')""") == 0
            or "invoices not booked",
            "invoices to be booked", seconds)

    def reconcile(self):
        """The vendor's statement of the day against what we saw, and the vendors' scorecards."""
        facts = checks.EXPECTED["reconciliation"]
        self.stack.program(
            "vendor-recon", "import", WORLD / "statement" / facts["statement"], "--vendor", facts["vendor"],
            "--invoice-date", facts["invoice_date"])
        self.stack.program(
            "vendor-recon", "reconcile", "--vendor", facts["vendor"], "--day", facts["day"], "--dispute-date",
            facts["dispute_date"])
        self.stack.program("vendor-recon", "scorecards", "--day", facts["day"])

    def verify(self):
        """Every check after the last step, and the summary's figures."""
        stack = self.stack
        counts = checks.conservation(stack)
        figures, tie = checks.tie_out(stack)
        faults, matched, flagged = checks.statement_faults(stack)
        dispute_count, dispute = checks.disputes(stack)
        exported, export = checks.exports(stack)
        summary = {name: counts[name] for name in (
            "received", "rated", "not_billable", "unrated", "held", "repeats", "rejected")}
        summary |= figures | {
            "invoices": stack.value("SELECT count(*)::int FROM billing.invoices"), "exported": exported,
            "vendor_matched": matched, "vendor_flagged": flagged, "disputes": dispute_count,
        }
        found = [
            checks.conservation_holds(counts), *checks.record_outcomes(stack), checks.attempts(stack),
            *checks.ledger(stack), checks.balances(stack, "after_billing"), checks.usage_summary(stack),
            checks.invoices(stack), checks.once_on_invoices(stack), tie, export, *faults, dispute,
            checks.scorecards(stack),
        ]
        return summary, found


__all__ = ["Story", "CommandFailed", "FIRST_RUN", "SECOND_RUN"]
