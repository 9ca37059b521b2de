-- The peer's table: that of rated calls, with its columns, indexes and partitions, in a schema of its own.
CREATE SCHEMA peer;
CREATE TABLE peer.rated_cdr (LIKE billing.rated_cdr INCLUDING ALL) PARTITION BY RANGE (usage_day);
SELECT format('CREATE TABLE peer.%I PARTITION OF peer.rated_cdr %s', class.relname, pg_get_expr(class.relpartbound, class.oid))
FROM pg_inherits JOIN pg_class AS class ON class.oid = inhrelid
WHERE inhparent = 'billing.rated_cdr'::regclass
\gexec
