-- How a source shows who it is, and how fast it may push. Locks billing.sources, a small table, for an instant.

-- token: Bearer, Basic or the secret of a callback's path; signature: HMAC with a key that cdr-ingest derives from its own signing key
-- and this salt, so that nothing in this table lets anybody push; certificate: the name of a client certificate that nginx verified.
-- Sources without a token keep random bytes in token_hash.
ALTER TABLE billing.sources
    ADD COLUMN credential text NOT NULL DEFAULT 'token' CHECK (credential IN ('token', 'signature', 'certificate')),
    ADD COLUMN salt bytea,
    ADD COLUMN records_per_second integer CHECK (records_per_second > 0),
    ADD CONSTRAINT sources_salt CHECK ((salt IS NOT NULL) = (credential = 'signature'));
