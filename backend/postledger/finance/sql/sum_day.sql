-- What a payee's payable lines of a day in one currency sum to. Without a base currency, or with several, the sum has no
-- base amount.
SELECT
    sum(amount),
    CASE WHEN count(base_amount) = count(*) AND count(DISTINCT base_currency) = 1 THEN sum(base_amount) END,
    CASE WHEN count(base_amount) = count(*) AND count(DISTINCT base_currency) = 1 THEN min(base_currency) END
FROM expense_lines
WHERE
    payee = %(payee)s AND currency = %(currency)s AND direction = 'payable' AND unmapped IS NULL
    AND period >= date_trunc('month', %(since)s - interval '1 day')::date
    AND happened_at >= %(since)s AND happened_at < %(until)s
HAVING count(*) > 0
