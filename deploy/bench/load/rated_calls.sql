-- load.rate(calls): rated calls of today as the poller commits them, of wallets picked at random: numbers drawn under the sequence's
-- lock, and one span. Returns the last number. The wallets are those of the BANs LIKE `bans`.
CREATE SCHEMA load;
CREATE TABLE load.customers AS
SELECT row_number() OVER (ORDER BY ban)::integer AS place, customer_id FROM billing.customer_bans WHERE ban LIKE :'bans';
CREATE UNIQUE INDEX ON load.customers (place);
ANALYZE load.customers;

CREATE FUNCTION load.rate(calls integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    today date := (moment AT TIME ZONE 'UTC')::date;
    customers integer := (SELECT max(place) FROM load.customers);
    last_number bigint;
BEGIN
    PERFORM billing.ensure_partition('rated_cdr', today);
    PERFORM billing.lock_sequence('rated');
    WITH picked AS MATERIALIZED (
        SELECT call, 1 + floor(random() * customers)::integer AS place, 1 + floor(random() * 600)::integer AS seconds
        FROM generate_series(1, calls) AS call
    ), rated AS (
        INSERT INTO billing.rated_cdr (
            id, rated_seq, usage_day, raw_day, raw_seq, source, received_at, rated_at, sip_uuid, sip_callid, customer_id, status, flags,
            direction, answered, rating_instant, start_stamp, answer_stamp, end_stamp, duration_ms, billed_seconds, ani, dni,
            jurisdiction, tax_jurisdiction, class_key, sku, rate_plan_id, rate_per_minute, charge, ref_version)
        SELECT gen_random_uuid(), nextval('billing.rated_seq'), today, today, call, 'bench', moment, moment, 'rated-' || gen_random_uuid(),
            gen_random_uuid() || '@198.51.100.10', customer_id, 'rated', '{}', 'terminating', true, moment, moment, moment,
            moment + make_interval(secs => seconds), seconds * 1000, seconds, '+12025550100', '+13125550100', 'INTERSTATE', 'INTERSTATE',
            'TERMINATING:DOMESTIC:INTERSTATE', 'SKU001', 'bench', 0.0110000, round(0.0110000 * seconds / 60, 5), '1.0.0'
        FROM picked JOIN load.customers USING (place)
        RETURNING rated_seq, charge
    )
    INSERT INTO billing.rated_spans (service, usage_day, first_seq, last_seq, count, charges)
    SELECT 'voice', today, min(rated_seq), max(rated_seq), count(*), sum(charge) FROM rated
    RETURNING last_seq INTO last_number;
    RETURN last_number;
END
$$;
