-- How many bills there are of each month, and of each payee and currency in it, cancelled ones too.
SELECT payee, currency, period, count(*), sum(count(*)) OVER (PARTITION BY period)
FROM bills
WHERE period = ANY(%s)
GROUP BY payee, currency, period
