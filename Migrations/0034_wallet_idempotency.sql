-- Answers to requests that change something, kept by the key that their caller gave them (M28): a repeat is answered byte by byte as the first time and
-- changes nothing again. And an index for customers who look for payments among millions of charges: it holds what is no usage, so the debits of usage
-- cost nothing more. Making it keeps writers of transactions waiting.

CREATE TABLE billing.wallet_idempotency (
    -- Who asked: 'customer:…', 'operator:ada'. Each has keys of their own.
    caller text NOT NULL,
    key text NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 255),
    -- Method and path.
    request text NOT NULL,
    -- Of the query and the body: the same key for anything else is refused.
    body_hash bytea NOT NULL CHECK (length(body_hash) = 32),
    state text NOT NULL CHECK (state IN ('running', 'done')),
    -- Who carries the request out, and until when nobody else does: the claim of an instance that was killed is taken over then.
    claim_id uuid NOT NULL,
    leased_until timestamptz NOT NULL,
    status smallint,
    content_type text,
    body bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (caller, key),
    CHECK ((state = 'done') = (status IS NOT NULL)),
    CHECK ((state = 'done') = (body IS NOT NULL))
);
CREATE INDEX wallet_idempotency_by_age ON billing.wallet_idempotency (created_at);

CREATE INDEX transactions_besides_usage ON billing.transactions (customer_id, chain_index)
    WHERE type <> 'charge' OR reference_type IN ('invoice', 'payment', 'adjustment');

GRANT SELECT, INSERT, UPDATE, DELETE ON billing.wallet_idempotency TO warp_wallet;
GRANT SELECT (caller, key, request, state, leased_until, status, created_at) ON billing.wallet_idempotency TO warp_ctl;
