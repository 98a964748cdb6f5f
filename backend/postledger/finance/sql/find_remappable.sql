-- The conversions whose lines a remap may change: those whose newest line is unmapped, and those with a line of another
-- version of the rules in a month that is not locked.
SELECT line.dedup_key::text
FROM expense_lines AS line
WHERE
    line.unmapped IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM expense_lines AS later
        WHERE later.dedup_key = line.dedup_key AND later.seq > line.seq AND later.unmapped IS NULL
    )
UNION
SELECT dedup_key::text
FROM expense_lines
WHERE unmapped IS NULL AND rule_version <> %(rules_version)s AND origin_period <> ALL(%(locked)s::date [])
