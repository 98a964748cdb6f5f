-- The work items of a month by source or account, class and currency. Those that are gone are left out.
SELECT
    source_id,
    account,
    class,
    currency,
    count(*) AS items,
    sum(stake) AS stake,
    count(*) FILTER (WHERE state = 'disputed') AS disputed,
    coalesce(sum(stake) FILTER (WHERE state = 'disputed'), 0) AS disputed_stake,
    count(*) FILTER (WHERE state IN ('resolved', 'accepted')) AS settled,
    coalesce(sum(stake) FILTER (WHERE state IN ('resolved', 'accepted')), 0) AS settled_stake
FROM discrepancies
WHERE period = %(period)s AND state <> 'gone'
GROUP BY source_id, account, class, currency
ORDER BY class, currency
