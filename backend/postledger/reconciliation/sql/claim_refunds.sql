-- Adds refunds to the conversion that they take back from: a group under the id of a refund that the ledger knows, or a
-- group of refunds only, under the transaction id or click id of one single conversion. Its currency must be the same, and
-- that of the lines which the conversion has already.
INSERT INTO claims (group_no, dedup_key, method, is_refund)
SELECT group_no, min(dedup_key::text)::uuid, min(method), true
FROM (
    SELECT group_no, dedup_key, 'transaction_id' AS method FROM named_refunds
    UNION
    SELECT left_groups.group_no, ledger_side.dedup_key, 'transaction_id'
    FROM left_groups
    JOIN ledger_side ON ledger_side.transaction_id = left_groups.transaction_id
    WHERE left_groups.status IS NULL
    UNION
    SELECT left_groups.group_no, ledger_side.dedup_key, 'click_id'
    FROM left_groups
    JOIN ledger_side ON ledger_side.click_id = left_groups.click_id
    WHERE left_groups.status IS NULL AND left_groups.transaction_id IS NULL
) AS refund
JOIN ledger_side USING (dedup_key)
JOIN left_groups USING (group_no)
WHERE
    left_groups.currency = ledger_side.currency
    AND NOT EXISTS (
        SELECT FROM claims JOIN report_groups ON report_groups.group_no = claims.group_no
        WHERE claims.dedup_key = refund.dedup_key AND report_groups.currency <> left_groups.currency
    )
    AND NOT EXISTS (
        SELECT FROM refused_claims
        WHERE refused_claims.group_no = refund.group_no AND refused_claims.dedup_key = refund.dedup_key
    )
GROUP BY group_no
HAVING count(DISTINCT dedup_key) = 1
