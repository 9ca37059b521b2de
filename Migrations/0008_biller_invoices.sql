-- Invoices: which usage each one claims is an interval of rated_seq, never a flag on a row (M22). Locks nothing: all new.

CREATE SEQUENCE billing.invoices_seq CACHE 1;
INSERT INTO billing.sequence_kinds (kind, sequence_name) VALUES ('invoices', 'invoices_seq');

-- The gap-free number: one row, updated in the transaction that issues (M25).
CREATE TABLE billing.invoice_numbers (
    series text PRIMARY KEY,
    last_number bigint NOT NULL
);
INSERT INTO billing.invoice_numbers (series, last_number) VALUES ('WB', 0);

CREATE TABLE billing.billing_runs (
    id uuid PRIMARY KEY,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    as_of timestamptz NOT NULL,
    cut_seq bigint NOT NULL,
    invoices integer NOT NULL DEFAULT 0,
    parked integer NOT NULL DEFAULT 0
);

-- subtotal is the sum of the lines, total = subtotal + taxes (I5). balance_paid is what the wallet had already taken for exactly
-- these records, amount_due what is left to pay (a credit where negative).
CREATE TABLE billing.invoices (
    id uuid PRIMARY KEY,
    invoice_seq bigint NOT NULL UNIQUE,
    invoice_number varchar(20) UNIQUE,
    customer_id uuid NOT NULL REFERENCES billing.customers,
    revision integer NOT NULL DEFAULT 0,
    period_start date NOT NULL,
    period_end date NOT NULL,
    invoice_date date NOT NULL,
    due_date date NOT NULL,
    subtotal numeric(12, 2) NOT NULL,
    taxes numeric(12, 2) NOT NULL,
    balance_paid numeric(12, 4) NOT NULL DEFAULT 0,
    accrued_carried numeric(14, 4) NOT NULL DEFAULT 0,
    usage_charges numeric(14, 5) NOT NULL,
    total numeric(12, 2) NOT NULL,
    amount_due numeric(12, 2) NOT NULL,
    -- What the wallet books at issue: the tax within amount_due, and the tax on usage that the balance paid (M14, M26).
    tax_due numeric(12, 2) NOT NULL DEFAULT 0,
    tax_from_balance numeric(12, 2) NOT NULL DEFAULT 0,
    status varchar(20) NOT NULL DEFAULT 'draft'
        CHECK (status IN ('draft', 'awaiting_tax', 'sent', 'paid', 'overdue', 'void')),
    document jsonb NOT NULL,
    paid_at timestamptz,
    netsuite_id varchar(50),
    created_at timestamptz NOT NULL,
    UNIQUE (customer_id, period_start, period_end, revision)
);
CREATE INDEX invoices_by_customer ON billing.invoices (customer_id, period_start);

CREATE TABLE billing.invoice_lines (
    invoice_id uuid NOT NULL REFERENCES billing.invoices,
    line_number integer NOT NULL,
    kind text NOT NULL
        CHECK (kind IN ('usage', 'late_usage', 'recurring', 'minimum_commitment', 'tax', 'balance_paid')),
    class_key text NOT NULL,
    sku text,
    description text NOT NULL,
    records bigint NOT NULL,
    quantity numeric(16, 2),
    gross numeric(14, 5) NOT NULL,
    bundle_credit numeric(14, 5) NOT NULL DEFAULT 0,
    volume_discount numeric(14, 5) NOT NULL DEFAULT 0,
    promotion_credit numeric(14, 5) NOT NULL DEFAULT 0,
    net numeric(14, 5) NOT NULL,
    amount numeric(12, 2) NOT NULL,
    exempt boolean NOT NULL DEFAULT false,
    export text NOT NULL CHECK (export IN ('ready', 'held')),
    PRIMARY KEY (invoice_id, line_number)
);

-- A held line whose class key has a SKU by now: exported as a document of its own (K4). The line itself is never changed.
CREATE TABLE billing.invoice_line_releases (
    invoice_id uuid NOT NULL,
    line_number integer NOT NULL,
    sku text NOT NULL,
    external_id text NOT NULL,
    released_at timestamptz NOT NULL,
    PRIMARY KEY (invoice_id, line_number),
    FOREIGN KEY (invoice_id, line_number) REFERENCES billing.invoice_lines
);

