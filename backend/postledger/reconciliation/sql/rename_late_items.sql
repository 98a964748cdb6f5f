-- Gives items of the class `after_lock` and their histories the usual key. `update_items` writes their class and facts.
WITH renamed AS (
    UPDATE discrepancies AS items
    SET key = late.key, version = items.version + 1, changed_at = %(now)s
    FROM late_items AS late
    WHERE items.key = late.late_key AND NOT late.is_known
)

UPDATE discrepancy_notes AS notes
SET key = late.key
FROM late_items AS late
WHERE notes.key = late.late_key AND NOT late.is_known
