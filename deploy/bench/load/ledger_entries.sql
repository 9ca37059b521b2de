-- `entries` ledger entries besides, as debits of the wallets of load.customers in turn would have left them: numbered, and each with the
-- balance that the one before it left. The hashes are those of nothing. No wallet may run meanwhile.
CREATE TABLE load.places AS
SELECT place - 1 AS place, customer_id, balance, chain_length, (SELECT count(*) FROM load.customers) AS wallets
FROM load.customers JOIN billing.wallets USING (customer_id);
CREATE UNIQUE INDEX ON load.places (place);
ANALYZE load.places;

INSERT INTO billing.transactions (
    id, transaction_seq, customer_id, type, amount, balance_before, balance_after, description, reference_type, reference_id,
    chain_index, chain_hash, created_at)
SELECT gen_random_uuid(), last_value + entry, customer_id, 'charge', -0.0001, balance - 0.0001 * turn, balance - 0.0001 * (turn + 1),
    'Call', 'cdr', gen_random_uuid()::text, chain_length + turn + 1, sha256(int8send(entry)), clock_timestamp()
FROM generate_series(1::bigint, :entries) AS entry
CROSS JOIN billing.transactions_seq
CROSS JOIN (SELECT count(*) AS wallets FROM load.places) AS counted
CROSS JOIN LATERAL (SELECT (entry - 1) / wallets AS turn, (entry - 1) % wallets AS place) AS step
JOIN load.places USING (place);
SELECT setval('billing.transactions_seq', last_value + :entries) FROM billing.transactions_seq \g /dev/null
UPDATE billing.wallets AS wallet
SET chain_length = last.chain_index, chain_head = last.chain_hash, balance = last.balance_after
FROM load.places AS place
CROSS JOIN LATERAL (
    SELECT chain_index, chain_hash, balance_after FROM billing.transactions AS entry
    WHERE entry.customer_id = place.customer_id ORDER BY chain_index DESC LIMIT 1) AS last
WHERE wallet.customer_id = place.customer_id;
ANALYZE billing.transactions;
