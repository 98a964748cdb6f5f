-- Lines that the ledger has no conversion for, or that may be one of several.
INSERT INTO found_items (key, class, dedup_key, statement_id, line_no, stake, currency, facts)
SELECT
    sha256(%(prefix)s::bytea || convert_to(
        concat_ws(E'\x1f', 'line', coalesce(transaction_id, ''), coalesce(event, ''), coalesce(click_id, ''))
        || CASE WHEN place > 1 THEN E'\x1f' || place ELSE '' END, 'UTF8'
    )),
    CASE WHEN candidate.group_no IS NULL THEN 'missing_in_ledger' ELSE 'proposed' END,
    candidate.dedup_key,
    %(statement_id)s,
    line_no,
    abs(worth),
    currency,
    jsonb_strip_nulls(jsonb_build_object(
        'transaction_id', transaction_id,
        'event', event,
        'happened_at', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'network', jsonb_build_object(
            'amount', trim_scale(worth)::text, 'currency', currency, 'status', status, 'lines', lines
        ),
        'candidates', candidate.conversions,
        'reasons', to_jsonb(candidate.reasons)
    ))
FROM (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY transaction_id, event, click_id
            ORDER BY moment, currency, line_no
        ) AS place
    FROM left_groups
    WHERE worth <> 0
) AS left_group
LEFT JOIN candidates AS candidate ON candidate.group_no = left_group.group_no AND candidate.proposal = 1
