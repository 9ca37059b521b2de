-- Holds for calls under way (M15). A wallet carries the sum of its holds, so that one row says what is available; a hold is found by the id of the
-- usage record that will capture it. No hold was ever written, so the table is empty; wallets is locked while its column is added.

ALTER TABLE billing.wallets ADD COLUMN held numeric(14, 4) NOT NULL DEFAULT 0 CHECK (held >= 0);

ALTER TABLE billing.holds
    DROP CONSTRAINT holds_pkey,
    -- The id of the call's raw and rated row.
    ADD COLUMN usage_id uuid PRIMARY KEY,
    -- What was asked: a repeat of the same question gets the same answer.
    ADD COLUMN question uuid NOT NULL;

DROP INDEX billing.holds_open;
CREATE INDEX holds_open ON billing.holds (customer_id, expires_at) WHERE state IN ('open', 'ended');
CREATE INDEX holds_due ON billing.holds (expires_at) WHERE state IN ('open', 'ended');
CREATE INDEX holds_closed ON billing.holds (closed_at) WHERE closed_at IS NOT NULL;
GRANT DELETE ON billing.holds TO warp_wallet;
