-- What each claimed conversion and its lines are. `ledger` and `network`: what counts of either side for this month.
-- `paid` adds what earlier reports paid for a conversion of an earlier month, such as the sale of a refund.
-- The texts of a conversion stay in `ledger_side`, because most rows are matched and nothing asks for them again.
CREATE TEMPORARY TABLE verdicts AS
WITH several AS (
    SELECT DISTINCT dedup_key FROM claims WHERE is_refund OR is_decided
),

claimed AS (
    SELECT
        claims.dedup_key,
        report_groups.worth,
        report_groups.lines,
        report_groups.line_no,
        report_groups.currency,
        report_groups.status
    FROM claims
    JOIN report_groups ON report_groups.group_no = claims.group_no
    WHERE NOT EXISTS (SELECT FROM several WHERE several.dedup_key = claims.dedup_key)
    UNION ALL
    SELECT
        claims.dedup_key,
        sum(report_groups.worth) AS worth,
        sum(report_groups.lines)::integer AS lines,
        min(report_groups.line_no) AS line_no,
        min(report_groups.currency) AS currency,
        CASE
            WHEN sum(report_groups.worth) = 0 AND bool_or(report_groups.worth < 0) THEN 'reversed'
            WHEN bool_or(report_groups.status = 'approved') THEN 'approved'
            WHEN bool_or(report_groups.status = 'pending') THEN 'pending'
            WHEN bool_or(report_groups.status = 'reversed') THEN 'reversed'
            WHEN bool_or(report_groups.status = 'rejected') THEN 'rejected'
        END AS status
    FROM claims
    JOIN several ON several.dedup_key = claims.dedup_key
    JOIN report_groups ON report_groups.group_no = claims.group_no
    GROUP BY claims.dedup_key
),

both_sides AS (
    SELECT
        conversion.dedup_key,
        conversion.in_books,
        conversion.status AS ledger_status,
        conversion.worth AS ledger,
        conversion.currency AS ledger_currency,
        claimed.line_no,
        claimed.lines,
        claimed.status AS network_status,
        claimed.worth AS network,
        claimed.currency AS network_currency,
        claimed.worth + CASE WHEN conversion.in_books THEN 0 ELSE coalesce(elsewhere.earlier, 0) END AS paid,
        NOT conversion.in_books AND coalesce(elsewhere.earlier_lines, 0) > 0 AS has_earlier
    FROM claimed
    JOIN ledger_side AS conversion ON conversion.dedup_key = claimed.dedup_key
    LEFT JOIN elsewhere ON elsewhere.dedup_key = claimed.dedup_key
),

judged AS (
    SELECT
        *,
        CASE
            WHEN ledger = 0 AND paid = 0 THEN NULL
            WHEN network_currency <> ledger_currency THEN 'currency_differs'
            WHEN
                network_status IN ('pending', 'approved') AND network_status <> ledger_status
                THEN 'status_differs'
            WHEN
                network_status IN ('rejected', 'reversed') AND ledger_status IN ('pending', 'approved')
                THEN 'status_differs'
            WHEN
                abs(ledger - paid) > greatest(%(absolute)s::numeric, abs(ledger) * %(percent)s::numeric / 100)
                THEN 'amount_differs'
        END AS difference
    FROM both_sides
)

SELECT
    dedup_key, in_books, ledger, ledger_currency, line_no, lines, network_status, network, network_currency, paid,
    has_earlier,
    CASE
        WHEN difference IS NOT NULL THEN difference
        WHEN in_books OR network = 0 THEN 'matched'
        WHEN has_earlier THEN 'earlier_period'
        ELSE 'other_period'
    END AS class,
    CASE
        WHEN difference = 'currency_differs' THEN coalesce(nullif(abs(ledger), 0), abs(paid))
        WHEN difference = 'status_differs' THEN greatest(abs(ledger), abs(paid))
        WHEN difference = 'amount_differs' THEN abs(ledger - paid)
        ELSE abs(network)
    END AS stake
FROM judged
