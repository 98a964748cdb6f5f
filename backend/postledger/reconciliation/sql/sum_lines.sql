-- What the lines of a statement sum to, by currency and status.
SELECT currency, status, count(*) AS lines, sum(amount) AS amount
FROM statement_lines
WHERE statement_id = %s
GROUP BY currency, status
ORDER BY currency, status
