-- What networks owe us for the months of some conversions, as far as these have receivable lines.
SELECT DISTINCT
    lines.dedup_key::text, owed.id::text, owed.number, owed.payee, owed.period, owed.amount, owed.currency, owed.received,
    owed.created_at, owed.updated_at
FROM expense_lines AS lines
JOIN receivables AS owed
    ON owed.payee = lines.payee AND owed.currency = lines.currency AND owed.period = lines.period
WHERE lines.dedup_key = ANY(%(dedup_keys)s::uuid []) AND lines.direction = 'receivable'
ORDER BY owed.number
LIMIT %(limit)s