-- The usage an invoice carries: rated_seq <= cut_seq in its period, and (previous_cut_seq, cut_seq] of earlier periods.
-- period_from and period_until are the period's instants in UTC, half-open (I1), without a gap from one period to the next.
-- A period that had nothing to bill is closed without an invoice: what comes late for it is on the next one.
CREATE TABLE billing.invoice_cuts (
    invoice_id uuid UNIQUE REFERENCES billing.invoices,
    customer_id uuid NOT NULL REFERENCES billing.customers,
    period_from timestamptz NOT NULL,
    period_until timestamptz NOT NULL,
    previous_cut_seq bigint NOT NULL,
    cut_seq bigint NOT NULL,
    period_end date NOT NULL,
    CHECK (previous_cut_seq <= cut_seq),
    CHECK (period_from < period_until),
    PRIMARY KEY (customer_id, period_from)
);

CREATE TABLE billing.usage_summary (
    customer_id uuid NOT NULL,
    usage_date date NOT NULL,
    voice_seconds bigint NOT NULL DEFAULT 0,
    voice_charges numeric(16, 5) NOT NULL DEFAULT 0,
    sms_count bigint NOT NULL DEFAULT 0,
    sms_charges numeric(16, 5) NOT NULL DEFAULT 0,
    toll_free_seconds bigint NOT NULL DEFAULT 0,
    toll_free_charges numeric(16, 5) NOT NULL DEFAULT 0,
    total_charges numeric(16, 5) NOT NULL DEFAULT 0,
    record_count bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (customer_id, usage_date)
);

CREATE TABLE billing.payment_orders (
    id uuid PRIMARY KEY,
    invoice_id uuid NOT NULL REFERENCES billing.invoices,
    customer_id uuid NOT NULL,
    amount numeric(12, 2) NOT NULL CHECK (amount > 0),
    created_at timestamptz NOT NULL
);

CREATE TABLE billing.received_payments (
    id uuid PRIMARY KEY,
    netsuite_id varchar(50) NOT NULL UNIQUE,
    customer_id uuid NOT NULL,
    invoice_id uuid REFERENCES billing.invoices,
    amount numeric(12, 2) NOT NULL,
    received_on date NOT NULL,
    created_at timestamptz NOT NULL
);

-- The intent is written before the call: pending, sent, confirmed, refused, unknown.
CREATE TABLE billing.netsuite_exports (
    external_id text PRIMARY KEY,
    record_type text NOT NULL,
    invoice_id uuid REFERENCES billing.invoices,
    state text NOT NULL CHECK (state IN ('pending', 'sent', 'confirmed', 'refused', 'unknown')),
    channel text NOT NULL CHECK (channel IN ('rest', 'csv')),
    netsuite_id text,
    path text,
    body text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    detail text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- federal_usf rows carry state '*' and a factor; the others a percent rate with bases or an amount a line (T1, T2).
CREATE TABLE billing.tax_rates (
    tax text NOT NULL,
    state text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('usf', 'percent', 'per_line')),
    rate numeric(12, 7),
    amount numeric(12, 7),
    base text[] NOT NULL DEFAULT '{}',
    effective date NOT NULL,
    ends date,
    PRIMARY KEY (tax, state, effective)
);

CREATE TABLE billing.biller_progress (
    source text PRIMARY KEY,
    through_seq bigint NOT NULL,
    updated_at timestamptz NOT NULL
);

ALTER TABLE billing.invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.usage_summary ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON billing.invoices FOR SELECT TO warp_biller_customer
    USING (customer_id = nullif(current_setting('warp.customer', true), '')::uuid);
CREATE POLICY own ON billing.usage_summary FOR SELECT TO warp_biller_customer
    USING (customer_id = nullif(current_setting('warp.customer', true), '')::uuid);
GRANT SELECT ON billing.invoices, billing.usage_summary TO warp_biller_customer;

GRANT SELECT, INSERT, UPDATE ON billing.invoice_numbers, billing.billing_runs, billing.invoices, billing.usage_summary,
    billing.netsuite_exports, billing.tax_rates, billing.biller_progress TO warp_biller;
GRANT DELETE ON billing.tax_rates TO warp_biller;
GRANT SELECT, INSERT ON billing.invoice_lines, billing.invoice_line_releases, billing.invoice_cuts,
    billing.payment_orders, billing.received_payments TO warp_biller;
GRANT USAGE ON SEQUENCE billing.invoices_seq TO warp_biller;
GRANT SELECT ON billing.invoices, billing.invoice_cuts, billing.payment_orders, billing.received_payments TO warp_wallet;
GRANT SELECT ON billing.billing_runs, billing.invoices, billing.invoice_lines, billing.invoice_line_releases,
    billing.invoice_cuts, billing.usage_summary, billing.payment_orders, billing.received_payments, billing.netsuite_exports,
    billing.tax_rates, billing.biller_progress TO warp_ctl;
