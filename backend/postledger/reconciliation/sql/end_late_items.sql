-- Late items whose work another item has taken over are gone. Their histories name it.
WITH gone AS (
    UPDATE discrepancies AS items
    SET state = 'gone', version = items.version + 1, changed_at = %(now)s, last_run = %(id)s
    FROM late_items AS late
    WHERE late.is_known AND items.key = late.late_key
    RETURNING items.key, late.key AS taken_by
)

INSERT INTO discrepancy_notes (key, nth, at, actor, action, note)
SELECT
    gone.key,
    1 + (SELECT max(nth) FROM discrepancy_notes WHERE discrepancy_notes.key = gone.key),
    %(now)s,
    (SELECT started_by FROM reconciliations WHERE id = %(id)s),
    'gone',
    'it goes on as work item ' || (SELECT id FROM discrepancies WHERE discrepancies.key = gone.taken_by)
FROM gone
