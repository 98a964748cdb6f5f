-- Postpones what the broker has refused, and with it the later changes of the same conversion, which must not overtake it.
UPDATE publications
SET
    refusals = publications.refusals + CASE WHEN publications.receipt = refused.receipt THEN 1 ELSE 0 END,
    due_at = refused.due_at
FROM json_to_recordset(%s::json) AS refused (dedup_key uuid, receipt uuid, due_at timestamptz)
WHERE publications.dedup_key = refused.dedup_key AND publications.published_at IS NULL
