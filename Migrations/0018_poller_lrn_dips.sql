-- Answers of a portability service, and calls that wait for one. Locks nothing that is in use: a new table.

-- What a portability service answered for a call (E2, M11): one row a call, which every later rating of it uses. usage_day is the day of
-- the raw row. cost and milliseconds are those of the dip; 0 where an earlier dip of the number answered. timed_out: no answer in 15 min.
CREATE TABLE billing.lrn_dips (
    usage_day date NOT NULL,
    call_id uuid NOT NULL,
    number text NOT NULL,
    asked_at timestamptz NOT NULL,
    answer text NOT NULL CHECK (answer IN ('ported', 'not_ported', 'timed_out')),
    lrn text,
    cost numeric(12, 7) NOT NULL,
    milliseconds bigint NOT NULL,
    PRIMARY KEY (call_id, usage_day),
    CHECK ((answer = 'ported') = (lrn IS NOT NULL))
) PARTITION BY RANGE (usage_day);

INSERT INTO billing.partitioned_tables (table_name, owner_role) VALUES ('lrn_dips', 'warp_poller');

GRANT SELECT, INSERT ON billing.lrn_dips TO warp_poller;
GRANT SELECT ON billing.lrn_dips TO warp_ctl;
