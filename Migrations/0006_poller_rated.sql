-- Rated usage: one row for a raw record, inserted once and never changed. rated_seq numbers all services together, so that a
-- cut is one number (M2, M22). Locks nothing: all objects are new.

CREATE SEQUENCE billing.rated_seq CACHE 1;
CREATE SEQUENCE billing.vendor_cdr_seq CACHE 1;
INSERT INTO billing.sequence_kinds (kind, sequence_name) VALUES
    ('rated', 'rated_seq'), ('vendor_cdr', 'vendor_cdr_seq');

-- Only status rated and not_billable live here; held and unrated are parked in unrated_usage (M6).
-- id is the raw row's id; usage_day the UTC day of the rating instant (D2).
CREATE TABLE billing.rated_cdr (
    id uuid NOT NULL,
    rated_seq bigint NOT NULL,
    usage_day date NOT NULL,
    raw_day date NOT NULL,
    raw_seq bigint NOT NULL,
    source text NOT NULL,
    received_at timestamptz NOT NULL,
    rated_at timestamptz NOT NULL,
    corrects uuid,
    sip_uuid varchar(128) NOT NULL,
    sip_callid varchar(128),
    customer_id uuid,
    customer_ban varchar(50),
    status text NOT NULL CHECK (status IN ('rated', 'not_billable')),
    flags text[] NOT NULL,
    direction text,
    answered boolean NOT NULL,
    rating_instant timestamptz NOT NULL,
    start_stamp timestamptz,
    answer_stamp timestamptz,
    end_stamp timestamptz,
    duration_ms bigint,
    billed_seconds bigint,
    ani text, ani_kind text, ani_source text, ani_lrn text, ani_lrn_source text, ani_state text, ani_lata text, ani_ocn text,
    ani_rate_center text,
    dni text, dni_kind text, dni_country text, dni_lrn text, dni_lrn_source text, dni_state text, dni_lata text, dni_ocn text,
    dni_rate_center text,
    resporg text, cic text, ring_to text,
    jurisdiction text NOT NULL,
    tax_jurisdiction text NOT NULL,
    class_key text NOT NULL,
    sku text,
    rate_plan_id text,
    rate_prefix text,
    rate_per_minute numeric(16, 7),
    charge numeric(12, 5) NOT NULL,
    vendor varchar(50),
    vendor_trunk text,
    vendor_rate_prefix text,
    vendor_rate numeric(16, 7),
    vendor_billed_seconds bigint,
    vendor_cost numeric(12, 5),
    margin numeric(12, 5),
    margin_percentage numeric(12, 2),
    ref_version text NOT NULL,
    PRIMARY KEY (id, usage_day)
) PARTITION BY RANGE (usage_day);
CREATE INDEX rated_cdr_by_seq ON billing.rated_cdr (rated_seq);
CREATE INDEX rated_cdr_by_call ON billing.rated_cdr (sip_uuid);

CREATE TABLE billing.rated_mdr (
    id uuid NOT NULL,
    rated_seq bigint NOT NULL,
    usage_day date NOT NULL,
    raw_day date NOT NULL,
    raw_seq bigint NOT NULL,
    source text NOT NULL,
    received_at timestamptz NOT NULL,
    rated_at timestamptz NOT NULL,
    corrects uuid,
    message_id text NOT NULL,
    customer_id uuid,
    customer_ban varchar(50),
    status text NOT NULL CHECK (status IN ('rated', 'not_billable')),
    flags text[] NOT NULL,
    direction text,
    message_status text,
    rating_instant timestamptz NOT NULL,
    source_number text,
    destination_number text,
    country text,
    carrier text,
    encoding text,
    units bigint NOT NULL,
    jurisdiction text NOT NULL,
    tax_jurisdiction text NOT NULL,
    class_key text NOT NULL,
    sku text,
    rate_plan_id text,
    rate_prefix text,
    rate numeric(16, 7),
    surcharge numeric(16, 7),
    charge numeric(12, 5) NOT NULL,
    vendor varchar(50),
    vendor_rate numeric(16, 7),
    vendor_fee numeric(16, 7),
    vendor_cost numeric(12, 5),
    margin numeric(12, 5),
    margin_percentage numeric(12, 2),
    ref_version text NOT NULL,
    PRIMARY KEY (id, usage_day)
) PARTITION BY RANGE (usage_day);
CREATE INDEX rated_mdr_by_seq ON billing.rated_mdr (rated_seq);

