-- Conversions whose lines do not sum to what they are worth, by currency, whenever they were opened. A conversion is
-- worth what the rule of its newest line says, or if no rule was found, its payout. If its lines were taken back before
-- any payee was found, it must sum to 0 here; `find_without_lines.sql` looks whether that is right. Changes that wait for
-- the worker, or were set aside, do not count yet.
WITH booked AS (
    SELECT dedup_key, currency, sum(amount) AS amount
    FROM expense_lines
    GROUP BY dedup_key, currency
),

newest AS (
    SELECT DISTINCT ON (dedup_key) dedup_key, rule_version, rule, payee, unmapped, amount
    FROM expense_lines
    ORDER BY dedup_key, seq DESC
),

judged AS (
    SELECT
        conversions.dedup_key, conversions.id, conversions.payout, conversions.currency, newest.rule,
        expense_rules.body -> 'amount' AS amount,
        CASE
            WHEN
                (newest.unmapped IS NULL AND newest.payee IS NULL)
                OR (newest.unmapped IS NOT NULL AND newest.amount <> 0 AND held.dedup_key IS NULL) THEN false
            WHEN newest.rule IS NULL THEN conversions.status = 'approved'
            ELSE expense_rules.body -> 'accrue' ? conversions.status
        END AS accrues
    FROM conversions
    JOIN newest ON newest.dedup_key = conversions.dedup_key
    LEFT JOIN (SELECT DISTINCT dedup_key FROM booked WHERE amount <> 0) AS held
        ON held.dedup_key = conversions.dedup_key
    LEFT JOIN expense_rules ON expense_rules.version = newest.rule_version AND expense_rules.slug = newest.rule
    WHERE
        NOT EXISTS (SELECT FROM outbox WHERE outbox.dedup_key = conversions.dedup_key)
        AND NOT EXISTS (SELECT FROM set_aside_changes AS aside WHERE aside.dedup_key = conversions.dedup_key)
),

worth AS (
    SELECT
        dedup_key,
        CASE WHEN amount ->> 'type' = 'fixed' THEN amount ->> 'currency' ELSE coalesce(currency, 'XXX') END AS currency,
        CASE
            WHEN accrues IS NOT TRUE THEN 0
            WHEN amount ->> 'type' = 'fixed' THEN (amount ->> 'amount')::numeric
            WHEN rule IS NOT NULL AND currency IS NOT NULL
                THEN coalesce(payout, 0) * (amount ->> 'percent')::numeric * 0.01
            ELSE coalesce(payout, 0)
        END AS amount
    FROM judged
)

SELECT
    judged.id::text, coalesce(booked.currency, worth.currency), coalesce(booked.amount, 0), coalesce(worth.amount, 0)
FROM booked
FULL JOIN worth ON worth.dedup_key = booked.dedup_key AND worth.currency = booked.currency
JOIN judged ON judged.dedup_key = coalesce(booked.dedup_key, worth.dedup_key)
WHERE coalesce(booked.amount, 0) <> coalesce(worth.amount, 0)
ORDER BY judged.id
