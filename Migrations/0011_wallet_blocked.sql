-- A wallet that is stopped by hand or by fraud control, which money does not lift (W4), and the auto-recharge that it was made
-- with: only a customer's order that was on had terms. Locks wallets for a moment and rewrites those that have terms.

ALTER TABLE billing.wallets ADD COLUMN blocked boolean NOT NULL DEFAULT false;
UPDATE billing.wallets SET auto_recharge_enabled = true WHERE auto_recharge_threshold IS NOT NULL;
ALTER TABLE billing.wallets
    ADD CONSTRAINT wallets_auto_recharge_has_terms
        CHECK (NOT auto_recharge_enabled OR (auto_recharge_threshold IS NOT NULL AND auto_recharge_amount IS NOT NULL));
