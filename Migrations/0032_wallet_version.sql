-- Copies of a wallet's state outside the database are told apart by a number that grows with each write of its row: a later copy is never overwritten by an
-- earlier one, whichever instance brings it. Adding a column with a constant default rewrites nothing.

ALTER TABLE billing.wallets ADD COLUMN version bigint NOT NULL DEFAULT 0;
