-- `entries` ledger entries besides, of the wallets of load.customers in turn: numbered in their chain, and each with the balance that the one
-- before it left. The hashes are those of nothing. No wallet may run meanwhile.
CREATE TABLE load.places AS
SELECT place - 1 AS place, customer_id, balance, chain_length
FROM load.customers JOIN billing.wallets USING (customer_id);
CREATE UNIQUE INDEX ON load.places (place);
ANALYZE load.places;

INSERT INTO billing.transactions (
    id, customer_id, chain_index, type, amount, balance_before, balance_after, description, reference_type, reference_id, created_at,
    chain_hash)
SELECT (lpad(to_hex(epoch + entry), 12, '0') || substr(md5(entry::text), 13))::uuid, customer_id, chain_length + turn + 1, 'charge',
    -0.0001, balance - 0.0001 * turn, balance - 0.0001 * (turn + 1), 'Call', 'cdr', gen_random_uuid()::text, clock_timestamp(),
    sha256(int8send(entry))
FROM generate_series(1::bigint, :entries) AS entry
CROSS JOIN (SELECT count(*) AS wallets, floor(extract(epoch FROM now()) * 1000)::bigint AS epoch FROM load.places) AS constant
CROSS JOIN LATERAL (SELECT (entry - 1) / wallets AS turn, (entry - 1) % wallets AS place) AS step
JOIN load.places USING (place);
UPDATE billing.wallets AS wallet
SET chain_length = last.chain_index, chain_head = last.chain_hash, balance = last.balance_after
FROM load.places AS place
CROSS JOIN LATERAL (
    SELECT chain_index, chain_hash, balance_after FROM billing.transactions AS entry
    WHERE entry.customer_id = place.customer_id AND chain_index > place.chain_length ORDER BY chain_index DESC LIMIT 1) AS last
WHERE wallet.customer_id = place.customer_id;
ANALYZE billing.transactions;
