-- Notes which work items the run opened or opened again.
INSERT INTO discrepancy_notes (key, nth, at, actor, action)
SELECT
    compared.key,
    1 + coalesce((SELECT max(nth) FROM discrepancy_notes WHERE discrepancy_notes.key = compared.key), 0),
    %(now)s,
    (SELECT started_by FROM reconciliations WHERE id = %(id)s),
    CASE compared.step WHEN 'new' THEN 'opened' ELSE 'reopened' END
FROM compared_items AS compared
WHERE compared.step IN ('new', 'reopened')
