-- Conversions since the start of the books whose lines do not sum to what they are worth, by currency. A conversion is
-- worth what the rule of its newest line says, or if that line is unmapped, its payout, as long as its status carries
-- money. Changes that wait for the worker are not counted yet.
WITH newest AS (
    SELECT DISTINCT ON (dedup_key) dedup_key, rule_version, rule, unmapped
    FROM expense_lines
    ORDER BY dedup_key, seq DESC
),

judged AS (
    SELECT
        conversions.dedup_key, conversions.id, conversions.status, conversions.payout,
        conversions.currency, newest.rule, newest.unmapped, expense_rules.body -> 'amount' AS amount,
        CASE
            WHEN newest.rule IS NOT NULL THEN expense_rules.body -> 'accrue' ? conversions.status
            ELSE newest.unmapped IS NOT NULL AND conversions.status = 'approved'
        END AS accrues
    FROM conversions
    JOIN newest ON newest.dedup_key = conversions.dedup_key
    LEFT JOIN expense_rules ON expense_rules.version = newest.rule_version AND expense_rules.slug = newest.rule
    WHERE
        conversions.created_at >= %(since)s
        AND NOT EXISTS (SELECT FROM outbox WHERE outbox.dedup_key = conversions.dedup_key)
),

worth AS (
    SELECT
        dedup_key, id,
        CASE WHEN amount ->> 'type' = 'fixed' THEN amount ->> 'currency' ELSE coalesce(currency, 'XXX') END AS currency,
        CASE
            WHEN accrues IS NOT TRUE THEN 0
            WHEN amount ->> 'type' = 'fixed' THEN (amount ->> 'amount')::numeric
            WHEN rule IS NOT NULL AND currency IS NOT NULL
                THEN coalesce(payout, 0) * (amount ->> 'percent')::numeric * 0.01
            ELSE coalesce(payout, 0)
        END AS amount
    FROM judged
),

booked AS (
    SELECT dedup_key, currency, sum(amount) AS amount
    FROM expense_lines
    GROUP BY dedup_key, currency
)

SELECT
    judged.id::text, coalesce(booked.currency, worth.currency), coalesce(booked.amount, 0), coalesce(worth.amount, 0)
FROM (SELECT * FROM booked WHERE dedup_key IN (SELECT dedup_key FROM judged)) AS booked
FULL JOIN worth ON worth.dedup_key = booked.dedup_key AND worth.currency = booked.currency
JOIN judged ON judged.dedup_key = coalesce(booked.dedup_key, worth.dedup_key)
WHERE coalesce(booked.amount, 0) <> coalesce(worth.amount, 0)
ORDER BY judged.id
