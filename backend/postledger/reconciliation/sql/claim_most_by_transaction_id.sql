-- Claims by transaction id and event, except the ids that the report has in several currencies. Of several conversions the
-- first is claimed.
INSERT INTO claims (group_no, dedup_key, method)
SELECT group_no, dedup_key, 'transaction_id'
FROM (
    SELECT
        report_groups.group_no,
        ledger_side.dedup_key,
        row_number() OVER (
            PARTITION BY report_groups.group_no ORDER BY ledger_side.happened_at, ledger_side.dedup_key
        ) AS nth
    FROM report_groups
    JOIN ledger_side
        ON
            ledger_side.transaction_id = report_groups.transaction_id
            AND ledger_side.event = report_groups.event
    WHERE
        NOT report_groups.has_currencies
        AND NOT EXISTS (SELECT FROM claims WHERE claims.group_no = report_groups.group_no)
        AND NOT EXISTS (SELECT FROM claims WHERE claims.dedup_key = ledger_side.dedup_key)
        AND NOT EXISTS (
            SELECT FROM refused_claims
            WHERE
                refused_claims.group_no = report_groups.group_no
                AND refused_claims.dedup_key = ledger_side.dedup_key
        )
) AS pair
WHERE nth = 1