CREATE TABLE billing.rated_api_usage (
    id uuid NOT NULL,
    rated_seq bigint NOT NULL,
    usage_day date NOT NULL,
    raw_day date NOT NULL,
    raw_seq bigint NOT NULL,
    source text NOT NULL,
    received_at timestamptz NOT NULL,
    rated_at timestamptz NOT NULL,
    corrects uuid,
    usage_id text NOT NULL,
    customer_id uuid,
    customer_ban varchar(50),
    status text NOT NULL CHECK (status IN ('rated', 'not_billable')),
    flags text[] NOT NULL,
    api text,
    query_status text,
    rating_instant timestamptz NOT NULL,
    units bigint NOT NULL,
    tax_jurisdiction text NOT NULL,
    class_key text NOT NULL,
    sku text,
    rate_plan_id text,
    rate numeric(16, 7),
    charge numeric(12, 5) NOT NULL,
    vendor varchar(50),
    vendor_rate numeric(16, 7),
    vendor_cost numeric(12, 5),
    margin numeric(12, 5),
    margin_percentage numeric(12, 2),
    ref_version text NOT NULL,
    PRIMARY KEY (id, usage_day)
) PARTITION BY RANGE (usage_day);
CREATE INDEX rated_api_usage_by_seq ON billing.rated_api_usage (rated_seq);

-- One try of a call at one vendor, rated together with its call (M10). usage_day is the UTC day of start_stamp.
CREATE TABLE billing.vendor_cdr (
    id uuid NOT NULL,
    vendor_cdr_seq bigint NOT NULL,
    usage_day date NOT NULL,
    raw_day date NOT NULL,
    raw_seq bigint NOT NULL,
    customer_cdr_id uuid,
    sip_uuid varchar(128) NOT NULL,
    sip_callid varchar(128),
    vendor_name varchar(50) NOT NULL,
    vendor_trunk varchar(50),
    attempt_number integer NOT NULL,
    start_stamp timestamptz,
    answer_stamp timestamptz,
    end_stamp timestamptz,
    disposition varchar(20),
    sip_response_code integer,
    pdd_ms integer,
    mos_score numeric(3, 2),
    packet_loss numeric(7, 2),
    jitter_ms integer,
    latency_ms integer,
    ani text,
    dni text,
    class_key text,
    rate_prefix text,
    billed_seconds bigint,
    vendor_rate numeric(16, 7),
    vendor_cost numeric(12, 5),
    flags text[] NOT NULL,
    ref_version text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id, usage_day)
) PARTITION BY RANGE (usage_day);
CREATE INDEX vendor_cdr_by_seq ON billing.vendor_cdr (vendor_cdr_seq);
CREATE INDEX vendor_cdr_by_vendor ON billing.vendor_cdr (vendor_name, start_stamp);

INSERT INTO billing.partitioned_tables (table_name, owner_role) VALUES
    ('rated_cdr', 'warp_poller'), ('rated_mdr', 'warp_poller'), ('rated_api_usage', 'warp_poller'),
    ('vendor_cdr', 'warp_poller');

