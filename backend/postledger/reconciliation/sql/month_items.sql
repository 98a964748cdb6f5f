-- The work items of a month: first those that are not settled, the largest stakes first. Those that are gone are left out.
SELECT
    items.id,
    items.class,
    coalesce(sources.slug, items.account, '') AS scope,
    CASE
        WHEN items.kind = 'bank'
            THEN concat_ws(' ', lines.booked_on, lines.bank_reference, bills.number, receivables.number)
        ELSE
            coalesce(
                conversions.transaction_id, lines.transaction_id, conversions.click_id, lines.click_id,
                items.facts ->> 'transaction_id', ''
            )
    END AS subject,
    items.stake,
    items.currency,
    items.state,
    items.owner,
    items.opened_at,
    items.facts,
    items.statement_id::text,
    coalesce(items.resolution, noted.note) AS note
FROM (
    SELECT *
    FROM discrepancies
    WHERE period = %(period)s AND state <> 'gone'
    ORDER BY state IN ('resolved', 'accepted'), stake DESC, id
    LIMIT %(limit)s
) AS items
LEFT JOIN sources ON sources.id = items.source_id
LEFT JOIN conversions ON conversions.dedup_key = items.dedup_key
LEFT JOIN statement_lines AS lines ON lines.statement_id = items.statement_id AND lines.line_no = items.line_no
LEFT JOIN bills ON bills.id = items.bill_id
LEFT JOIN receivables ON receivables.id = items.receivable_id
LEFT JOIN LATERAL (
    SELECT notes.note
    FROM discrepancy_notes AS notes
    WHERE notes.key = items.key AND notes.note IS NOT NULL
    ORDER BY notes.nth DESC
    LIMIT 1
) AS noted ON true
ORDER BY items.state IN ('resolved', 'accepted'), items.stake DESC, items.id
