-- The audit rows that some entries have already, each with its conversion and the status that it reached by the entry.
SELECT
    postbacks.id::text, postbacks.verdict, postbacks.reason, postbacks.cause, postbacks.conversion_id::text,
    conversions.campaign_id, CASE WHEN changed.status_after <> changed.status_before THEN changed.status_after END
FROM json_to_recordset(%s::json) AS entry (id uuid, received_at timestamptz, dedup_key uuid)
JOIN postbacks ON postbacks.id = entry.id AND postbacks.received_at = entry.received_at
JOIN conversions ON conversions.dedup_key = entry.dedup_key
LEFT JOIN conversion_events AS changed ON changed.dedup_key = entry.dedup_key AND changed.id = entry.id
WHERE postbacks.verdict <> 'accepted' -- the fold recognises these by the id of the conversion
