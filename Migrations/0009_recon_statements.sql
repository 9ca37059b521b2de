-- What vendors say, set against what we saw. Locks nothing: all objects are new.

-- A file is imported once: its SHA-256 is its identity.
CREATE TABLE billing.vendor_statements (
    id uuid PRIMARY KEY,
    vendor_name varchar(50) NOT NULL REFERENCES billing.vendors (name),
    file_name text NOT NULL,
    file_checksum bytea NOT NULL UNIQUE CHECK (length(file_checksum) = 32),
    format text NOT NULL,
    -- Of the vendor's invoice over it: the dispute window counts from there (C5).
    invoice_date date,
    lines bigint NOT NULL,
    bad_lines bigint NOT NULL,
    first_day date,
    last_day date,
    imported_at timestamptz NOT NULL
);

CREATE TABLE billing.vendor_statement_cdr (
    statement_id uuid NOT NULL,
    line bigint NOT NULL,
    usage_day date NOT NULL,
    vendor_name varchar(50) NOT NULL,
    callid text,
    ani text,
    dni text,
    start_stamp timestamptz NOT NULL,
    billed_seconds bigint NOT NULL,
    rate numeric(16, 7),
    cost numeric(12, 5) NOT NULL,
    PRIMARY KEY (statement_id, line, usage_day)
) PARTITION BY RANGE (usage_day);
CREATE INDEX vendor_statement_cdr_by_vendor ON billing.vendor_statement_cdr (vendor_name);

INSERT INTO billing.partitioned_tables (table_name, owner_role) VALUES ('vendor_statement_cdr', 'warp_recon');

-- Lines that could not be read: imported around, reported with their numbers.
CREATE TABLE billing.vendor_statement_faults (
    statement_id uuid NOT NULL REFERENCES billing.vendor_statements,
    line bigint NOT NULL,
    reason text NOT NULL,
    bytes text NOT NULL,
    PRIMARY KEY (statement_id, line)
);

CREATE TABLE billing.vendor_invoices (
    id uuid PRIMARY KEY,
    vendor_name varchar(50) NOT NULL REFERENCES billing.vendors (name),
    invoice_number text NOT NULL,
    invoice_date date NOT NULL,
    period_start date NOT NULL,
    period_end date NOT NULL,
    amount numeric(14, 2) NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (vendor_name, invoice_number)
);

-- One reconciliation of a vendor's day replaces the one before: `run_id` names it, the newest counts.
CREATE TABLE billing.reconciliation_runs (
    id uuid PRIMARY KEY,
    vendor_name varchar(50) NOT NULL REFERENCES billing.vendors (name),
    usage_day date NOT NULL,
    started_at timestamptz NOT NULL,
    through_vendor_cdr_seq bigint NOT NULL,
    totals jsonb NOT NULL,
    superseded_at timestamptz
);
CREATE UNIQUE INDEX reconciliation_runs_in_force ON billing.reconciliation_runs (vendor_name, usage_day)
    WHERE superseded_at IS NULL;

CREATE TABLE billing.vendor_matches (
    run_id uuid NOT NULL REFERENCES billing.reconciliation_runs,
    ordinal bigint NOT NULL,
    vendor_cdr_id uuid,
    statement_id uuid,
    statement_line bigint,
    status text NOT NULL CHECK (status IN ('matched', 'missing_ours', 'missing_theirs', 'duration_mismatch', 'rate_mismatch',
        'cost_mismatch', 'duplicate_ours', 'duplicate_theirs')),
    issues text[] NOT NULL,
    our_billed_seconds bigint,
    their_billed_seconds bigint,
    our_cost numeric(12, 5),
    their_cost numeric(12, 5),
    cost_delta numeric(12, 5) NOT NULL,
    PRIMARY KEY (run_id, ordinal)
);

CREATE TABLE billing.disputes (
    id uuid PRIMARY KEY,
    run_id uuid NOT NULL UNIQUE REFERENCES billing.reconciliation_runs,
    vendor_name varchar(50) NOT NULL REFERENCES billing.vendors (name),
    usage_day date NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'sent', 'credited', 'rejected', 'escalated', 'lapsed', 'withdrawn')),
    amount numeric(14, 5) NOT NULL CHECK (amount > 0),
    credited numeric(14, 5),
    records integer NOT NULL,
    vendor_invoice_date date NOT NULL,
    window_until date NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    note text
);
CREATE UNIQUE INDEX disputes_alive ON billing.disputes (vendor_name, usage_day) WHERE state IN ('open', 'sent', 'escalated');

CREATE TABLE billing.vendor_scorecards (
    vendor_name varchar(50) NOT NULL,
    day date NOT NULL,
    attempts bigint NOT NULL,
    answered bigint NOT NULL,
    asr numeric(6, 2),
    ner numeric(6, 2),
    acd_seconds numeric(10, 2),
    pdd_p50_ms integer,
    pdd_p95_ms integer,
    mos numeric(4, 2),
    total_cost numeric(14, 5) NOT NULL,
    cost_per_success numeric(14, 5),
    score numeric(6, 2),
    grade text,
    computed_at timestamptz NOT NULL,
    PRIMARY KEY (vendor_name, day)
);

CREATE TABLE billing.vendor_payables (
    id uuid PRIMARY KEY,
    vendor_name varchar(50) NOT NULL REFERENCES billing.vendors (name),
    period_start date NOT NULL,
    period_end date NOT NULL,
    due_date date NOT NULL,
    pay_date date NOT NULL,
    billed numeric(14, 2) NOT NULL,
    withheld numeric(14, 2) NOT NULL,
    payable numeric(14, 2) NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (vendor_name, period_start, period_end)
);

CREATE TABLE billing.recon_progress (
    source text PRIMARY KEY,
    through_seq bigint NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE billing.recon_audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON billing.vendor_statements, billing.reconciliation_runs, billing.disputes,
    billing.vendor_scorecards, billing.vendor_payables, billing.vendor_invoices, billing.recon_progress TO warp_recon;
GRANT SELECT, INSERT ON billing.vendor_statement_cdr, billing.vendor_statement_faults, billing.vendor_matches,
    billing.recon_audit TO warp_recon;
GRANT SELECT ON billing.vendor_payables, billing.vendor_invoices TO warp_biller;
GRANT SELECT ON billing.vendor_statements, billing.vendor_statement_cdr, billing.vendor_statement_faults,
    billing.vendor_invoices, billing.reconciliation_runs, billing.vendor_matches, billing.disputes,
    billing.vendor_scorecards, billing.vendor_payables, billing.recon_progress, billing.recon_audit TO warp_ctl;
