-- What cdr-ingest takes and makes durable: natural keys (M1), raw records by day, rejects, and the counts of the conservation
-- table. Locks nothing: all objects are new.

-- Who may push, by name and secret. `kinds` limits what a source may send; empty means everything.
CREATE TABLE billing.sources (
    name text PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    kinds text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- The only place where "seen before" is decided (G8). kind: 1 cdr, 2 vendor-cdr, 3 mdr, 4 api, 5 dlr.
-- key_hash: the first 128 bits of SHA-256 over the natural key, as a UUID; it is the id of the raw and of the rated row too.
CREATE TABLE billing.record_keys (
    kind smallint NOT NULL,
    key_hash uuid NOT NULL,
    content_hash uuid NOT NULL,
    raw_day date NOT NULL,
    raw_seq bigint NOT NULL,
    PRIMARY KEY (kind, key_hash)
) PARTITION BY HASH (kind, key_hash);

DO $$
BEGIN
    FOR part IN 0..15 LOOP
        EXECUTE format('CREATE TABLE billing.record_keys_%s PARTITION OF billing.record_keys
                        FOR VALUES WITH (MODULUS 16, REMAINDER %s)', part, part);
    END LOOP;
END
$$;

CREATE SEQUENCE billing.raw_cdr_seq CACHE 1;
CREATE SEQUENCE billing.raw_vendor_cdr_seq CACHE 1;
CREATE SEQUENCE billing.raw_mdr_seq CACHE 1;
CREATE SEQUENCE billing.raw_dlr_seq CACHE 1;
CREATE SEQUENCE billing.raw_api_usage_seq CACHE 1;

INSERT INTO billing.sequence_kinds (kind, sequence_name) VALUES
    ('raw_cdr', 'raw_cdr_seq'), ('raw_vendor_cdr', 'raw_vendor_cdr_seq'), ('raw_mdr', 'raw_mdr_seq'),
    ('raw_dlr', 'raw_dlr_seq'), ('raw_api_usage', 'raw_api_usage_seq');

-- Common to all raw tables: usage_day is the day of the rating instant where that is plausible (at most 13 months old and 7
-- days ahead), else the day of receipt; is_conflict marks the same key with other content (G8); document is the record as it
-- came, unknown fields included.
CREATE TABLE billing.raw_cdr (
    id uuid NOT NULL,
    raw_seq bigint NOT NULL,
    usage_day date NOT NULL,
    source text NOT NULL,
    received_at timestamptz NOT NULL,
    is_conflict boolean NOT NULL DEFAULT false,
    sip_uuid varchar(128) NOT NULL,
    sip_callid varchar(128),
    sip_from text,
    sip_rpid text,
    sip_contact text,
    sip_ruri text,
    sip_pai text,
    sip_pci text,
    customer_ban varchar(50),
    raw_ani text,
    dni text,
    direction text,
    selected_vendor text,
    vendor_trunk text,
    routing_partition text,
    start_stamp timestamptz,
    answer_stamp timestamptz,
    end_stamp timestamptz,
    created_at timestamptz,
    document text NOT NULL,
    PRIMARY KEY (raw_seq, usage_day)
) PARTITION BY RANGE (usage_day);

-- Attempts carry no numbers of their own: they are rated together with their call (M10).
CREATE TABLE billing.raw_vendor_cdr (
    id uuid NOT NULL,
    raw_seq bigint NOT NULL,
    usage_day date NOT NULL,
    source text NOT NULL,
    received_at timestamptz NOT NULL,
    is_conflict boolean NOT NULL DEFAULT false,
    sip_uuid varchar(128) NOT NULL,
    attempt_number integer NOT NULL,
    vendor_name text,
    document text NOT NULL,
    PRIMARY KEY (raw_seq, usage_day)
) PARTITION BY RANGE (usage_day);
CREATE INDEX raw_vendor_cdr_by_call ON billing.raw_vendor_cdr (sip_uuid);

CREATE TABLE billing.raw_mdr (
    id uuid NOT NULL,
    raw_seq bigint NOT NULL,
    usage_day date NOT NULL,
    source text NOT NULL,
    received_at timestamptz NOT NULL,
    is_conflict boolean NOT NULL DEFAULT false,
    is_final boolean NOT NULL DEFAULT true,
    message_id text NOT NULL,
    customer_ban varchar(50),
    connector text,
    smsc_id text,
    document text NOT NULL,
    PRIMARY KEY (raw_seq, usage_day)
) PARTITION BY RANGE (usage_day);
CREATE INDEX raw_mdr_by_receipt ON billing.raw_mdr (smsc_id, connector) WHERE smsc_id IS NOT NULL;

-- A delivery receipt is a fact of its own: joined to its message by (connector, SMSC id), it never changes a charge.
CREATE TABLE billing.raw_dlr (
    id uuid NOT NULL,
    raw_seq bigint NOT NULL,
    usage_day date NOT NULL,
    source text NOT NULL,
    received_at timestamptz NOT NULL,
    is_conflict boolean NOT NULL DEFAULT false,
    message_id text,
    connector text,
    smsc_id text,
    message_status text,
    document text NOT NULL,
    PRIMARY KEY (raw_seq, usage_day)
) PARTITION BY RANGE (usage_day);
CREATE INDEX raw_dlr_by_receipt ON billing.raw_dlr (smsc_id, connector) WHERE smsc_id IS NOT NULL;

CREATE TABLE billing.raw_api_usage (
    id uuid NOT NULL,
    raw_seq bigint NOT NULL,
    usage_day date NOT NULL,
    source text NOT NULL,
    received_at timestamptz NOT NULL,
    is_conflict boolean NOT NULL DEFAULT false,
    usage_id text NOT NULL,
    customer_ban varchar(50),
    document text NOT NULL,
    PRIMARY KEY (raw_seq, usage_day)
) PARTITION BY RANGE (usage_day);

INSERT INTO billing.partitioned_tables (table_name, owner_role) VALUES
    ('raw_cdr', 'warp_ingest'), ('raw_vendor_cdr', 'warp_ingest'), ('raw_mdr', 'warp_ingest'),
    ('raw_dlr', 'warp_ingest'), ('raw_api_usage', 'warp_ingest');

-- One row for each commit, table and usage day: a reader of a range of raw_seq learns here which partitions hold it.
CREATE TABLE billing.raw_spans (
    kind text NOT NULL REFERENCES billing.sequence_kinds (kind),
    usage_day date NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    count integer NOT NULL,
    PRIMARY KEY (kind, last_seq, usage_day)
);

-- A record that is no record: its bytes, where it hurts and why. Nothing is thrown away.
CREATE TABLE billing.ingest_rejects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    received_at timestamptz NOT NULL,
    path text NOT NULL,
    reason text NOT NULL,
    pointer text NOT NULL,
    detail text NOT NULL,
    bytes bytea NOT NULL
);

-- Added up on reading: a counter row shared by all batches of an hour would make their commits wait for each other.
-- received = accepted + conflicts + repeats + rejected; evidence (a non-final MDR, M9) is a part of accepted.
CREATE TABLE billing.ingest_counts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hour timestamptz NOT NULL,
    source text NOT NULL,
    kind text NOT NULL,
    received bigint NOT NULL,
    accepted bigint NOT NULL,
    evidence bigint NOT NULL DEFAULT 0,
    conflicts bigint NOT NULL,
    repeats bigint NOT NULL,
    rejected bigint NOT NULL
);
CREATE INDEX ingest_counts_by_hour ON billing.ingest_counts (hour);

