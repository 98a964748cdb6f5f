-- Number and money of each class and currency: of the ledger's month and of the report. Each line and each conversion is in
-- one class, so that the classes add up to both sides. `matched`, `no_money` and `earlier_period` need no work.
WITH counted AS (
    SELECT
        class, ledger_currency AS currency, count(*) AS cases, count(*) FILTER (WHERE in_books) AS conversions,
        sum(ledger) FILTER (WHERE in_books) AS ledger, 0 AS lines, 0 AS network
    FROM verdicts
    GROUP BY class, ledger_currency
    UNION ALL
    SELECT class, network_currency, 0, 0, 0, sum(lines), sum(network) FROM verdicts GROUP BY class, network_currency
    UNION ALL
    SELECT class, currency, count(*), count(*) FILTER (WHERE in_books), sum(worth) FILTER (WHERE in_books), 0, 0
    FROM judged_conversions
    GROUP BY class, currency
    UNION ALL
    SELECT
        CASE
            WHEN left_groups.worth = 0 THEN 'no_money'
            WHEN candidates.group_no IS NOT NULL THEN 'proposed'
            ELSE 'missing_in_ledger'
        END,
        left_groups.currency, 1, 0, 0, left_groups.lines, left_groups.worth
    FROM left_groups
    LEFT JOIN candidates ON candidates.group_no = left_groups.group_no AND candidates.proposal = 1
    UNION ALL
    SELECT CASE WHEN worth = 0 THEN 'no_money' ELSE 'duplicate_line' END, currency, count(*), 0, 0, count(*),
        sum(worth)
    FROM report_lines
    WHERE is_duplicate
    GROUP BY 1, 2
),

sides AS (
    SELECT
        class,
        coalesce(currency, 'XXX') AS currency,
        sum(cases)::bigint AS cases,
        sum(conversions)::bigint AS conversions,
        sum(ledger) AS ledger,
        sum(lines)::bigint AS lines,
        sum(network) AS network
    FROM counted
    GROUP BY 1, 2
),

items AS (
    SELECT class, currency, count(*) AS number, sum(stake) AS stake
    FROM found_items
    GROUP BY class, currency
)

SELECT
    class,
    currency,
    coalesce(number, CASE WHEN class IN ('matched', 'no_money', 'earlier_period') THEN cases END, 0) AS number,
    trim_scale(coalesce(stake, 0))::text AS stake,
    coalesce(conversions, 0) AS conversions,
    trim_scale(coalesce(ledger, 0))::text AS ledger,
    coalesce(lines, 0) AS lines,
    trim_scale(coalesce(network, 0))::text AS network
FROM sides
FULL JOIN items USING (class, currency)
WHERE number IS NOT NULL OR cases <> 0 OR lines <> 0
ORDER BY class, currency
