-- Items of the class `after_lock` that carry on under their usual key, because their month is unlocked and the run found
-- their difference. `is_known`: the month has an item of this key already, from before the lock. It carries on alone if its
-- facts are those that the run found.
CREATE TEMPORARY TABLE late_items ON COMMIT DROP AS
SELECT found.key, late.key AS late_key, known.key IS NOT NULL AS is_known
FROM found_items AS found
JOIN discrepancies AS late ON late.key = sha256('after_lock'::bytea || found.key)
LEFT JOIN discrepancies AS known ON known.key = found.key
WHERE
    NOT %(locked)s
    AND EXISTS (
        SELECT
        FROM discrepancies
        WHERE
            kind = %(kind)s AND period = %(period)s AND class = 'after_lock'
            AND source_id IS NOT DISTINCT FROM %(source_id)s AND account IS NOT DISTINCT FROM %(account)s
    )
    AND (
        known.key IS NULL
        OR (
            late.state <> 'gone'
            AND (
                known.state = 'gone'
                OR (known.class, known.stake, known.currency, known.facts)
                IS DISTINCT FROM (found.class, found.stake, found.currency, found.facts)
            )
        )
    )
