-- Work items that no person has settled, and that the run did not find any more, are gone. In a locked month only those
-- that arose after the lock can go.
WITH gone AS (
    UPDATE discrepancies
    SET state = 'gone', version = version + 1, changed_at = %(now)s, last_run = %(id)s
    WHERE
        kind = %(kind)s AND period = %(period)s
        AND source_id IS NOT DISTINCT FROM %(source_id)s AND account IS NOT DISTINCT FROM %(account)s
        AND state IN ('open', 'assigned', 'disputed') AND (NOT %(locked)s OR class = 'after_lock')
        AND last_run <> %(id)s -- what was found has this run by now
    RETURNING key
)

INSERT INTO discrepancy_notes (key, nth, at, actor, action)
SELECT
    gone.key,
    1 + (SELECT max(nth) FROM discrepancy_notes WHERE discrepancy_notes.key = gone.key),
    %(now)s, (SELECT started_by FROM reconciliations WHERE id = %(id)s), 'gone'
FROM gone
