-- The months from the start of the books, or from the first one with a state or a statement, until today. Newest first.
SELECT
    months.period::date, coalesce(periods.state, 'open'), coalesce(periods.version, 0), periods.changed_at,
    periods.changed_by, periods.unlock_asked_by, periods.unlock_asked_at, periods.unlock_reason
FROM generate_series(
    least(%(since)s::date, (SELECT min(period) FROM periods), (SELECT min(period) FROM statements))::timestamp,
    %(today)s::date::timestamp, '1 month'
) AS months (period)
LEFT JOIN periods ON periods.period = months.period::date
ORDER BY months.period DESC
