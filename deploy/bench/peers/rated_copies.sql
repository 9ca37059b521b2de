-- The stored calls `copies` times again, raw and rated, each with an id and numbers of its own. A copy may be a part of one: 4.5.
\pset tuples_only
SELECT max(raw_seq) AS numbers FROM billing.raw_cdr \gset
SELECT max(rated_seq) AS rated FROM billing.rated_cdr \gset
SELECT string_agg('raw.' || column_name, ', ') AS values, string_agg(column_name, ', ') AS columns FROM information_schema.columns
WHERE table_schema = 'billing' AND table_name = 'raw_cdr' AND column_name NOT IN ('id', 'raw_seq', 'sip_uuid') \gset raw_
SELECT string_agg('rated.' || column_name, ', ') AS values, string_agg(column_name, ', ') AS columns FROM information_schema.columns
WHERE table_schema = 'billing' AND table_name = 'rated_cdr' AND column_name NOT IN ('id', 'rated_seq', 'raw_seq', 'sip_uuid') \gset rated_

INSERT INTO billing.raw_cdr (id, raw_seq, sip_uuid, :raw_columns)
SELECT md5(copy || raw.sip_uuid)::uuid, raw.raw_seq + copy * :numbers, 'c' || copy || raw.sip_uuid, :raw_values
FROM generate_series(1, ceil(:copies)::int) AS copy
JOIN billing.raw_cdr AS raw ON raw.raw_seq <= (:copies - copy + 1) * :numbers;

INSERT INTO billing.rated_cdr (id, rated_seq, raw_seq, sip_uuid, :rated_columns)
SELECT md5(copy || rated.sip_uuid)::uuid, rated.rated_seq + copy * :rated, rated.raw_seq + copy * :numbers, 'c' || copy || rated.sip_uuid,
    :rated_values
FROM generate_series(1, ceil(:copies)::int) AS copy
JOIN billing.rated_cdr AS rated ON rated.raw_seq <= (:copies - copy + 1) * :numbers;
ANALYZE billing.raw_cdr, billing.rated_cdr;
