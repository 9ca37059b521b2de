-- Fraud control (M19): what each customer did lately, who has other limits than everybody, and what came of the checks that fired. Locks nothing: all
-- objects are new.

-- A customer's recent events, in Core's own bytes; a customer without a row did nothing lately. Read and written under the lock of the wallet.
CREATE TABLE billing.fraud_windows (
    customer_id uuid PRIMARY KEY,
    windows bytea NOT NULL,
    -- The highest rated_seq that was seen: calls without a charge have no posting that would tell a repeat.
    through_seq bigint NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 50);
-- They do not get smaller by packing.
ALTER TABLE billing.fraud_windows ALTER COLUMN windows SET STORAGE EXTERNAL;

-- What differs from the rules' limits and actions (F8): without a customer for everybody, with one on top of that.
CREATE TABLE billing.fraud_limits (
    customer_id uuid,
    limits jsonb NOT NULL CHECK (jsonb_typeof(limits) = 'object'),
    updated_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (customer_id)
);

-- A check that fired. actions are those that followed; noted: none of them asks for a person.
CREATE TABLE billing.fraud_reviews (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    check_name text NOT NULL,
    value text NOT NULL,
    -- The time of the event, and when it was seen: much later means that it came with a backlog.
    fired_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    actions text[] NOT NULL,
    evidence jsonb NOT NULL CHECK (jsonb_typeof(evidence) = 'object'),
    state text NOT NULL CHECK (state IN ('open', 'released', 'confirmed', 'noted')),
    decided_by text,
    decided_at timestamptz,
    note text,
    CHECK ((state IN ('released', 'confirmed')) = (decided_at IS NOT NULL)),
    UNIQUE (customer_id, check_name, fired_at)
);
CREATE INDEX fraud_reviews_open ON billing.fraud_reviews (fired_at) WHERE state = 'open';
CREATE INDEX fraud_reviews_by_time ON billing.fraud_reviews (fired_at);

GRANT SELECT, INSERT, UPDATE ON billing.fraud_windows, billing.fraud_limits, billing.fraud_reviews TO warp_wallet;
GRANT SELECT ON billing.fraud_windows, billing.fraud_limits, billing.fraud_reviews TO warp_ctl;
