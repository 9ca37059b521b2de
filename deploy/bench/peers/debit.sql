-- A debit for pgbench, as somebody would write it who has no rules to mind: the balance, and an entry of its own in the ledger.
-- `customers` is how many balances are debited (-D).
\set customer random(1, :customers)
\set serial random(1, 9000000000000000000)
BEGIN;
UPDATE peer.balance SET balance = balance - 0.0550 WHERE customer = :customer;
INSERT INTO peer.ledger (reference, customer, amount, created_at)
VALUES ('pgbench-' || :serial::bigint, :customer, -0.0550, clock_timestamp());
COMMIT;
