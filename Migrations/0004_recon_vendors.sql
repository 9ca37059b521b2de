-- Vendors and their terms: made by `vendor-recon vendors`, read by whoever prices their side of a call.
-- Locks nothing: all objects are new.

-- terms: what rating.md's vendors.json holds for one vendor (deck, billing, flat, sms, api, sla), as JSON.
CREATE TABLE billing.vendors (
    name varchar(50) PRIMARY KEY,
    deck text,
    terms jsonb NOT NULL,
    payment_cycle text NOT NULL DEFAULT 'monthly' CHECK (payment_cycle IN ('weekly', 'monthly', 'quarterly')),
    net_days integer NOT NULL DEFAULT 30 CHECK (net_days BETWEEN 0 AND 180),
    payment_method text NOT NULL DEFAULT 'ach' CHECK (payment_method IN ('ach', 'wire')),
    statement_format text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE SEQUENCE billing.vendors_version_seq CACHE 1;

GRANT SELECT, INSERT, UPDATE ON billing.vendors TO warp_recon;
GRANT USAGE, SELECT ON SEQUENCE billing.vendors_version_seq TO warp_recon;
GRANT SELECT ON billing.vendors TO warp_poller, warp_wallet, warp_ctl;
GRANT SELECT ON SEQUENCE billing.vendors_version_seq TO warp_poller, warp_wallet;
