-- Rated usage in BigQuery: the batches in which it goes there, and what both stores have of each day. Adds two tables and a view of
-- the same columns; locks nothing that is in use.

-- One row for each batch: all rows of a table with numbers in (from_seq, through_seq], which never change, so that a repeat sends the
-- same bytes. The row and its job id are committed before the first byte is sent, and job_id is what makes the load happen once: a job
-- whose fate is not known keeps its id, and only one that failed for good is followed by the next attempt. row_format tells versions of
-- the rows' format apart; upload_url is where an upload in chunks goes on after a break.
CREATE TABLE billing.bigquery_loads (
    batch_id uuid PRIMARY KEY,
    table_name text NOT NULL CHECK (table_name IN ('rated_cdr', 'rated_mdr', 'rated_api_usage', 'vendor_cdr')),
    from_seq bigint NOT NULL,
    through_seq bigint NOT NULL,
    usage_days date[] NOT NULL,
    row_count bigint NOT NULL CHECK (row_count > 0),
    amount numeric(18, 5) NOT NULL,
    body_bytes bigint NOT NULL,
    row_format text NOT NULL,
    attempt integer NOT NULL DEFAULT 1,
    job_id text NOT NULL UNIQUE,
    state text NOT NULL CHECK (state IN ('assigned', 'submitted', 'loaded', 'failed')),
    upload_url text,
    output_rows bigint,
    failure text,
    retry_at timestamptz,
    assigned_at timestamptz NOT NULL,
    submitted_at timestamptz,
    loaded_at timestamptz,
    compared_at timestamptz,
    UNIQUE (table_name, from_seq),
    CHECK (through_seq > from_seq)
);
CREATE INDEX bigquery_loads_through ON billing.bigquery_loads (table_name, through_seq);
CREATE INDEX bigquery_loads_open ON billing.bigquery_loads (table_name) WHERE state <> 'loaded' OR compared_at IS NULL;

-- What both stores had of a usage day when they were last compared, up to through_seq.
CREATE TABLE billing.bigquery_days (
    table_name text NOT NULL,
    usage_day date NOT NULL,
    through_seq bigint NOT NULL,
    row_count bigint NOT NULL,
    amount numeric(18, 5) NOT NULL,
    bigquery_row_count bigint NOT NULL,
    bigquery_amount numeric(38, 9) NOT NULL,
    compared_at timestamptz NOT NULL,
    PRIMARY KEY (table_name, usage_day)
);

-- M7, now with the truth of exported_to_bq: the call's rated row lies in a batch that is loaded.
CREATE OR REPLACE VIEW billing.raw_cdr_progress AS
SELECT raw.id, raw.sip_uuid, raw.usage_day, raw.raw_seq,
    rated.id IS NOT NULL OR parked.id IS NOT NULL AS enriched,
    rated.id IS NOT NULL AS rated,
    EXISTS (
        SELECT FROM billing.bigquery_loads AS load
        WHERE load.table_name = 'rated_cdr' AND load.state = 'loaded' AND load.from_seq < rated.rated_seq
            AND load.through_seq >= rated.rated_seq
    ) AS exported_to_bq
FROM billing.raw_cdr AS raw
LEFT JOIN billing.rated_cdr AS rated ON rated.id = raw.id
LEFT JOIN billing.unrated_usage AS parked ON parked.kind = 'raw_cdr' AND parked.id = raw.id AND parked.resolved_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON billing.bigquery_loads, billing.bigquery_days TO warp_poller;
GRANT SELECT ON billing.bigquery_loads, billing.bigquery_days TO warp_ctl, warp_biller;
