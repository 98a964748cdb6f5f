-- Claims by transaction id, whatever the network calls the event, if one group and one conversion are left with it. If
-- several conversions are left, the only one of the same amount and currency is claimed.
INSERT INTO late_claims (group_no, dedup_key, method)
SELECT group_no, dedup_key, 'transaction_id'
FROM (
    SELECT
        pair.*,
        count(*) OVER (PARTITION BY group_no, is_equal) AS conversions_alike,
        count(*) OVER (PARTITION BY group_no) AS conversions,
        count(*) OVER (PARTITION BY dedup_key) AS groups
    FROM (
        SELECT
            report_group.group_no,
            conversion.dedup_key,
            report_group.worth = conversion.worth
            AND report_group.currency IS NOT DISTINCT FROM conversion.currency AS is_equal
        FROM left_groups AS report_group
        JOIN left_conversions AS conversion ON conversion.transaction_id = report_group.transaction_id
        WHERE NOT EXISTS (
            SELECT FROM refused_claims
            WHERE refused_claims.group_no = report_group.group_no AND refused_claims.dedup_key = conversion.dedup_key
        )
    ) AS pair
) AS counted
WHERE groups = 1 AND (conversions = 1 OR (is_equal AND conversions_alike = 1))