-- Usage that waits: held for a person, unrated for reference data, waiting for its call or a dip (M6, M35).
-- A conflict has an id of its own, and the id of the record whose key it repeats in conflicts_with. An attempt that waits has
-- its call's id in waits_for, and its row goes when its row of vendor_cdr comes: it was a place in a queue, not a fact.
CREATE TABLE billing.unrated_usage (
    kind text NOT NULL CHECK (kind IN ('raw_cdr', 'raw_mdr', 'raw_api_usage', 'raw_vendor_cdr')),
    id uuid NOT NULL,
    raw_day date NOT NULL,
    raw_seq bigint NOT NULL,
    source text NOT NULL,
    received_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('held', 'unrated', 'waiting')),
    flags text[] NOT NULL,
    customer_ban varchar(50),
    natural_key text NOT NULL,
    conflicts_with uuid,
    waits_for uuid,
    evidence jsonb NOT NULL,
    ref_version text NOT NULL,
    parked_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    retry_at timestamptz,
    resolved_at timestamptz,
    resolved_by uuid,
    resolution text,
    PRIMARY KEY (kind, id)
);
CREATE INDEX unrated_usage_open ON billing.unrated_usage (kind, status, raw_seq) WHERE resolved_at IS NULL;
CREATE INDEX unrated_usage_waiting ON billing.unrated_usage (waits_for) WHERE status = 'waiting';
CREATE INDEX unrated_usage_due ON billing.unrated_usage (retry_at) WHERE resolved_at IS NULL AND retry_at IS NOT NULL;

-- One row for each commit, service and usage day of rated usage (M23).
CREATE TABLE billing.rated_spans (
    service text NOT NULL CHECK (service IN ('voice', 'message', 'api')),
    usage_day date NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    count integer NOT NULL,
    charges numeric(14, 5) NOT NULL,
    PRIMARY KEY (service, last_seq, usage_day)
);
CREATE INDEX rated_spans_by_seq ON billing.rated_spans (last_seq);

-- The four outcomes for the conservation table, added up on reading. hour is the hour of receipt. A released or retried record
-- moves from one column to another: its row carries -1 and +1.
CREATE TABLE billing.rating_counts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hour timestamptz NOT NULL,
    source text NOT NULL,
    kind text NOT NULL,
    rated bigint NOT NULL,
    not_billable bigint NOT NULL,
    unrated bigint NOT NULL,
    held bigint NOT NULL,
    evidence bigint NOT NULL DEFAULT 0
);
CREATE INDEX rating_counts_by_hour ON billing.rating_counts (hour);

CREATE TABLE billing.poller_progress (
    source text PRIMARY KEY,
    through_seq bigint NOT NULL,
    updated_at timestamptz NOT NULL
);

-- M7: the flags of the product document are read here; nobody writes a flag on another's row.
CREATE VIEW billing.raw_cdr_progress AS
SELECT raw.id, raw.sip_uuid, raw.usage_day, raw.raw_seq,
    rated.id IS NOT NULL OR parked.id IS NOT NULL AS enriched,
    rated.id IS NOT NULL AS rated,
    false AS exported_to_bq
FROM billing.raw_cdr AS raw
LEFT JOIN billing.rated_cdr AS rated ON rated.id = raw.id
LEFT JOIN billing.unrated_usage AS parked ON parked.kind = 'raw_cdr' AND parked.id = raw.id AND parked.resolved_at IS NULL;

GRANT SELECT, INSERT ON billing.rated_cdr, billing.rated_mdr, billing.rated_api_usage, billing.vendor_cdr,
    billing.rated_spans, billing.rating_counts TO warp_poller;
GRANT SELECT, INSERT, UPDATE ON billing.unrated_usage, billing.poller_progress TO warp_poller;
GRANT DELETE ON billing.unrated_usage TO warp_poller;
GRANT USAGE ON SEQUENCE billing.rated_seq, billing.vendor_cdr_seq TO warp_poller;
GRANT SELECT ON billing.rated_cdr, billing.rated_mdr, billing.rated_api_usage, billing.rated_spans
    TO warp_wallet, warp_biller, warp_recon, warp_ctl;
GRANT SELECT ON billing.vendor_cdr TO warp_recon, warp_ctl;
GRANT SELECT ON billing.unrated_usage, billing.rating_counts, billing.poller_progress, billing.poller_audit,
    billing.raw_cdr_progress TO warp_ctl;
GRANT SELECT ON billing.poller_progress TO warp_biller, warp_wallet, warp_recon;
