-- Claims by transaction id and event what is left. Of several groups the one in the currency of the conversion comes first, and of
-- several conversions the first.
INSERT INTO late_claims (group_no, dedup_key, method)
SELECT group_no, dedup_key, 'transaction_id'
FROM (
    SELECT
        report_group.group_no,
        conversion.dedup_key,
        row_number() OVER (
            PARTITION BY conversion.dedup_key
            ORDER BY report_group.currency IS DISTINCT FROM conversion.currency, report_group.line_no
        ) AS nth_group,
        row_number() OVER (
            PARTITION BY report_group.group_no ORDER BY conversion.happened_at, conversion.dedup_key
        ) AS nth_conversion
    FROM left_groups AS report_group
    JOIN left_conversions AS conversion
        ON conversion.transaction_id = report_group.transaction_id AND conversion.event = report_group.event
    WHERE NOT EXISTS (
        SELECT FROM refused_claims
        WHERE refused_claims.group_no = report_group.group_no AND refused_claims.dedup_key = conversion.dedup_key
    )
) AS pair
WHERE nth_group = 1 AND nth_conversion = 1
