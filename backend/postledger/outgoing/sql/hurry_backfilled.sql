-- Makes back-filled deliveries due now if a live one of the same conversion waits for them.
UPDATE deliveries SET due_at = %(now)s
FROM json_to_recordset(%(deliveries)s::json) AS queued (dedup_key uuid, forward text)
WHERE
    deliveries.dedup_key = queued.dedup_key AND deliveries.forward = queued.forward
    AND deliveries.settled_at IS NULL AND deliveries.is_backfill AND deliveries.attempts = 0 AND deliveries.due_at > %(now)s
