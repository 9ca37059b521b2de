-- One chain over everything that happens to a wallet (M17): each event has the next number of its wallet and a hash over the event before and all of
-- its own rows, which may stand in three tables. A posting is the balanced entry of its usage, so usage has no rows of the journal any more; the view
-- journal_entries shows both alike. No release has written these tables, so they are made anew; rows that are there all the same stop the migration.

DO $$
BEGIN
    IF EXISTS (SELECT FROM billing.transactions) OR EXISTS (SELECT FROM billing.usage_postings) OR EXISTS (SELECT FROM billing.journal) THEN
        RAISE EXCEPTION 'the ledger holds rows of an unreleased form: start from an empty database';
    END IF;
END
$$;

DROP TABLE billing.usage_postings, billing.transactions, billing.journal;
DELETE FROM billing.sequence_kinds WHERE kind = 'transactions';
DROP SEQUENCE billing.transactions_seq;

-- One row for every rated record. Its legs: `debit` from wallet, `accrued` from unbilled and what is left of `charge` from residue go to revenue; so it
-- balances by construction.
CREATE TABLE billing.usage_postings (
    rated_id uuid NOT NULL,
    usage_day date NOT NULL,
    rated_seq bigint NOT NULL,
    customer_id uuid NOT NULL,
    chain_index bigint NOT NULL CHECK (chain_index > 0),
    charge numeric(12, 5) NOT NULL,
    debit numeric(12, 4) NOT NULL,
    accrued numeric(12, 4) NOT NULL,
    residue_after numeric(6, 5) NOT NULL,
    posted_at timestamptz NOT NULL,
    chain_hash bytea NOT NULL CHECK (length(chain_hash) = 32),
    PRIMARY KEY (rated_id, usage_day)
) PARTITION BY RANGE (usage_day);
CREATE INDEX usage_postings_by_chain ON billing.usage_postings (customer_id, chain_index);

-- amount is signed: balance_after = balance_before + amount (W7). The id begins with its time, so that new rows stand together in its index.
CREATE TABLE billing.transactions (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    chain_index bigint NOT NULL CHECK (chain_index > 0),
    type varchar(20) NOT NULL CHECK (type IN ('charge', 'payment', 'refund', 'adjustment')),
    amount numeric(10, 4) NOT NULL CHECK (amount <> 0),
    balance_before numeric(10, 4) NOT NULL,
    balance_after numeric(10, 4) NOT NULL,
    description text NOT NULL,
    reference_type varchar(20) NOT NULL CHECK (reference_type IN ('cdr', 'mdr', 'api', 'invoice', 'payment', 'adjustment')),
    reference_id varchar(100) NOT NULL,
    created_at timestamptz NOT NULL,
    chain_hash bytea NOT NULL CHECK (length(chain_hash) = 32),
    CHECK (balance_after = balance_before + amount)
);
CREATE UNIQUE INDEX transactions_by_chain ON billing.transactions (customer_id, chain_index);
-- Usage is unique by its posting.
CREATE UNIQUE INDEX transactions_by_reference ON billing.transactions (reference_type, reference_id, type)
    WHERE reference_type IN ('invoice', 'payment', 'adjustment');

-- What is no usage: one row moves an amount from the credit account to the debit account, so it balances by construction.
CREATE TABLE billing.journal (
    customer_id uuid NOT NULL,
    chain_index bigint NOT NULL CHECK (chain_index > 0),
    line smallint NOT NULL CHECK (line > 0),
    debit_account text NOT NULL,
    credit_account text NOT NULL,
    amount numeric(14, 5) NOT NULL CHECK (amount > 0),
    reference_type text NOT NULL,
    reference_id text NOT NULL,
    at timestamptz NOT NULL,
    chain_hash bytea NOT NULL CHECK (length(chain_hash) = 32),
    PRIMARY KEY (customer_id, chain_index, line),
    CHECK (debit_account <> credit_account),
    UNIQUE (reference_type, reference_id, debit_account, credit_account)
);

-- The whole double entry, usage too, with positive amounts.
CREATE VIEW billing.journal_entries AS
SELECT customer_id, chain_index, at, debit_account, credit_account, amount, reference_type, reference_id
FROM billing.journal
UNION ALL
SELECT p.customer_id, p.chain_index, p.posted_at, CASE WHEN leg.amount > 0 THEN leg.account ELSE 'revenue' END,
    CASE WHEN leg.amount > 0 THEN 'revenue' ELSE leg.account END, abs(leg.amount)::numeric(14, 5), 'usage', p.rated_id::text
FROM billing.usage_postings AS p,
    LATERAL (VALUES ('wallet', p.debit), ('unbilled', p.accrued), ('residue', p.charge - p.debit - p.accrued)) AS leg (account, amount)
WHERE leg.amount <> 0;

-- A wallet's row changes with every call: room for the next version on its page keeps its index as it is.
ALTER TABLE billing.wallets SET (fillfactor = 40);

ALTER TABLE billing.transactions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON billing.transactions FOR SELECT TO warp_wallet_customer
    USING (customer_id = nullif(current_setting('warp.customer', true), '')::uuid);
GRANT SELECT ON billing.transactions TO warp_wallet_customer;
GRANT SELECT, INSERT ON billing.usage_postings, billing.transactions, billing.journal TO warp_wallet;
GRANT SELECT ON billing.transactions, billing.usage_postings TO warp_biller;
GRANT SELECT ON billing.usage_postings, billing.transactions, billing.journal, billing.journal_entries TO warp_ctl;
