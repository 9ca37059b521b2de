-- The wallet's peer: balances and a ledger with a unique key, in a schema of its own. `customers` is how many balances there are.
CREATE SCHEMA peer;
CREATE TABLE peer.balance (customer integer PRIMARY KEY, balance numeric(14, 4) NOT NULL);
CREATE TABLE peer.ledger (
    reference text PRIMARY KEY, customer integer NOT NULL, amount numeric(10, 4) NOT NULL, created_at timestamptz NOT NULL);
INSERT INTO peer.balance SELECT customer, 900000 FROM generate_series(1, :customers) AS customer;
ANALYZE peer.balance;
