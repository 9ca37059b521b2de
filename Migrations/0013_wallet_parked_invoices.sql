-- Issued invoices that a wallet refused, so that one of them holds up nobody else's; usage has parked_postings for that.
-- Locks nothing: all objects are new.

CREATE TABLE billing.parked_invoices (
    invoice_id uuid PRIMARY KEY,
    invoice_seq bigint NOT NULL,
    customer_id uuid NOT NULL,
    reason text NOT NULL,
    parked_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    resolved_at timestamptz
);
CREATE INDEX parked_invoices_open ON billing.parked_invoices (customer_id) WHERE resolved_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON billing.parked_invoices TO warp_wallet;
GRANT SELECT ON billing.parked_invoices TO warp_biller, warp_ctl;
