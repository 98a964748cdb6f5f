-- What the conversions are that no line was found for. By the zone of the report some of the month's sales belong to
-- another month, and some are found in the report of another month.
CREATE TEMPORARY TABLE judged_conversions AS
SELECT
    left_conversions.*,
    elsewhere.paid_in,
    CASE
        WHEN worth = 0 AND (payout IS NOT NULL OR status IN ('rejected', 'reversed')) THEN 'no_money'
        WHEN proposed.dedup_key IS NOT NULL THEN 'proposed'
        WHEN NOT in_report OR elsewhere.paid_in IS NOT NULL THEN 'other_period'
        ELSE 'missing_at_network'
    END AS class
FROM left_conversions
LEFT JOIN elsewhere ON elsewhere.dedup_key = left_conversions.dedup_key
LEFT JOIN (SELECT DISTINCT dedup_key FROM candidates) AS proposed ON proposed.dedup_key = left_conversions.dedup_key
WHERE in_books OR in_report
