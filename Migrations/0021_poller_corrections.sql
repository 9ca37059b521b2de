-- Corrections of parked usage. A raw record is never edited: what a person says of it stands in a row of its own, and is laid over the
-- record wherever it is read for rating. Adds a column with a constant default, which rewrites nothing, and numbers the key of lrn_dips,
-- which locks that table while the keys of its partitions are built.

-- One row for each field that was corrected: by whom, when, why, from what to what (JSON; null: the field is not there). number counts
-- the corrections of a record; of two to one field the later counts.
CREATE TABLE billing.usage_corrections (
    kind text NOT NULL CHECK (kind IN ('raw_cdr', 'raw_mdr', 'raw_api_usage', 'raw_vendor_cdr')),
    record_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    corrected_at timestamptz NOT NULL,
    corrected_by text NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    field text NOT NULL,
    old_value jsonb NOT NULL,
    new_value jsonb NOT NULL,
    PRIMARY KEY (kind, record_id, number)
);

-- How many corrections the record has: who settles the row has read as many, or reads again.
ALTER TABLE billing.unrated_usage ADD COLUMN corrections integer NOT NULL DEFAULT 0;

-- A call whose number was corrected is asked about anew; the answer to the earlier number stays.
ALTER TABLE billing.lrn_dips DROP CONSTRAINT lrn_dips_pkey;
ALTER TABLE billing.lrn_dips ADD PRIMARY KEY (call_id, usage_day, number);

GRANT SELECT, INSERT ON billing.usage_corrections TO warp_poller;
GRANT SELECT ON billing.usage_corrections TO warp_ctl;
