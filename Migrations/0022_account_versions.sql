-- Customers and vendors get versions: rating can load them as they were, and a version becomes visible only with its rows. Locks
-- customers, their BANs and numbers and vendors for a moment, and copies what rating reads of them once. The two sequences stay for
-- programs of the release before, which still draw from them; nothing else reads them any more.

-- One row each: raised at the commit of a change, under the row's lock, so that versions appear in the order of commits.
CREATE TABLE billing.customers_version (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    version bigint NOT NULL,
    raised_by xid8
);
CREATE TABLE billing.vendors_version (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    version bigint NOT NULL,
    raised_by xid8
);

-- What rating reads, from one version until another (not included); null until means still.
CREATE TABLE billing.customer_history (
    ban varchar(50) NOT NULL,
    customer_id uuid NOT NULL,
    btn text,
    margin_alert_pct numeric(5, 2) NOT NULL,
    from_version bigint NOT NULL,
    until_version bigint CHECK (until_version > from_version),
    PRIMARY KEY (ban, from_version)
);
CREATE TABLE billing.customer_number_history (
    number text NOT NULL,
    ban varchar(50) NOT NULL,
    from_version bigint NOT NULL,
    until_version bigint CHECK (until_version > from_version),
    PRIMARY KEY (number, from_version)
);
CREATE TABLE billing.vendor_history (
    name varchar(50) NOT NULL,
    terms jsonb NOT NULL,
    from_version bigint NOT NULL,
    until_version bigint CHECK (until_version > from_version),
    PRIMARY KEY (name, from_version)
);

INSERT INTO billing.customer_history (ban, customer_id, btn, margin_alert_pct, from_version)
SELECT b.ban, c.customer_id, c.btn, c.margin_alert_pct, 1
FROM billing.customers AS c JOIN billing.customer_bans AS b ON b.customer_id = c.customer_id;
INSERT INTO billing.customer_number_history (number, ban, from_version)
SELECT number, ban, 1 FROM billing.customer_numbers;
INSERT INTO billing.vendor_history (name, terms, from_version) SELECT name, terms, 1 FROM billing.vendors;
INSERT INTO billing.customers_version (version)
SELECT CASE WHEN EXISTS (SELECT FROM billing.customer_bans) THEN 1 ELSE 0 END;
INSERT INTO billing.vendors_version (version) SELECT CASE WHEN EXISTS (SELECT FROM billing.vendors) THEN 1 ELSE 0 END;

-- A transaction raises a version once, however many rows it changed.
CREATE FUNCTION billing.raise_customers_version() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    raised bigint;
BEGIN
    UPDATE billing.customers_version
    SET version = version + CASE WHEN raised_by = pg_current_xact_id() THEN 0 ELSE 1 END, raised_by = pg_current_xact_id()
    RETURNING version INTO STRICT raised;
    RETURN raised;
END
$$;
CREATE FUNCTION billing.raise_vendors_version() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    raised bigint;
BEGIN
    UPDATE billing.vendors_version
    SET version = version + CASE WHEN raised_by = pg_current_xact_id() THEN 0 ELSE 1 END, raised_by = pg_current_xact_id()
    RETURNING version INTO STRICT raised;
    RETURN raised;
END
$$;

-- The triggers run at commit and compare what stands then with the history: a number that is taken away and given back in one
-- transaction is no change. The version's row is locked before they look, so that they see what others committed meanwhile.
CREATE FUNCTION billing.keep_customer_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    changed varchar(50);
    raised bigint;
BEGIN
    PERFORM FROM billing.customers_version FOR UPDATE;
    FOR changed IN
        SELECT DISTINCT touched.ban
        FROM (
            SELECT b.ban, b.customer_id FROM billing.customer_bans AS b
            UNION
            SELECT h.ban, h.customer_id FROM billing.customer_history AS h WHERE h.until_version IS NULL
        ) AS touched
        WHERE touched.customer_id IN (OLD.customer_id, NEW.customer_id)
            AND NOT EXISTS (
                SELECT FROM billing.customer_history AS h
                JOIN billing.customer_bans AS b ON b.ban = h.ban AND b.customer_id = h.customer_id
                JOIN billing.customers AS c ON c.customer_id = b.customer_id
                WHERE h.ban = touched.ban AND h.until_version IS NULL
                    AND h.btn IS NOT DISTINCT FROM c.btn AND h.margin_alert_pct = c.margin_alert_pct)
    LOOP
        raised := billing.raise_customers_version();
        DELETE FROM billing.customer_history WHERE ban = changed AND from_version = raised;
        UPDATE billing.customer_history SET until_version = raised WHERE ban = changed AND until_version IS NULL;
        INSERT INTO billing.customer_history (ban, customer_id, btn, margin_alert_pct, from_version)
        SELECT b.ban, c.customer_id, c.btn, c.margin_alert_pct, raised
        FROM billing.customer_bans AS b JOIN billing.customers AS c ON c.customer_id = b.customer_id
        WHERE b.ban = changed;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION billing.keep_customer_number_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    changed text;
    raised bigint;
