-- Work items: those that are not settled first, the highest stake first. What the last run did not find comes last.
-- `late_class`: the class that an item of the class `after_lock` would have in an open month.
SELECT
    items.id, encode(items.key, 'hex') AS key, items.kind, items.class, sources.slug AS source, items.account,
    coalesce(sources.slug, items.account) AS name, items.period, items.state, items.owner, items.stake, items.currency,
    coalesce(conversions.transaction_id, lines.transaction_id) AS transaction_id,
    coalesce(conversions.click_id, lines.click_id) AS click_id, items.dedup_key::text, items.statement_id::text,
    items.line_no,
    bills.number AS bill, receivables.number AS receivable,
    coalesce(
        bills.number, receivables.number, conversions.transaction_id, lines.transaction_id, conversions.click_id,
        lines.click_id, lines.bank_reference, 'line ' || items.line_no
    ) AS subject,
    CASE items.class WHEN 'after_lock' THEN items.facts ->> 'class' END AS late_class,
    items.facts, items.resolution, items.version, items.first_run::text, items.last_run::text,
    items.opened_at, items.changed_at
FROM discrepancies AS items
LEFT JOIN sources ON sources.id = items.source_id
LEFT JOIN conversions ON conversions.dedup_key = items.dedup_key
LEFT JOIN statement_lines AS lines ON lines.statement_id = items.statement_id AND lines.line_no = items.line_no
LEFT JOIN bills ON bills.id = items.bill_id
LEFT JOIN receivables ON receivables.id = items.receivable_id
WHERE
    (%(period)s::date IS NULL OR items.period = %(period)s)
    AND (%(classes)s::text [] IS NULL OR items.class = ANY(%(classes)s))
    AND (%(states)s::text [] IS NULL OR items.state = ANY(%(states)s))
    AND (%(source)s::text IS NULL OR sources.slug = %(source)s)
    AND (%(account)s::text IS NULL OR items.account = %(account)s)
    AND (%(owner)s::text IS NULL OR lower(items.owner) = lower(%(owner)s))
    AND (%(ids)s::bigint [] IS NULL OR items.id = ANY(%(ids)s))
ORDER BY
    array_position(ARRAY['open', 'assigned', 'disputed'], items.state::text) IS NULL, items.state = 'gone',
    items.stake DESC, items.id
LIMIT %(limit)s::bigint
