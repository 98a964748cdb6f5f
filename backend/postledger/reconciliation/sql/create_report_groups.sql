-- What the report pays for each transaction id, event and currency. `status` is that of the lines that are no refunds; if
-- refunds take back all, it is `reversed`. A group of refunds only has none.
CREATE TEMPORARY TABLE report_groups AS
SELECT
    group_no,
    min(line_no) AS line_no,
    min(transaction_id) AS transaction_id,
    min(event) AS event,
    min(click_id) AS click_id,
    min(currency) AS currency,
    sum(worth) AS worth,
    count(*)::integer AS lines,
    min(moment) AS moment,
    bool_or(has_currencies) AS has_currencies,
    CASE
        WHEN bool_and(amount < 0) THEN NULL
        WHEN sum(worth) = 0 AND bool_or(amount < 0) THEN 'reversed'
        WHEN bool_or(status = 'approved' AND amount >= 0) THEN 'approved'
        WHEN bool_or(status = 'pending' AND amount >= 0) THEN 'pending'
        WHEN bool_or(status = 'reversed' AND amount >= 0) THEN 'reversed'
        ELSE 'rejected'
    END AS status
FROM report_lines
WHERE NOT is_duplicate
GROUP BY group_no