BEGIN
    PERFORM FROM billing.customers_version FOR UPDATE;
    FOREACH changed IN ARRAY ARRAY[OLD.number, NEW.number] LOOP
        CONTINUE WHEN changed IS NULL OR (
            SELECT n.ban FROM billing.customer_numbers AS n WHERE n.number = changed
        ) IS NOT DISTINCT FROM (
            SELECT h.ban FROM billing.customer_number_history AS h WHERE h.number = changed AND h.until_version IS NULL
        );
        raised := billing.raise_customers_version();
        DELETE FROM billing.customer_number_history WHERE number = changed AND from_version = raised;
        UPDATE billing.customer_number_history SET until_version = raised
        WHERE number = changed AND until_version IS NULL;
        INSERT INTO billing.customer_number_history (number, ban, from_version)
        SELECT n.number, n.ban, raised FROM billing.customer_numbers AS n WHERE n.number = changed;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION billing.keep_vendor_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    changed varchar(50);
    raised bigint;
BEGIN
    PERFORM FROM billing.vendors_version FOR UPDATE;
    FOREACH changed IN ARRAY ARRAY[OLD.name, NEW.name] LOOP
        CONTINUE WHEN changed IS NULL OR (
            SELECT v.terms FROM billing.vendors AS v WHERE v.name = changed
        ) IS NOT DISTINCT FROM (
            SELECT h.terms FROM billing.vendor_history AS h WHERE h.name = changed AND h.until_version IS NULL
        );
        raised := billing.raise_vendors_version();
        DELETE FROM billing.vendor_history WHERE name = changed AND from_version = raised;
        UPDATE billing.vendor_history SET until_version = raised WHERE name = changed AND until_version IS NULL;
        INSERT INTO billing.vendor_history (name, terms, from_version)
        SELECT v.name, v.terms, raised FROM billing.vendors AS v WHERE v.name = changed;
    END LOOP;
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION billing.raise_customers_version(), billing.raise_vendors_version(), billing.keep_customer_history(),
    billing.keep_customer_number_history(), billing.keep_vendor_history() FROM PUBLIC;

CREATE INDEX customer_history_standing ON billing.customer_history (customer_id) WHERE until_version IS NULL;
CREATE INDEX IF NOT EXISTS customer_bans_customer ON billing.customer_bans (customer_id);

CREATE CONSTRAINT TRIGGER history AFTER UPDATE ON billing.customers DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.customer_id <> NEW.customer_id OR OLD.btn IS DISTINCT FROM NEW.btn
        OR OLD.margin_alert_pct <> NEW.margin_alert_pct)
    EXECUTE FUNCTION billing.keep_customer_history();
CREATE CONSTRAINT TRIGGER history AFTER INSERT OR UPDATE OR DELETE ON billing.customer_bans DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION billing.keep_customer_history();
CREATE CONSTRAINT TRIGGER history AFTER INSERT OR UPDATE OR DELETE ON billing.customer_numbers DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION billing.keep_customer_number_history();
CREATE CONSTRAINT TRIGGER inserted AFTER INSERT OR DELETE ON billing.vendors DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION billing.keep_vendor_history();
CREATE CONSTRAINT TRIGGER changed AFTER UPDATE ON billing.vendors DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.name <> NEW.name OR OLD.terms IS DISTINCT FROM NEW.terms)
    EXECUTE FUNCTION billing.keep_vendor_history();

GRANT SELECT ON billing.customers_version, billing.customer_history, billing.customer_number_history, billing.vendors_version,
    billing.vendor_history TO warp_poller, warp_wallet, warp_biller, warp_recon, warp_ctl;
