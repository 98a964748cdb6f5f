-- The work items of a month by source or account, class and currency. Those that are gone are left out. Items of the class
-- `after_lock` have several usual classes. As in `month_item_totals`, money counts once: the stake of a `restated` one is
-- not added if another one of the same conversion or line has it, and either both are settled or none is.
WITH items AS (
    SELECT
        source_id,
        account,
        class,
        currency,
        state,
        stake,
        dedup_key,
        statement_id,
        line_no,
        state IN ('resolved', 'accepted') AS is_settled,
        class = 'after_lock' AND facts ->> 'class' IS NOT DISTINCT FROM 'restated' AS is_late_restated
    FROM discrepancies
    WHERE period = %(period)s AND state <> 'gone'
),

late AS (
    SELECT dedup_key, statement_id, line_no, is_settled FROM items WHERE class = 'after_lock' AND NOT is_late_restated
),

counted AS (
    SELECT
        source_id,
        account,
        class,
        currency,
        state,
        is_settled,
        CASE
            WHEN
                is_late_restated
                AND (
                    (dedup_key, is_settled) IN (SELECT dedup_key, is_settled FROM late WHERE dedup_key IS NOT NULL)
                    OR (statement_id, line_no, is_settled) IN (
                        SELECT statement_id, line_no, is_settled FROM late WHERE line_no IS NOT NULL
                    )
                )
                THEN 0
            ELSE stake
        END AS stake
    FROM items
)

SELECT
    source_id,
    account,
    class,
    currency,
    count(*) AS items,
    sum(stake) AS stake,
    count(*) FILTER (WHERE state = 'disputed') AS disputed,
    coalesce(sum(stake) FILTER (WHERE state = 'disputed'), 0) AS disputed_stake,
    count(*) FILTER (WHERE is_settled) AS settled,
    coalesce(sum(stake) FILTER (WHERE is_settled), 0) AS settled_stake
FROM counted
GROUP BY source_id, account, class, currency
ORDER BY class, currency
