-- Payments: one row for each attempt to move money, written before the processor is asked, and one row of payment_events for each thing that became of
-- it. What a processor tells by webhook is kept before it is believed. payments and payment_methods are locked for a moment while their columns are
-- added; both hold few rows.

ALTER TABLE billing.payments
    DROP CONSTRAINT payments_state_check,
    ADD CONSTRAINT payments_state_check CHECK (state IN (
        'awaiting_approval', 'pending', 'sent', 'held', 'unknown', 'paid', 'failed', 'returned', 'refunded', 'rejected')),
    ADD COLUMN purpose text NOT NULL DEFAULT 'opening'
        CHECK (purpose IN ('opening', 'recharge', 'auto_recharge', 'invoice', 'wire', 'refund')),
    ADD COLUMN payment_method_id uuid,
    ADD COLUMN order_id uuid UNIQUE,
    -- The payment that a refund gives back.
    ADD COLUMN refund_of uuid REFERENCES billing.payments,
    ADD COLUMN authorization_id text,
    ADD COLUMN requested_by text NOT NULL DEFAULT 'daemon:wallet',
    ADD COLUMN approved_by text,
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN sent_at timestamptz,
    -- When the wallet looks at it next; null: nothing is to be done.
    ADD COLUMN due_at timestamptz,
    ADD COLUMN outcome text,
    ADD COLUMN credited_at timestamptz,
    ADD COLUMN fee_settled_at timestamptz,
    ADD CONSTRAINT payments_second_approval CHECK (approved_by IS NULL OR approved_by <> requested_by);
CREATE INDEX payments_due ON billing.payments (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payments_by_customer ON billing.payments (customer_id, payment_seq DESC);
CREATE INDEX payments_fees ON billing.payments (payment_seq) WHERE fee IS NOT NULL AND fee_settled_at IS NULL;

CREATE TABLE billing.payment_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES billing.payments,
    at timestamptz NOT NULL,
    state text NOT NULL,
    processor_id text,
    detail text NOT NULL
);
CREATE INDEX payment_events_by_payment ON billing.payment_events (payment_id, id);

-- Webhooks as they came: a repeat has the same event_id.
CREATE TABLE billing.processor_events (
    source text NOT NULL CHECK (source IN ('authorize_net', 'plaid')),
    event_id text NOT NULL,
    received_at timestamptz NOT NULL,
    body text NOT NULL,
    done_at timestamptz,
    PRIMARY KEY (source, event_id)
);
CREATE INDEX processor_events_open ON billing.processor_events (received_at) WHERE done_at IS NULL;

-- How far a processor's list of events has been taken in.
CREATE TABLE billing.processor_cursors (
    source text PRIMARY KEY,
    after_id bigint NOT NULL,
    updated_at timestamptz NOT NULL
);

ALTER TABLE billing.payment_methods
    -- Authorize.Net's customer profile, or Plaid's account; processor_token is the card's payment profile, or the sealed access token.
    ADD COLUMN processor_account varchar(100),
    ADD COLUMN holder varchar(100),
    ADD COLUMN removed_at timestamptz,
    ADD CONSTRAINT payment_methods_status_check CHECK (status IN ('active', 'relink', 'removed'));
CREATE UNIQUE INDEX payment_methods_default ON billing.payment_methods (customer_id) WHERE is_default AND status = 'active';
CREATE INDEX payment_methods_by_customer ON billing.payment_methods (customer_id);

-- An Authorize.Net profile of a customer: one, whatever cards it has.
CREATE TABLE billing.processor_customers (
    customer_id uuid PRIMARY KEY,
    profile_id text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);

GRANT SELECT, INSERT ON billing.payment_events TO warp_wallet;
GRANT SELECT, INSERT, UPDATE ON billing.processor_events, billing.processor_cursors, billing.processor_customers TO warp_wallet;
GRANT SELECT ON billing.payment_events, billing.processor_events, billing.processor_cursors, billing.processor_customers TO warp_ctl;
