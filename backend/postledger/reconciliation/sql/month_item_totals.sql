-- The work items of a month by state and currency. Those that are gone are left out. Money counts once: the stake of a
-- `restated` item is not added if an item of the same conversion or line has it, and either both are settled or none is.
WITH items AS (
    SELECT
        state,
        currency,
        stake,
        dedup_key,
        statement_id,
        line_no,
        state IN ('resolved', 'accepted') AS is_settled,
        CASE class WHEN 'after_lock' THEN facts ->> 'class' ELSE class END IS NOT DISTINCT FROM 'restated' AS is_restated
    FROM discrepancies
    WHERE period = %(period)s AND state <> 'gone'
),

conversions AS (
    SELECT DISTINCT dedup_key, is_settled FROM items WHERE NOT is_restated AND dedup_key IS NOT NULL
),

lines AS (
    SELECT DISTINCT statement_id, line_no, is_settled FROM items WHERE NOT is_restated AND line_no IS NOT NULL
)

SELECT
    items.state,
    items.currency,
    count(*) AS items,
    sum(
        CASE
            WHEN items.is_restated AND (conversions.dedup_key IS NOT NULL OR lines.line_no IS NOT NULL) THEN 0
            ELSE items.stake
        END
    ) AS stake
FROM items
LEFT JOIN conversions ON conversions.dedup_key = items.dedup_key AND conversions.is_settled = items.is_settled
LEFT JOIN lines
    ON
        lines.statement_id = items.statement_id AND lines.line_no = items.line_no
        AND lines.is_settled = items.is_settled
GROUP BY items.state, items.currency
ORDER BY
    array_position(ARRAY['open', 'assigned', 'disputed', 'resolved', 'accepted'], items.state), items.currency