CREATE TABLE billing.ingest_progress (
    source text PRIMARY KEY,
    through_seq bigint NOT NULL,
    updated_at timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON billing.sources TO warp_ingest;
GRANT SELECT, INSERT, DELETE ON billing.record_keys TO warp_ingest;
GRANT SELECT, INSERT ON billing.raw_cdr, billing.raw_vendor_cdr, billing.raw_mdr, billing.raw_dlr, billing.raw_api_usage,
    billing.raw_spans, billing.ingest_rejects, billing.ingest_counts TO warp_ingest;
GRANT SELECT, INSERT, UPDATE ON billing.ingest_progress TO warp_ingest;
GRANT USAGE ON SEQUENCE billing.raw_cdr_seq, billing.raw_vendor_cdr_seq, billing.raw_mdr_seq, billing.raw_dlr_seq,
    billing.raw_api_usage_seq TO warp_ingest;
GRANT SELECT ON billing.raw_cdr, billing.raw_vendor_cdr, billing.raw_mdr, billing.raw_dlr, billing.raw_api_usage,
    billing.raw_spans, billing.ingest_counts TO warp_poller;
GRANT SELECT ON billing.sources, billing.record_keys, billing.raw_cdr, billing.raw_vendor_cdr, billing.raw_mdr,
    billing.raw_dlr, billing.raw_api_usage, billing.raw_spans, billing.ingest_rejects, billing.ingest_counts,
    billing.ingest_progress TO warp_ctl;
