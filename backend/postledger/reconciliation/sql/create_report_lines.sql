-- The lines of the report. `worth`: what a line pays; a line that is rejected, or reversed without a minus, pays nothing.
-- `group_no`: the lines of one transaction id, event and currency are one group; a line without an id is one by itself.
-- Equal lines of a transaction id are duplicates of the first. A line that has a day only counts as of noon.
-- All windows have one order, so that the lines are sorted once.
CREATE TEMPORARY TABLE report_lines AS
SELECT
    line_no,
    transaction_id,
    event,
    click_id,
    currency,
    amount,
    status,
    coalesce(happened_at, (booked_on + time '12:00') AT TIME ZONE %(timezone)s) AS moment,
    CASE
        WHEN status IN ('pending', 'approved') OR (status = 'reversed' AND amount < 0) THEN amount ELSE 0
    END AS worth,
    transaction_id IS NOT NULL AND row_number() OVER equal_lines > 1 AS is_duplicate,
    CASE WHEN transaction_id IS NULL THEN line_no ELSE first_value(line_no) OVER group_lines END AS group_no,
    min(currency) OVER id_lines <> max(currency) OVER id_lines AS has_currencies
FROM statement_lines
WHERE statement_id = %(statement_id)s
WINDOW
    id_lines AS (PARTITION BY transaction_id, event),
    equal_lines AS (PARTITION BY transaction_id, event, currency, fingerprint ORDER BY line_no),
    group_lines AS (PARTITION BY transaction_id, event, currency ORDER BY fingerprint, line_no)
