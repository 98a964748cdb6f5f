-- The conversions of the refunds whose ids the lines which are left name. Each is looked up by an index.
CREATE TEMPORARY TABLE named_refunds AS
SELECT left_groups.group_no, conversion_events.dedup_key
FROM left_groups
JOIN conversion_events ON conversion_events.transaction_id = left_groups.transaction_id
WHERE
    conversion_events.source_id = %(source_id)s AND conversion_events.reverses IS NOT NULL
    AND conversion_events.received_at <= %(as_of)s
