-- The peers' table: that of the raw calls, with its columns, indexes and partitions, in a schema of its own. `day` is the day of the
-- calls that the benchmark sends.
CREATE SCHEMA peer;
CREATE TABLE peer.raw_cdr (LIKE billing.raw_cdr INCLUDING ALL) PARTITION BY RANGE (usage_day);
CREATE TABLE peer.raw_cdr_day PARTITION OF peer.raw_cdr FOR VALUES FROM (:'day') TO (date :'day' + 1);
CREATE SEQUENCE peer.raw_cdr_seq CACHE 1;
