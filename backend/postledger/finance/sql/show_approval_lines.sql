-- The expense lines that a request holds, in the order in which they were written.
SELECT
    line.id::text, line.dedup_key::text, line.seq, line.created_at, line.happened_at, line.kind, sources.slug AS source,
    campaigns.slug AS campaign, line.event, conversions.transaction_id, line.conversion_id::text, line.payee,
    line.category, line.account, line.rule, line.rule_version, line.amount, line.currency, line.base_amount,
    line.base_currency
FROM approval_lines AS held
JOIN expense_lines AS line ON line.dedup_key = held.dedup_key AND line.seq = held.seq
LEFT JOIN conversions ON conversions.dedup_key = line.dedup_key
LEFT JOIN sources ON sources.id = line.source_id
LEFT JOIN campaigns ON campaigns.id = line.campaign_id
WHERE held.approval_id = %s::uuid
ORDER BY line.created_at, line.dedup_key, line.seq
