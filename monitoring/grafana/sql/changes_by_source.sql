-- Who reversed, refunded and corrected how often in this time, and what came of it, the costliest first.
SELECT sources.slug AS source,
       conversion_events.kind AS kind,
       count(*) AS events,
       sum(conversion_events.delta)::float8 AS "change in worth",
       conversion_events.currency AS currency
FROM conversion_events
LEFT JOIN sources ON sources.id = conversion_events.source_id
WHERE conversion_events.kind <> 'status' AND $__timeFilter(conversion_events.received_at)
GROUP BY sources.slug, conversion_events.kind, conversion_events.currency
ORDER BY "change in worth" NULLS LAST
LIMIT 100
