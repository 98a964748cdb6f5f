-- The conversions that the lines which are left name: by transaction id, by the id of a refund, or by click id. Each is
-- looked up by an index. One that a person named is among them even if it came after `as_of`.
CREATE TEMPORARY TABLE named AS
SELECT conversions.dedup_key
FROM left_groups
JOIN conversions ON conversions.transaction_id = left_groups.transaction_id
WHERE conversions.source_id = %(source_id)s AND conversions.created_at <= %(as_of)s
UNION
SELECT conversion_events.dedup_key
FROM left_groups
JOIN conversion_events ON conversion_events.transaction_id = left_groups.transaction_id
WHERE conversion_events.source_id = %(source_id)s AND conversion_events.received_at <= %(as_of)s
UNION
SELECT conversions.dedup_key
FROM left_groups
JOIN conversions ON conversions.click_id = left_groups.click_id
WHERE conversions.source_id = %(source_id)s AND conversions.created_at <= %(as_of)s
UNION
SELECT claims.dedup_key
FROM claims
WHERE claims.is_decided
