-- The work items of a month by state and currency. Those that are gone are left out.
SELECT
    state,
    currency,
    count(*) AS items,
    sum(stake) AS stake
FROM discrepancies
WHERE period = %(period)s AND state <> 'gone'
GROUP BY state, currency
ORDER BY array_position(ARRAY['open', 'assigned', 'disputed', 'resolved', 'accepted'], state), currency
