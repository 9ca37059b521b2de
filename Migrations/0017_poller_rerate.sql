-- Re-rating: a preview says what usage would cost by the tables in force, and applying it appends two rows for each record that
-- changes: one that takes the standing row back, with its amounts and quantities negated, and one with the new rating. Both name
-- the record in corrects; the first names the row that it takes back in reverses. Adds a nullable column to each table of rated
-- usage, which rewrites nothing.

ALTER TABLE billing.rated_cdr ADD COLUMN reverses uuid;
ALTER TABLE billing.rated_mdr ADD COLUMN reverses uuid;
ALTER TABLE billing.rated_api_usage ADD COLUMN reverses uuid;
CREATE INDEX rated_cdr_reversed ON billing.rated_cdr (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX rated_mdr_reversed ON billing.rated_mdr (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX rated_api_usage_reversed ON billing.rated_api_usage (reverses) WHERE reverses IS NOT NULL;

-- A preview can be approved and applied once it is finished.
CREATE TABLE billing.rerate_previews (
    id uuid PRIMARY KEY,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    customer_ban varchar(50),
    rate_plan_id text,
    ref_version text NOT NULL,
    records bigint,
    movement numeric(18, 5),
    finished_at timestamptz,
    approved_by text,
    approved_at timestamptz,
    applied_by text,
    applied_at timestamptz
);

-- The records of a preview that would change. id is the record, row_id the row that stands for it; before and after are digests
-- of everything that an invoice or a margin depends on. charge_after is null for a record that has no price any more: it stays.
CREATE TABLE billing.rerate_differences (
    preview_id uuid NOT NULL REFERENCES billing.rerate_previews,
    kind text NOT NULL CHECK (kind IN ('raw_cdr', 'raw_mdr', 'raw_api_usage')),
    id uuid NOT NULL,
    row_id uuid NOT NULL,
    usage_day date NOT NULL,
    raw_day date NOT NULL,
    raw_seq bigint NOT NULL,
    natural_key text NOT NULL,
    customer_ban varchar(50),
    changes text[] NOT NULL,
    before uuid NOT NULL,
    after uuid NOT NULL,
    charge_before numeric(12, 5) NOT NULL,
    charge_after numeric(12, 5),
    cost_before numeric(12, 5),
    cost_after numeric(12, 5),
    PRIMARY KEY (preview_id, kind, usage_day, raw_seq)
);

GRANT SELECT, INSERT, UPDATE ON billing.rerate_previews TO warp_poller;
GRANT SELECT, INSERT ON billing.rerate_differences TO warp_poller;
GRANT SELECT ON billing.rerate_previews, billing.rerate_differences TO warp_ctl;
