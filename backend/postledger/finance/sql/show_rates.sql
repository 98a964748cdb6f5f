-- The newest rate of each currency up to a day.
SELECT DISTINCT ON (currency)
    currency, rate, on_day, %(day)s::date - on_day AS age_days,
    %(day)s::date - on_day <= %(max_age_days)s::integer AS is_usable, origin, imported_at
FROM rates
WHERE base = %(base)s AND on_day <= %(day)s::date AND (%(currency)s::text IS NULL OR currency = %(currency)s::text)
ORDER BY currency ASC, on_day DESC
