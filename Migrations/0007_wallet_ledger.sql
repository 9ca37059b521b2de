-- Balances and the ledger behind them. Every rated record has exactly one posting (M13); what moves a balance has a row in
-- transactions, what moves money between accounts a row in journal. Rows are only inserted, wallets and holds apart.
-- Locks nothing: all objects are new.

CREATE SEQUENCE billing.transactions_seq CACHE 1;
CREATE SEQUENCE billing.payments_seq CACHE 1;
INSERT INTO billing.sequence_kinds (kind, sequence_name) VALUES
    ('transactions', 'transactions_seq'), ('payments', 'payments_seq');

-- available = balance + credit_limit - accrued - receivable - holds (M14); credit_limit null is unlimited (POSTPAID only).
CREATE TABLE billing.wallets (
    customer_id uuid PRIMARY KEY,
    model text NOT NULL CHECK (model IN ('PREPAID', 'POSTPAID', 'HYBRID')),
    balance numeric(10, 4) NOT NULL DEFAULT 0,
    credit_limit numeric(10, 2) DEFAULT 0,
    accrued numeric(14, 4) NOT NULL DEFAULT 0,
    receivable numeric(14, 2) NOT NULL DEFAULT 0,
    residue numeric(6, 5) NOT NULL DEFAULT 0 CHECK (residue >= 0 AND residue < 0.0001),
    high_water_mark numeric(10, 4),
    low_balance_alert_level smallint CHECK (low_balance_alert_level IN (20, 10, 5)),
    low_balance_alert_sent boolean GENERATED ALWAYS AS (low_balance_alert_level IS NOT NULL) STORED,
    suspended boolean NOT NULL DEFAULT false,
    auto_recharge_enabled boolean NOT NULL DEFAULT false,
    auto_recharge_threshold numeric(10, 2),
    auto_recharge_amount numeric(10, 2),
    auto_recharge_failures smallint NOT NULL DEFAULT 0,
    recharge_pending boolean NOT NULL DEFAULT false,
    last_recharge_at timestamptz,
    chain_length bigint NOT NULL DEFAULT 0,
    chain_head bytea,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- One row for every rated record, sub-cent and postpaid ones too: charge = debit + accrued + change of residue.
CREATE TABLE billing.usage_postings (
    rated_id uuid NOT NULL,
    usage_day date NOT NULL,
    rated_seq bigint NOT NULL,
    customer_id uuid NOT NULL,
    charge numeric(12, 5) NOT NULL,
    debit numeric(12, 4) NOT NULL,
    accrued numeric(12, 4) NOT NULL,
    residue_after numeric(6, 5) NOT NULL,
    posted_at timestamptz NOT NULL,
    PRIMARY KEY (rated_id, usage_day)
) PARTITION BY RANGE (usage_day);
CREATE INDEX usage_postings_by_customer ON billing.usage_postings (customer_id, rated_seq);

INSERT INTO billing.partitioned_tables (table_name, owner_role) VALUES ('usage_postings', 'warp_wallet');

-- Rated usage that could not be posted, with its reason: no customer, an overflow (W10).
CREATE TABLE billing.parked_postings (
    rated_id uuid PRIMARY KEY,
    usage_day date NOT NULL,
    rated_seq bigint NOT NULL,
    customer_id uuid,
    reason text NOT NULL,
    parked_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    retry_at timestamptz,
    resolved_at timestamptz
);
CREATE INDEX parked_postings_open ON billing.parked_postings (customer_id, rated_seq) WHERE resolved_at IS NULL;

-- amount is signed: balance_after = balance_before + amount (W7). chain_hash covers the row and the one before (M17).
CREATE TABLE billing.transactions (
    id uuid PRIMARY KEY,
    transaction_seq bigint NOT NULL UNIQUE,
    customer_id uuid NOT NULL,
    type varchar(20) NOT NULL CHECK (type IN ('charge', 'payment', 'refund', 'adjustment')),
    amount numeric(10, 4) NOT NULL CHECK (amount <> 0),
    balance_before numeric(10, 4) NOT NULL,
    balance_after numeric(10, 4) NOT NULL,
    description text NOT NULL,
    reference_type varchar(20) NOT NULL CHECK (reference_type IN ('cdr', 'mdr', 'api', 'invoice', 'payment', 'adjustment')),
    reference_id varchar(100) NOT NULL,
    chain_index bigint NOT NULL,
    chain_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK (balance_after = balance_before + amount),
    UNIQUE (customer_id, chain_index),
    UNIQUE (reference_type, reference_id, type)
);
CREATE INDEX transactions_by_customer ON billing.transactions (customer_id, transaction_seq DESC);

-- Double entry: one row moves an amount from the credit account to the debit account, so it balances by construction.
CREATE TABLE billing.journal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id uuid NOT NULL,
    at timestamptz NOT NULL,
    debit_account text NOT NULL,
    credit_account text NOT NULL,
    amount numeric(14, 5) NOT NULL CHECK (amount > 0),
    reference_type text NOT NULL,
    reference_id text NOT NULL,
    CHECK (debit_account <> credit_account),
    UNIQUE (reference_type, reference_id, debit_account, credit_account)
);

