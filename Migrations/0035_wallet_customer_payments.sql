-- Customers see what became of the payments they asked for (M29): their own rows, and no column about the processor.
ALTER TABLE billing.payments ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON billing.payments FOR SELECT TO warp_wallet_customer
    USING (customer_id = nullif(current_setting('warp.customer', true), '')::uuid);
GRANT SELECT (id, customer_id, method, purpose, amount, state, outcome, created_at, credited_at) ON billing.payments
    TO warp_wallet_customer;
