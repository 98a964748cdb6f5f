-- Expense lines, newest first. `is_unmapped` are those whose money is still unmapped: the newest lines of their
-- conversions.
SELECT
    line.id::text, line.created_at, sources.slug AS source, campaigns.slug AS campaign, line.affiliate_id AS affiliate,
    line.event, conversions.transaction_id, line.conversion_id::text, line.seq, line.kind, line.adjusts, line.direction,
    line.payee, line.category, line.account, line.tax_code, line.rule, line.rule_version, line.unmapped, line.amount,
    line.currency, line.base_amount, line.base_currency, line.rate, line.rate_on, line.period, line.origin_period,
    line.billable_from, line.approved_by_rule, line.conversion_status, line.revision, line.cause::text,
    line.happened_at, line.dedup_key::text
FROM expense_lines AS line
LEFT JOIN conversions ON conversions.dedup_key = line.dedup_key
LEFT JOIN sources ON sources.id = line.source_id
LEFT JOIN campaigns ON campaigns.id = line.campaign_id
WHERE
    (%(dedup_keys)s::uuid [] IS NULL OR line.dedup_key = ANY(%(dedup_keys)s))
    AND (%(source)s::text IS NULL OR sources.slug = %(source)s)
    AND (%(campaign)s::text IS NULL OR campaigns.slug = %(campaign)s)
    AND (%(affiliate)s::text IS NULL OR line.affiliate_id = %(affiliate)s)
    AND (%(event)s::text IS NULL OR line.event = %(event)s)
    AND (%(payee)s::text IS NULL OR line.payee = %(payee)s)
    AND (%(rule)s::text IS NULL OR line.rule = %(rule)s)
    AND (%(kind)s::text IS NULL OR line.kind = %(kind)s)
    AND (%(direction)s::text IS NULL OR line.direction = %(direction)s)
    AND (%(currency)s::text IS NULL OR line.currency = %(currency)s)
    AND (%(period)s::date IS NULL OR line.period = %(period)s)
    AND (%(reason)s::text IS NULL OR line.unmapped = %(reason)s)
    AND (
        NOT %(is_unmapped)s
        OR (
            line.unmapped IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM expense_lines AS later
                WHERE later.dedup_key = line.dedup_key AND later.seq > line.seq AND later.unmapped IS NULL
            )
            -- What was taken back is not unmapped any more. A line without an amount has nothing to take back.
            AND (
                line.amount = 0
                OR (
                    SELECT sum(held.amount) FROM expense_lines AS held
                    WHERE held.dedup_key = line.dedup_key AND held.currency = line.currency
                ) <> 0
            )
        )
    )
    AND (
        %(bill)s::text IS NULL
        OR (line.dedup_key, line.seq) IN (
            SELECT items.dedup_key, items.seq FROM bill_items AS items
            JOIN bills ON bills.id = items.bill_id
            WHERE bills.number = %(bill)s
        )
    )
    AND (%(since)s::timestamptz IS NULL OR line.created_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR line.created_at < %(until)s)
ORDER BY line.created_at DESC, line.dedup_key, line.seq DESC
LIMIT %(limit)s::bigint
