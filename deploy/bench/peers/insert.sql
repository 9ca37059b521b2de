-- A transaction of one call, for pgbench: the columns' values come as variables from a row that cdr-ingest wrote (-D name=value).
\set serial random(1, 9000000000000000000)
INSERT INTO peer.raw_cdr (
    id, raw_seq, usage_day, source, received_at, is_conflict, sip_uuid, sip_callid, sip_from, sip_rpid, sip_contact, sip_ruri,
    sip_pai, sip_pci, customer_ban, raw_ani, dni, direction, selected_vendor, vendor_trunk, routing_partition, start_stamp,
    answer_stamp, end_stamp, document)
VALUES (
    gen_random_uuid(), nextval('peer.raw_cdr_seq'), :usage_day, :source, clock_timestamp(), false, 'pgbench-' || :serial::bigint,
    :sip_callid, :sip_from, :sip_rpid, :sip_contact, :sip_ruri, :sip_pai, :sip_pci, :customer_ban, :raw_ani, :dni, :direction,
    :selected_vendor, :vendor_trunk, :routing_partition, :start_stamp, :answer_stamp, :end_stamp, :document);
