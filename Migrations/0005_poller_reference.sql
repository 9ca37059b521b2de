-- Reference data of the rater. A load is one file's rows and never changes; a version says which load of each dataset is in
-- force, so that a stored record can be rated again with exactly what rated it, and a roll-back is one new version.
-- Locks nothing: all objects are new.

CREATE TABLE billing.reference_loads (
    load_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('npa', 'country_prefixes', 'lerg', 'ported', 'resporg', 'local_areas', 'deck', 'plan',
        'connectors', 'ocn_carriers', 'sku')),
    -- The deck's or plan's name; '' for the datasets of which there is one.
    name text NOT NULL,
    file_checksum bytea NOT NULL,
    row_count bigint NOT NULL,
    loaded_at timestamptz NOT NULL,
    loaded_by text NOT NULL
);

CREATE TABLE billing.reference_versions (
    version bigint PRIMARY KEY,
    activated_at timestamptz NOT NULL,
    activated_by text NOT NULL,
    note text NOT NULL
);

-- In force for every version v with from_version <= v and (until_version is null or v < until_version).
CREATE TABLE billing.reference_activations (
    kind text NOT NULL,
    name text NOT NULL,
    load_id bigint NOT NULL REFERENCES billing.reference_loads,
    from_version bigint NOT NULL REFERENCES billing.reference_versions,
    until_version bigint REFERENCES billing.reference_versions,
    PRIMARY KEY (kind, name, from_version)
);

CREATE TABLE billing.npa_codes (
    load_id bigint NOT NULL REFERENCES billing.reference_loads,
    npa text NOT NULL,
    type text NOT NULL,
    country text,
    state text,
    PRIMARY KEY (load_id, npa)
);

CREATE TABLE billing.country_prefixes (
    load_id bigint NOT NULL REFERENCES billing.reference_loads,
    prefix text NOT NULL,
    country text NOT NULL,
    PRIMARY KEY (load_id, prefix)
);

-- x: the thousands digit, or A for the whole block of ten thousand (E4).
CREATE TABLE billing.lerg_blocks (
    load_id bigint NOT NULL REFERENCES billing.reference_loads,
    npa text NOT NULL,
    nxx text NOT NULL,
    x text NOT NULL,
    ocn text,
    lata text,
    state text,
    rate_center text,
    switch text,
    PRIMARY KEY (load_id, npa, nxx, x)
);

CREATE TABLE billing.local_areas (
    load_id bigint NOT NULL REFERENCES billing.reference_loads,
    area_id text NOT NULL,
    state text NOT NULL,
    rate_center text NOT NULL,
    PRIMARY KEY (load_id, area_id, state, rate_center)
);

CREATE TABLE billing.ported_numbers (
    load_id bigint NOT NULL REFERENCES billing.reference_loads,
    number text NOT NULL,
    lrn text NOT NULL,
    spid text,
    activated timestamptz NOT NULL,
    PRIMARY KEY (load_id, number, activated)
);

CREATE TABLE billing.resporg_assignments (
    load_id bigint NOT NULL REFERENCES billing.reference_loads,
    tfn text NOT NULL,
    resporg text,
    cic text,
    status text,
    ring_to text,
    PRIMARY KEY (load_id, tfn)
);

CREATE TABLE billing.connectors (
    load_id bigint NOT NULL REFERENCES billing.reference_loads,
    connector text NOT NULL,
    vendor text NOT NULL,
    PRIMARY KEY (load_id, connector)
);

CREATE TABLE billing.ocn_carriers (
    load_id bigint NOT NULL REFERENCES billing.reference_loads,
    ocn text NOT NULL,
    carrier text NOT NULL,
    PRIMARY KEY (load_id, ocn)
);

CREATE TABLE billing.sku_map (
    load_id bigint NOT NULL REFERENCES billing.reference_loads,
    class_key text NOT NULL,
    sku text NOT NULL,
    PRIMARY KEY (load_id, class_key)
);

-- Customer decks and vendor decks alike. Rows are in force by effective_date <= t < end_date (R4).
CREATE TABLE billing.rate_deck_entries (
    load_id bigint NOT NULL REFERENCES billing.reference_loads,
    line integer NOT NULL,
    scope text NOT NULL CHECK (scope IN ('domestic', 'international')),
    prefix text NOT NULL,
    interstate numeric(16, 7),
    intrastate numeric(16, 7),
    local numeric(16, 7),
    indeterminate numeric(16, 7),
    rate numeric(16, 7),
    initial_increment integer,
    subsequent_increment integer,
    minimum_seconds integer,
    grace_seconds integer,
    connect_fee numeric(16, 7),
    minimum_charge numeric(16, 7),
    maximum_charge numeric(16, 7),
    effective_date date NOT NULL,
    end_date date,
    PRIMARY KEY (load_id, line)
);

-- The id is text, wider than the UUID of the first design: decks and plans come with names of the carrier's own.
CREATE TABLE billing.rate_plans (
    load_id bigint NOT NULL REFERENCES billing.reference_loads,
    id text NOT NULL,
    name varchar(100) NOT NULL,
    type varchar(20) NOT NULL CHECK (type IN ('voice', 'tollfree', 'sms', 'api')),
    customer_id uuid,
    rates jsonb NOT NULL,
    effective_date date NOT NULL,
    expiry_date date,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (load_id, id)
);

CREATE TABLE billing.poller_audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON billing.reference_activations TO warp_poller;
GRANT SELECT, INSERT ON billing.reference_loads, billing.reference_versions, billing.npa_codes, billing.country_prefixes,
    billing.lerg_blocks, billing.local_areas, billing.ported_numbers, billing.resporg_assignments, billing.connectors,
    billing.ocn_carriers, billing.sku_map, billing.rate_deck_entries, billing.rate_plans, billing.poller_audit
    TO warp_poller;
GRANT SELECT ON billing.reference_loads, billing.reference_versions, billing.reference_activations, billing.npa_codes,
    billing.country_prefixes, billing.lerg_blocks, billing.local_areas, billing.ported_numbers, billing.resporg_assignments,
    billing.connectors, billing.ocn_carriers, billing.sku_map, billing.rate_deck_entries, billing.rate_plans
    TO warp_wallet, warp_biller, warp_recon, warp_ctl;

-- M29: a customer reads the default plans and their own, never another's.
ALTER TABLE billing.rate_plans ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON billing.rate_plans FOR SELECT TO warp_poller_customer
    USING (customer_id IS NULL OR customer_id = nullif(current_setting('warp.customer', true), '')::uuid);
GRANT SELECT ON billing.rate_plans, billing.reference_activations TO warp_poller_customer;
