-- Where a stopped shadow plan ends: what was rated before is still followed up to there. Adds a column to a small table, whose lock is held
-- for a moment.

ALTER TABLE billing.shadow_plans ADD COLUMN through_seq bigint;
GRANT UPDATE (through_seq) ON billing.shadow_plans TO warp_poller;
