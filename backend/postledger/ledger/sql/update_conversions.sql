-- Writes conversions as the fold has left them. Every value is given, so that a second run changes nothing.
UPDATE conversions
SET status = folded.status, source_status = folded.source_status, payout = folded.payout,
    currency = folded.currency, event_time = folded.event_time, unsigned = folded.unsigned,
    updated_at = folded.updated_at
FROM json_to_recordset(%s::json) AS folded (
    dedup_key uuid, status text, source_status text, payout numeric, currency text,
    event_time timestamptz, unsigned text [], updated_at timestamptz
)
WHERE conversions.dedup_key = folded.dedup_key
