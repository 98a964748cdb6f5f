-- What the network pays otherwise than in the first report of the month that had it, or not any more. `lines` sums each
-- report of the month as `report_lines` and `report_groups` do.
INSERT INTO found_items (key, class, dedup_key, statement_id, line_no, stake, currency, facts)
WITH RECURSIVE reports AS (
    SELECT id, replaces, 0 AS age FROM statements WHERE id = %(statement_id)s
    UNION
    SELECT statements.id, statements.replaces, reports.age + 1
    FROM reports
    JOIN statements ON statements.id = reports.replaces
),

lines AS (
    SELECT
        reports.age,
        reports.id AS statement_id,
        line.line_no,
        coalesce(line.transaction_id, '') AS transaction_id,
        coalesce(line.event, '') AS event,
        CASE WHEN line.transaction_id IS NULL THEN line.click_id ELSE '' END AS click_id,
        line.currency,
        line.amount,
        line.status,
        CASE
            WHEN
                line.status IN ('pending', 'approved') OR (line.status = 'reversed' AND line.amount < 0)
                THEN line.amount
            ELSE 0
        END AS worth,
        line.transaction_id IS NOT NULL
        AND row_number() OVER (PARTITION BY reports.id, line.transaction_id, line.fingerprint ORDER BY line.line_no) > 1
        AS is_duplicate
    FROM reports
    JOIN statement_lines AS line ON line.statement_id = reports.id
    WHERE line.statement_id = ANY(ARRAY(SELECT id FROM reports)) -- so that the lines of other reports are not read
),

summed AS (
    SELECT
        age,
        statement_id,
        transaction_id,
        event,
        click_id,
        min(line_no) AS line_no,
        min(currency) AS currency,
        sum(worth) AS worth,
        CASE
            WHEN sum(worth) = 0 THEN 'no_money'
            WHEN bool_or(status = 'approved') THEN 'approved'
            ELSE 'pending'
        END AS status
    FROM lines
    WHERE NOT is_duplicate
    GROUP BY age, statement_id, transaction_id, event, click_id
),

restated AS (
    SELECT
        first.transaction_id,
        first.event,
        first.click_id,
        coalesce(now.statement_id, first.statement_id) AS statement_id,
        coalesce(now.line_no, first.line_no) AS line_no,
        first.currency,
        first.worth,
        first.status,
        now.worth AS worth_now,
        now.currency AS currency_now,
        now.status AS status_now
    FROM (
        SELECT DISTINCT ON (transaction_id, event, click_id) *
        FROM summed
        WHERE age > 0
        ORDER BY transaction_id, event, click_id, age DESC
    ) AS first
    LEFT JOIN summed AS now
        ON
            now.age = 0 AND now.transaction_id = first.transaction_id AND now.event = first.event
            AND now.click_id = first.click_id
    WHERE
        (now.age IS NULL AND first.worth <> 0)
        OR now.worth <> first.worth OR now.status <> first.status OR now.currency <> first.currency
)

SELECT
    sha256(%(prefix)s::bytea || convert_to(
        concat_ws(E'\x1f', 'restated', restated.transaction_id, restated.event, restated.click_id), 'UTF8'
    )),
    'restated',
    conversion.dedup_key,
    restated.statement_id,
    restated.line_no,
    CASE
        WHEN restated.currency_now <> restated.currency THEN abs(restated.worth)
        ELSE abs(restated.worth - coalesce(restated.worth_now, 0))
    END,
    restated.currency,
    jsonb_strip_nulls(jsonb_build_object(
        'transaction_id', nullif(restated.transaction_id, ''),
        'event', nullif(restated.event, ''),
        'before', jsonb_build_object(
            'amount', trim_scale(restated.worth)::text, 'currency', restated.currency, 'status', restated.status
        ),
        'network', CASE
            WHEN restated.worth_now IS NULL THEN NULL
            ELSE jsonb_build_object(
                'amount', trim_scale(restated.worth_now)::text, 'currency', restated.currency_now,
                'status', restated.status_now
            )
        END
    ))
FROM restated
LEFT JOIN (
    SELECT DISTINCT ON (transaction_id) transaction_id, dedup_key
    FROM ledger_side
    WHERE transaction_id IS NOT NULL
    ORDER BY transaction_id, happened_at, dedup_key
) AS conversion ON conversion.transaction_id = restated.transaction_id
