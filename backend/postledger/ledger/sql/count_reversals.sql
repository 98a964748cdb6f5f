-- From how many conversions each source has taken back since a moment. What an operator released does not count.
SELECT source_id, count(DISTINCT dedup_key)
FROM conversion_events
WHERE
    source_id = ANY(%(source_ids)s::integer[])
    AND reverses IS NOT NULL
    AND received_at > %(since)s
    AND NOT EXISTS (
        SELECT FROM parked_reversals
        WHERE parked_reversals.dedup_key = conversion_events.dedup_key AND parked_reversals.id = conversion_events.id
    )
GROUP BY source_id
