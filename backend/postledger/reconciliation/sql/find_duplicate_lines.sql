-- Lines that are in the report more than once.
INSERT INTO found_items (key, class, statement_id, line_no, stake, currency, facts)
SELECT
    sha256(%(prefix)s::bytea || convert_to(
        concat_ws(
            E'\x1f', 'duplicate', coalesce(transaction_id, ''), coalesce(event, ''), coalesce(click_id, ''), place
        ), 'UTF8'
    )),
    'duplicate_line',
    %(statement_id)s,
    line_no,
    abs(worth),
    currency,
    jsonb_strip_nulls(jsonb_build_object(
        'transaction_id', transaction_id,
        'event', event,
        'happened_at', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'network', jsonb_build_object('amount', trim_scale(amount)::text, 'currency', currency, 'status', status)
    ))
FROM (
    SELECT
        *, row_number() OVER (PARTITION BY transaction_id, event, click_id ORDER BY currency, amount, line_no) AS place
    FROM report_lines
    WHERE is_duplicate AND worth <> 0
) AS duplicate
