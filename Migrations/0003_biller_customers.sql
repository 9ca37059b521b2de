-- Customers with their BANs, numbers and exemptions: made by `biller customers`, read by whoever rates or keeps balances.
-- Locks nothing: all objects are new.

CREATE TABLE billing.customers (
    customer_id uuid PRIMARY KEY,
    name text NOT NULL,
    model text NOT NULL CHECK (model IN ('PREPAID', 'POSTPAID', 'HYBRID')),
    cycle text NOT NULL CHECK (cycle IN ('daily', 'weekly', 'monthly')),
    anchor_day smallint NOT NULL DEFAULT 1 CHECK (anchor_day BETWEEN 1 AND 28),
    billing_timezone text NOT NULL DEFAULT 'UTC',
    payment_terms text NOT NULL DEFAULT 'NET_30' CHECK (payment_terms IN ('NET_0', 'NET_30', 'NET_60')),
    btn text,
    service_state text,
    lines integer NOT NULL DEFAULT 0 CHECK (lines >= 0),
    wholesale boolean NOT NULL DEFAULT false,
    -- T1: interstate shares of indeterminate usage and of recurring fees; false leaves international usage out of the USF base.
    indeterminate_piu numeric(8, 7) NOT NULL DEFAULT 1 CHECK (indeterminate_piu BETWEEN 0 AND 1),
    recurring_piu numeric(8, 7) NOT NULL DEFAULT 0 CHECK (recurring_piu BETWEEN 0 AND 1),
    usf_international boolean NOT NULL DEFAULT true,
    margin_alert_pct numeric(5, 2) NOT NULL DEFAULT 10.00,
    -- What the wallet starts with: the wallet reads them once, when it makes the customer's wallet (M27).
    initial_credit_limit numeric(10, 2),
    initial_balance numeric(10, 4) NOT NULL DEFAULT 0,
    auto_recharge_threshold numeric(10, 2),
    auto_recharge_amount numeric(10, 2),
    billed_from date NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((auto_recharge_threshold IS NULL) = (auto_recharge_amount IS NULL)),
    CHECK (initial_credit_limit IS NOT NULL OR model = 'POSTPAID')
);

-- A record names its customer by BAN (X14).
CREATE TABLE billing.customer_bans (
    ban varchar(50) PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES billing.customers
);

-- Whose number a mobile-originated message was sent to (M9). E.164 with plus, or a short code.
CREATE TABLE billing.customer_numbers (
    number text PRIMARY KEY,
    ban varchar(50) NOT NULL REFERENCES billing.customer_bans
);

-- T4: tax is a tax id, `federal_usf` or `all`; both days inclusive.
CREATE TABLE billing.exemptions (
    customer_id uuid NOT NULL REFERENCES billing.customers,
    tax text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    certificate text,
    PRIMARY KEY (customer_id, tax, valid_from)
);

-- Raised by every change of the tables above, so that readers know when to load again.
CREATE SEQUENCE billing.customers_version_seq CACHE 1;

CREATE TABLE billing.biller_audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON billing.customers, billing.customer_bans, billing.customer_numbers,
    billing.exemptions TO warp_biller;
GRANT SELECT, INSERT ON billing.biller_audit TO warp_biller;
GRANT USAGE, SELECT ON SEQUENCE billing.customers_version_seq TO warp_biller;
GRANT SELECT ON billing.customers, billing.customer_bans, billing.customer_numbers
    TO warp_poller, warp_wallet, warp_recon;
GRANT SELECT ON SEQUENCE billing.customers_version_seq TO warp_poller, warp_wallet, warp_recon;
GRANT SELECT ON billing.customers, billing.customer_bans, billing.customer_numbers, billing.exemptions,
    billing.biller_audit TO warp_ctl;
-- M29: a customer's key sees one customer's row.
ALTER TABLE billing.customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON billing.customers FOR SELECT TO warp_biller_customer
    USING (customer_id = nullif(current_setting('warp.customer', true), '')::uuid);
GRANT SELECT ON billing.customers TO warp_biller_customer;
GRANT SELECT ON billing.customer_bans TO warp_biller_customer, warp_wallet_customer, warp_poller_customer;
