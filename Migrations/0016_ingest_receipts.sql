-- Which message a delivery receipt belongs to. Locks nothing: a new view.

-- Joined by (connector, SMSC id), early and doubled receipts included; without a message yet, the message's columns are null. An SMSC
-- gives its ids out again some day, so only messages from eight days before the receipt to one day after it count, the latest first.
CREATE VIEW billing.message_receipts AS
SELECT receipt.id AS receipt_id, receipt.usage_day, receipt.received_at, receipt.connector, receipt.smsc_id,
    receipt.message_status, receipt.is_conflict, message.id AS mdr_id, message.usage_day AS mdr_usage_day,
    message.message_id, message.customer_ban
FROM billing.raw_dlr AS receipt
LEFT JOIN LATERAL (
    SELECT mdr.id, mdr.usage_day, mdr.message_id, mdr.customer_ban
    FROM billing.raw_mdr AS mdr
    WHERE mdr.smsc_id = receipt.smsc_id AND mdr.connector = receipt.connector AND NOT mdr.is_conflict
        AND mdr.usage_day BETWEEN receipt.usage_day - 8 AND receipt.usage_day + 1
    ORDER BY mdr.usage_day DESC, mdr.raw_seq DESC
    LIMIT 1
) AS message ON true;

GRANT SELECT ON billing.message_receipts TO warp_poller, warp_ctl;
