-- Holds whose time is over are few, since they are released within seconds: the index by time finds them all, and each new hold has one index less to go
-- into. The room on a page lets a hold be resized in its place. Locks holds for a moment.

DROP INDEX billing.holds_open;
ALTER TABLE billing.holds SET (fillfactor = 80);
