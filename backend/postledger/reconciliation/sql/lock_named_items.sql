-- Work items, locked in the order of their keys, so that two changes of the same ones wait for each other and do not
-- deadlock.
SELECT
    items.id, items.key, items.class, items.state, items.version, items.stake, items.currency, items.facts_sha256,
    statements.imported_by, coalesce(bills.payee, receivables.payee, conversions.affiliate_id)
FROM discrepancies AS items
LEFT JOIN statements ON statements.id = items.statement_id
LEFT JOIN bills ON bills.id = items.bill_id
LEFT JOIN receivables ON receivables.id = items.receivable_id
LEFT JOIN conversions ON conversions.dedup_key = items.dedup_key
WHERE items.id = ANY(%s)
ORDER BY items.key
FOR UPDATE OF items
