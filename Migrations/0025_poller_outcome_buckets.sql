-- Which buckets of 1,024 raw rows have rows with an outcome, so that a batch of none of them looks nothing up. Adds one table with a row for
-- each bucket that was numbered up to now; locks nothing that is in use.

CREATE TABLE billing.outcome_buckets (
    kind text NOT NULL,
    bucket bigint NOT NULL,
    PRIMARY KEY (kind, bucket)
);
GRANT SELECT, INSERT ON billing.outcome_buckets TO warp_poller;

INSERT INTO billing.outcome_buckets (kind, bucket)
SELECT kind, generate_series(0, last_value / 1024)
FROM (
    SELECT 'raw_cdr' AS kind, last_value FROM billing.raw_cdr_seq WHERE is_called
    UNION ALL SELECT 'raw_vendor_cdr', last_value FROM billing.raw_vendor_cdr_seq WHERE is_called
    UNION ALL SELECT 'raw_mdr', last_value FROM billing.raw_mdr_seq WHERE is_called
    UNION ALL SELECT 'raw_api_usage', last_value FROM billing.raw_api_usage_seq WHERE is_called
) AS numbered;
