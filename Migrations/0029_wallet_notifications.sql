-- What the wallet tells customers, operators and their systems (M28): a row is written in the transaction that did what it tells, and sent
-- afterwards. Locks nothing: all objects are new.

-- Who wants to be told what, and where. Without a customer they are operators, who are told of everybody; without kinds they want all.
-- What is removed stays as a row that is not enabled, for the notifications that name it.
CREATE TABLE billing.wallet_subscriptions (
    id uuid PRIMARY KEY,
    customer_id uuid,
    channel text NOT NULL CHECK (channel IN ('webhook', 'email')),
    -- A URL, or an address.
    target text NOT NULL CHECK (octet_length(target) BETWEEN 1 AND 1000),
    -- What webhooks are signed with; only the wallet reads it.
    secret text,
    kinds text[] NOT NULL DEFAULT '{}',
    enabled boolean NOT NULL DEFAULT true,
    -- Failures in a row of whatever was sent there, and until when nothing is sent because of them.
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    paused_until timestamptz,
    created_at timestamptz NOT NULL,
    CHECK ((channel = 'webhook') = (secret IS NOT NULL)),
    UNIQUE NULLS NOT DISTINCT (customer_id, channel, target)
);

-- One notice to one receiver. event_key is the event's natural key: a target hears of an event once.
CREATE TABLE billing.wallet_notifications (
    id uuid PRIMARY KEY,
    event_key text NOT NULL CHECK (octet_length(event_key) BETWEEN 1 AND 200),
    kind text NOT NULL,
    -- Whom it is about, whoever hears of it.
    customer_id uuid,
    payload jsonb NOT NULL CHECK (jsonb_typeof(payload) = 'object'),
    subscription_id uuid NOT NULL REFERENCES billing.wallet_subscriptions,
    channel text NOT NULL CHECK (channel IN ('webhook', 'email')),
    target text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'sent', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    -- Of a row that is being sent, the end of its lease: a row whose sender was killed is due again then.
    next_attempt_at timestamptz NOT NULL,
    last_error text,
    created_at timestamptz NOT NULL,
    -- From when the time counts after which it is given up: created_at, or when a person put it back.
    pending_since timestamptz NOT NULL,
    sent_at timestamptz,
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    UNIQUE (event_key, channel, target)
);
CREATE INDEX wallet_notifications_due ON billing.wallet_notifications (next_attempt_at) WHERE state = 'pending';
CREATE INDEX wallet_notifications_settled ON billing.wallet_notifications (created_at) WHERE state <> 'pending';
CREATE INDEX wallet_notifications_by_subscription ON billing.wallet_notifications (subscription_id);

GRANT SELECT, INSERT, UPDATE ON billing.wallet_subscriptions TO warp_wallet;
GRANT SELECT, INSERT, UPDATE, DELETE ON billing.wallet_notifications TO warp_wallet;
GRANT SELECT (id, customer_id, channel, target, kinds, enabled, failures, paused_until, created_at)
    ON billing.wallet_subscriptions TO warp_ctl;
GRANT SELECT ON billing.wallet_notifications TO warp_ctl;