CREATE TABLE billing.holds (
    sip_uuid varchar(128) PRIMARY KEY,
    customer_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'ended', 'captured', 'released', 'expired')),
    amount numeric(10, 4) NOT NULL,
    reserve_seconds integer NOT NULL,
    rate_per_minute numeric(16, 7) NOT NULL,
    terms jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE INDEX holds_open ON billing.holds (customer_id) WHERE state IN ('open', 'ended');

CREATE TABLE billing.payment_methods (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    type varchar(20) NOT NULL CHECK (type IN ('card', 'ach', 'wire')),
    is_default boolean NOT NULL DEFAULT false,
    processor varchar(20) CHECK (processor IN ('authorize_net', 'mustache')),
    processor_token varchar(255),
    last_four varchar(4),
    expiry_date date,
    status varchar(20) NOT NULL DEFAULT 'active',
    created_at timestamptz NOT NULL
);

-- One row an attempt to move money; an opening balance or a wire is one that was booked by hand.
CREATE TABLE billing.payments (
    id uuid PRIMARY KEY,
    payment_seq bigint NOT NULL UNIQUE,
    customer_id uuid NOT NULL,
    method text NOT NULL CHECK (method IN ('card', 'ach', 'wire', 'opening')),
    amount numeric(10, 2) NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'sent', 'paid', 'failed', 'unknown', 'refunded')),
    reference text NOT NULL UNIQUE,
    processor_id text UNIQUE,
    invoice_id uuid,
    fee numeric(10, 2),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE billing.wallet_progress (
    source text PRIMARY KEY,
    through_seq bigint NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE billing.wallet_audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL
);

-- M29: a customer's key reads through warp_wallet_customer, and that role sees one customer's rows.
ALTER TABLE billing.wallets ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.transactions ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.holds ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON billing.wallets FOR SELECT TO warp_wallet_customer
    USING (customer_id = nullif(current_setting('warp.customer', true), '')::uuid);
CREATE POLICY own ON billing.transactions FOR SELECT TO warp_wallet_customer
    USING (customer_id = nullif(current_setting('warp.customer', true), '')::uuid);
CREATE POLICY own ON billing.holds FOR SELECT TO warp_wallet_customer
    USING (customer_id = nullif(current_setting('warp.customer', true), '')::uuid);
GRANT SELECT ON billing.wallets, billing.transactions, billing.holds TO warp_wallet_customer;

GRANT SELECT, INSERT, UPDATE ON billing.wallets, billing.holds, billing.parked_postings, billing.payment_methods,
    billing.payments, billing.wallet_progress TO warp_wallet;
GRANT SELECT, INSERT ON billing.usage_postings, billing.transactions, billing.journal, billing.wallet_audit TO warp_wallet;
GRANT USAGE ON SEQUENCE billing.transactions_seq, billing.payments_seq TO warp_wallet;
GRANT SELECT ON billing.wallets, billing.transactions, billing.usage_postings, billing.parked_postings, billing.payments,
    billing.wallet_progress TO warp_biller;
GRANT SELECT ON billing.wallets, billing.usage_postings, billing.parked_postings, billing.transactions, billing.journal,
    billing.holds, billing.payments, billing.wallet_progress, billing.wallet_audit TO warp_ctl;
