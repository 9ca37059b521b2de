-- Days that retention has dropped: what they held is gone, this says so. Locks nothing: the table is new.

CREATE TABLE billing.dropped_partitions (
    table_name text NOT NULL REFERENCES billing.partitioned_tables,
    usage_day date NOT NULL,
    row_count bigint NOT NULL,
    bytes bigint NOT NULL,
    dropped_by text NOT NULL,
    dropped_at timestamptz NOT NULL,
    PRIMARY KEY (table_name, usage_day, dropped_at)
);
GRANT SELECT ON billing.dropped_partitions
    TO warp_ctl, warp_ingest, warp_poller, warp_wallet, warp_biller, warp_recon;
