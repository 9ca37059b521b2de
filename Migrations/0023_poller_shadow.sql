-- Shadow rating: what live traffic would cost by a second plan, apart from everything that is billed. Locks nothing: all objects are new.

-- A plan that rates a customer's usage beside the real one, from the rated number from_seq on. plan is its file's JSON.
CREATE TABLE billing.shadow_plans (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    customer_ban varchar(50) NOT NULL,
    plan jsonb NOT NULL,
    from_seq bigint NOT NULL,
    started_at timestamptz NOT NULL,
    started_by text NOT NULL,
    stopped_at timestamptz,
    stopped_by text,
    CHECK ((stopped_at IS NULL) = (stopped_by IS NULL))
);

-- One row for each rated row of the customer, by the id of that row. shadow_charge is null where the plan has no price.
CREATE TABLE billing.shadow_rated (
    shadow_id bigint NOT NULL REFERENCES billing.shadow_plans,
    usage_day date NOT NULL,
    row_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('raw_cdr', 'raw_mdr', 'raw_api_usage')),
    rated_seq bigint NOT NULL,
    class_key text,
    charge numeric(12, 5),
    shadow_charge numeric(12, 5),
    ref_version text NOT NULL,
    PRIMARY KEY (shadow_id, usage_day, row_id)
);

GRANT SELECT, INSERT ON billing.shadow_plans, billing.shadow_rated TO warp_poller;
GRANT UPDATE (stopped_at, stopped_by) ON billing.shadow_plans TO warp_poller;
GRANT USAGE ON SEQUENCE billing.shadow_plans_id_seq TO warp_poller;
GRANT SELECT ON billing.shadow_plans, billing.shadow_rated TO warp_ctl;
