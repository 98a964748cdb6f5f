-- The conversions with payable lines of a payee in one currency on a day, by when they happened.
SELECT DISTINCT dedup_key::text
FROM expense_lines
WHERE
    payee = %(payee)s AND currency = %(currency)s AND direction = 'payable' AND unmapped IS NULL
    -- A line is never in a month before its own. One day more, because the zone of the books may have changed.
    AND period >= date_trunc('month', %(since)s - interval '1 day')::date
    AND happened_at >= %(since)s AND happened_at < %(until)s
