-- Moves the later deliveries of conversions whose earlier one was put off, or was settled after it had been put off. They
-- wait for it anyway; without this each lease would pass over all of them again.
UPDATE deliveries
SET due_at = moved.due_at
FROM json_to_recordset(%(moved)s::json) AS moved (dedup_key uuid, revision integer, due_at timestamptz)
WHERE
    deliveries.dedup_key = moved.dedup_key AND deliveries.forward = %(forward)s AND deliveries.settled_at IS NULL
    AND deliveries.revision > moved.revision
