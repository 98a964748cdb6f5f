-- The report that was replaced by one that is taken out counts again.
UPDATE statements SET replaced_at = NULL
WHERE id = (SELECT replaces FROM statements WHERE id = %s)
