-- Conservation: every record that was read has one outcome, is a repeat, or waits. By hour of receipt, source and kind; difference is
-- what is on its way, and 0 when all is quiet. Adds a view, locks nothing.

CREATE VIEW billing.usage_conservation AS
SELECT hour, source, kind, sum(read)::bigint AS read, sum(rated)::bigint AS rated, sum(not_billable)::bigint AS not_billable,
    sum(unrated)::bigint AS unrated, sum(held)::bigint AS held, sum(evidence)::bigint AS evidence,
    sum(waiting)::bigint AS waiting, sum(repeats)::bigint AS repeats,
    sum(read - rated - not_billable - unrated - held - evidence - waiting - repeats)::bigint AS difference
FROM (
    SELECT hour, source, kind, accepted + conflicts + repeats AS read, 0 AS rated, 0 AS not_billable, 0 AS unrated, 0 AS held,
        0 AS evidence, 0 AS waiting, repeats
    FROM billing.ingest_counts
    WHERE kind IN ('cdr', 'mdr', 'api')
    UNION ALL
    SELECT hour, source, kind, 0, rated, not_billable, unrated, held, evidence, 0, 0
    FROM billing.rating_counts
    WHERE kind IN ('cdr', 'mdr', 'api')
    UNION ALL
    SELECT date_trunc('hour', received_at, 'UTC'), source,
        CASE kind WHEN 'raw_cdr' THEN 'cdr' WHEN 'raw_mdr' THEN 'mdr' ELSE 'api' END, 0, 0, 0, 0, 0, 0, 1, 0
    FROM billing.unrated_usage
    WHERE status = 'waiting' AND resolved_at IS NULL AND kind <> 'raw_vendor_cdr'
) AS counted
GROUP BY hour, source, kind;

GRANT SELECT ON billing.usage_conservation TO warp_poller, warp_ctl;
