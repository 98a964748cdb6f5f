-- Settles some reversals. One that another operator has settled already keeps that outcome.
UPDATE parked_reversals
SET settled_at = %(now)s, settled_by = %(actor)s, outcome = settled.outcome
FROM json_to_recordset(%(settled)s::json) AS settled (dedup_key uuid, id uuid, outcome text)
WHERE
    parked_reversals.dedup_key = settled.dedup_key AND parked_reversals.id = settled.id
    AND parked_reversals.settled_at IS NULL
