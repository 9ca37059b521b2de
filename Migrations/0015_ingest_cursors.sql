-- How far cdr-ingest has read tables that outside services keep and that it fetches itself, such as API usage in BigQuery: an
-- instant and an id, to the microsecond. ingest_progress has one number for that, which such a table doesn't have. Locks nothing:
-- all objects are new.

-- Rows up to (cursor_at, cursor_id) were read and are durable; first_at is where reading began.
CREATE TABLE billing.ingest_cursors (
    source text PRIMARY KEY,
    first_at timestamptz NOT NULL,
    cursor_at timestamptz NOT NULL,
    cursor_id text NOT NULL,
    updated_at timestamptz NOT NULL
);

-- How many rows were read of each hour behind the cursor: an hour that has more of them by now got rows late.
CREATE TABLE billing.ingest_cursor_hours (
    source text NOT NULL REFERENCES billing.ingest_cursors (source),
    hour timestamptz NOT NULL,
    row_count bigint NOT NULL,
    PRIMARY KEY (source, hour)
);

GRANT SELECT, INSERT, UPDATE ON billing.ingest_cursors TO warp_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON billing.ingest_cursor_hours TO warp_ingest;
GRANT SELECT ON billing.ingest_cursors, billing.ingest_cursor_hours TO warp_ctl;
