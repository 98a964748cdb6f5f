-- Conversions that a group may be, because amount and currency are equal and the times are near: of those before and after
-- it the nearest. `is_sure`: neither has another candidate. Where the ids of both sides contradict each other, it is sure
-- only if nothing else in the report or the ledger has this amount at about this time, so that chance is out.
CREATE TEMPORARY TABLE candidates AS
WITH amounts AS (
    SELECT DISTINCT currency, worth FROM left_groups WHERE worth > 0 AND moment IS NOT NULL
),

sides AS (
    SELECT
        one.group_no, NULL::uuid AS dedup_key, one.currency, one.worth, one.moment, one.transaction_id, one.click_id,
        left_groups.group_no IS NOT NULL AS is_left
    FROM report_groups AS one
    JOIN amounts ON amounts.currency = one.currency AND amounts.worth = one.worth
    LEFT JOIN left_groups ON left_groups.group_no = one.group_no
    WHERE one.moment IS NOT NULL
    UNION ALL
    SELECT
        NULL, one.dedup_key, one.currency, one.worth, one.happened_at, one.transaction_id, NULL,
        left_conversions.dedup_key IS NOT NULL
    FROM ledger_side AS one
    JOIN amounts ON amounts.currency = one.currency AND amounts.worth = one.worth
    LEFT JOIN left_conversions ON left_conversions.dedup_key = one.dedup_key
),

counted AS (
    SELECT
        *,
        count(group_no) OVER near AS groups,
        count(dedup_key) OVER near AS conversions,
        count(group_no) FILTER (WHERE is_left) OVER near AS groups_left,
        count(dedup_key) FILTER (WHERE is_left) OVER near AS conversions_left,
        count(dedup_key) FILTER (WHERE is_left) OVER before AS nth
    FROM sides
    WINDOW
        near AS (
            PARTITION BY currency, worth
            ORDER BY moment RANGE BETWEEN %(window)s::interval PRECEDING AND %(window)s::interval FOLLOWING
        ),
        before AS (
            PARTITION BY currency, worth ORDER BY moment, dedup_key NULLS LAST, group_no ROWS UNBOUNDED PRECEDING
        )
)

SELECT
    report_group.group_no,
    conversion.dedup_key,
    row_number() OVER (
        PARTITION BY report_group.group_no
        ORDER BY greatest(report_group.moment - conversion.moment, conversion.moment - report_group.moment), conversion.nth
    )::integer AS proposal,
    report_group.conversions_left AS conversions,
    report_group.conversions_left = 1 AND conversion.groups_left = 1
    AND (NOT others.contradict OR (report_group.conversions = 1 AND conversion.groups = 1)) AS is_sure,
    CASE
        WHEN report_group.conversions_left > 1 THEN ARRAY['several_conversions']
        WHEN conversion.groups_left > 1 THEN ARRAY['several_lines']
        ELSE ARRAY['common_amount']
    END AS reasons
FROM counted AS report_group
CROSS JOIN (VALUES (0), (1)) AS step (further)
JOIN counted AS conversion
    ON
        conversion.currency = report_group.currency AND conversion.worth = report_group.worth
        AND conversion.nth = report_group.nth + step.further
CROSS JOIN LATERAL (
    SELECT
        report_group.click_id IS NOT NULL
        OR (report_group.transaction_id IS NOT NULL AND conversion.transaction_id IS NOT NULL) AS contradict
) AS others
WHERE
    report_group.group_no IS NOT NULL AND report_group.is_left
    AND conversion.dedup_key IS NOT NULL AND conversion.is_left
    AND conversion.moment BETWEEN report_group.moment - %(window)s::interval
    AND report_group.moment + %(window)s::interval
    AND NOT EXISTS (
        SELECT FROM refused_claims
        WHERE refused_claims.group_no = report_group.group_no AND refused_claims.dedup_key = conversion.dedup_key
    )
