-- The open work items of a month above a stake in the base currency. Without a rate an item counts, whatever its stake.
-- `late_class`: the class that an item of the class `after_lock` would have in an open month.
SELECT
    items.kind, items.class, CASE items.class WHEN 'after_lock' THEN items.facts ->> 'class' END AS late_class,
    coalesce(sources.slug, items.account) AS scope, items.currency, count(*)::integer,
    sum(items.stake), (array_agg(items.id ORDER BY items.stake DESC, items.id))[1:%(most)s]
FROM discrepancies AS items
LEFT JOIN sources ON sources.id = items.source_id
LEFT JOIN
    unnest(%(currencies)s::text [], %(rates)s::numeric []) AS rates (currency, rate)
    ON rates.currency = items.currency
WHERE
    items.period = %(period)s AND items.state IN ('open', 'assigned') AND items.stake > 0
    AND (rates.rate IS NULL OR items.stake * rates.rate > %(lock_below)s)
GROUP BY items.kind, items.class, late_class, scope, items.currency
ORDER BY items.kind, scope, items.class, late_class, items.currency
