-- The history of a work item, the oldest first.
SELECT notes.nth, notes.at, notes.actor, notes.action, notes.note
FROM discrepancy_notes AS notes
INNER JOIN discrepancies AS items ON items.key = notes.key
WHERE items.id = %(id)s
ORDER BY notes.nth
