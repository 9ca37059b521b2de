-- Rated calls as the poller commits them: numbers drawn under the sequence's lock, and one span. What an earlier try has committed is left.
-- A call of known charge costs 0.01 a second; the charges of others have all five decimals.
CREATE SCHEMA rig;
CREATE FUNCTION rig.rate(usage jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    today date := (moment AT TIME ZONE 'UTC')::date;
BEGIN
    PERFORM billing.ensure_partition('rated_cdr', today);
    PERFORM billing.lock_sequence('rated');
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(usage) AS given (id uuid, sip_uuid text, customer uuid, seconds integer, charge numeric)
    ), rated AS (
        INSERT INTO billing.rated_cdr (
            id, rated_seq, usage_day, raw_day, raw_seq, source, received_at, rated_at, sip_uuid, sip_callid, customer_id, status, flags,
            direction, answered, rating_instant, start_stamp, answer_stamp, end_stamp, duration_ms, billed_seconds, ani, dni,
            jurisdiction, tax_jurisdiction, class_key, sku, rate_plan_id, rate_per_minute, charge, ref_version)
        SELECT id, nextval('billing.rated_seq'), today, today, 1, 'rig', moment, moment, sip_uuid, sip_uuid, customer, 'rated', '{}',
            'terminating', true, moment, moment, moment, moment + make_interval(secs => seconds), seconds * 1000, seconds,
            '+12126000100', '+13122010100', 'INTERSTATE', 'INTERSTATE', 'TERMINATING:DOMESTIC:INTERSTATE', 'SKU001', 'rig', 0.6,
            charge, '1.0.0'
        FROM given WHERE NOT EXISTS (SELECT FROM billing.rated_cdr AS r WHERE r.id = given.id)
        RETURNING rated_seq, charge
    )
    INSERT INTO billing.rated_spans (service, usage_day, first_seq, last_seq, count, charges)
    SELECT 'voice', today, min(rated_seq), max(rated_seq), count(*), sum(charge) FROM rated HAVING count(*) > 0;
    RETURN (SELECT max(rated_seq) FROM billing.rated_cdr);
END
$$;
