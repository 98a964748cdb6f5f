-- Adds to items of before the lock what people did with the late items that they take over: all since these were last
-- gone. A settled item, or one that was gone, is open again since the late item was opened.
INSERT INTO discrepancy_notes (key, nth, at, actor, action, note)
SELECT
    late.key,
    (SELECT max(nth) FROM discrepancy_notes WHERE discrepancy_notes.key = late.key)
    + row_number() OVER (PARTITION BY late.key ORDER BY notes.nth),
    notes.at,
    notes.actor,
    CASE notes.action WHEN 'opened' THEN 'reopened' ELSE notes.action END,
    notes.note
FROM late_items AS late
JOIN discrepancies AS known ON known.key = late.key
JOIN discrepancy_notes AS notes ON notes.key = late.late_key
WHERE
    late.is_known
    AND (notes.action <> 'opened' OR known.state IN ('resolved', 'accepted', 'gone'))
    AND notes.nth > coalesce(
        (
            SELECT max(gone.nth)
            FROM discrepancy_notes AS gone
            WHERE gone.key = late.late_key AND gone.action = 'gone'
        ), 0
    )
