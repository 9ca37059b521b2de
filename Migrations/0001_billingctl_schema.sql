-- The schema, the daemons' roles, and the three mechanisms everything else stands on: sequences with a commit horizon (M2),
-- day partitions that a daemon may add but not own (M34), API keys. Locks nothing: all objects are new.

CREATE SCHEMA IF NOT EXISTS billing;

-- Roles belong to the cluster, not to this database: another database's migration may have made them already. A daemon's own role
-- passes by row-level security, which is there for the roles of customers' reads (M29), and which COPY could not pass.
DO $$
DECLARE
    role_name text;
    attributes text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY[
        'warp_ingest', 'warp_poller', 'warp_wallet', 'warp_biller', 'warp_recon', 'warp_ctl',
        'warp_poller_customer', 'warp_wallet_customer', 'warp_biller_customer']
    LOOP
        attributes := CASE WHEN role_name LIKE '%_customer' THEN 'LOGIN' ELSE 'LOGIN BYPASSRLS' END;
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name AND rolbypassrls = (attributes LIKE '%BYPASSRLS')) THEN
            CONTINUE;
        END IF;
        BEGIN
            EXECUTE format('CREATE ROLE %I %s', role_name, attributes);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            EXECUTE format('ALTER ROLE %I %s', role_name, attributes);
        END;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA billing TO warp_ingest, warp_poller, warp_wallet, warp_biller, warp_recon, warp_ctl,
    warp_poller_customer, warp_wallet_customer, warp_biller_customer;

-- M2. A kind of fact whose rows carry a number of their own sequence. A writer calls lock_sequence(kind) before it draws.
CREATE TABLE billing.sequence_kinds (
    kind text PRIMARY KEY,
    lock_key bigint NOT NULL UNIQUE GENERATED ALWAYS AS IDENTITY (START 7700001),
    sequence_name text NOT NULL
);

-- Shared until commit: many writers at once, while horizon() waits for those that have drawn and not yet committed.
CREATE FUNCTION billing.lock_sequence(wanted text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    lock_key bigint;
BEGIN
    SELECT k.lock_key INTO STRICT lock_key FROM billing.sequence_kinds AS k WHERE k.kind = wanted;
    PERFORM pg_advisory_xact_lock_shared(lock_key);
END
$$;

-- Every row numbered at or below the answer is committed and visible to the next statement. Call it as a statement of its own:
-- the exclusive lock goes with the transaction. Gives up after two seconds (55P03): the caller tries again at its next sweep.
CREATE FUNCTION billing.horizon(wanted text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '2s' AS $$
DECLARE
    found billing.sequence_kinds;
    last_number bigint;
BEGIN
    SELECT * INTO STRICT found FROM billing.sequence_kinds AS k WHERE k.kind = wanted;
    PERFORM pg_advisory_xact_lock(found.lock_key);
    EXECUTE format('SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM billing.%I', found.sequence_name)
        INTO last_number;
    RETURN last_number;
END
$$;

REVOKE ALL ON FUNCTION billing.lock_sequence(text), billing.horizon(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION billing.lock_sequence(text), billing.horizon(text)
    TO warp_ingest, warp_poller, warp_wallet, warp_biller, warp_recon, warp_ctl;

-- M34. Tables cut into days, and the role that fills each.
CREATE TABLE billing.partitioned_tables (
    table_name text PRIMARY KEY,
    owner_role text NOT NULL
);

-- Makes the partition of one day unless it is there; says whether it made it. Attached rather than created in place, so that
-- writers of other days go on meanwhile.
CREATE FUNCTION billing.ensure_partition(parent text, day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    partition_name text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
    owner_role text;
BEGIN
    SELECT t.owner_role INTO owner_role FROM billing.partitioned_tables AS t WHERE t.table_name = parent;
    IF owner_role IS NULL THEN
        RAISE EXCEPTION 'billing.% is not partitioned by day', parent USING ERRCODE = 'undefined_table';
    END IF;
    IF NOT pg_has_role(session_user, owner_role, 'MEMBER') THEN
        RAISE EXCEPTION 'partitions of billing.% are made by %', parent, owner_role
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF to_regclass(format('billing.%I', partition_name)) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('partition:' || partition_name, 0));
    -- Asked of the catalogue itself: the name cache may still hold that there was no such table before the wait.
    IF EXISTS (SELECT 1 FROM pg_class AS c
               WHERE c.relname = partition_name AND c.relnamespace = 'billing'::regnamespace) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE billing.%I (LIKE billing.%I INCLUDING ALL)', partition_name, parent);
    EXECUTE format('ALTER TABLE billing.%I ATTACH PARTITION billing.%I FOR VALUES FROM (%L) TO (%L)',
        parent, partition_name, day, day + 1);
    RETURN true;
END
$$;

REVOKE ALL ON FUNCTION billing.ensure_partition(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION billing.ensure_partition(text, date)
    TO warp_ingest, warp_poller, warp_wallet, warp_biller, warp_recon;

-- Who may call the HTTP routes. Only the SHA-256 of a token is kept.
CREATE TABLE billing.api_keys (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('customer', 'service', 'operator')),
    customer_id uuid,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK ((kind = 'customer') = (customer_id IS NOT NULL))
);

CREATE TABLE billing.operators (
    name text PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'approver')),
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

GRANT SELECT, INSERT, UPDATE ON billing.api_keys, billing.operators TO warp_ctl;
GRANT SELECT ON billing.api_keys, billing.operators
    TO warp_ingest, warp_poller, warp_wallet, warp_biller, warp_recon;
GRANT SELECT ON billing.sequence_kinds, billing.partitioned_tables TO warp_ctl;
