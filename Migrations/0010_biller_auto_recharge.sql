-- Whether a customer's auto-recharge is on: a threshold and an amount were kept only where it was, and a customer could not keep
-- them switched off. Locks customers for a moment (the new column has a constant default) and rewrites their rows that have terms.

ALTER TABLE billing.customers ADD COLUMN auto_recharge_enabled boolean NOT NULL DEFAULT false;
UPDATE billing.customers SET auto_recharge_enabled = true WHERE auto_recharge_threshold IS NOT NULL;
ALTER TABLE billing.customers
    ADD CONSTRAINT customers_auto_recharge_has_terms
        CHECK (NOT auto_recharge_enabled OR auto_recharge_threshold IS NOT NULL);
