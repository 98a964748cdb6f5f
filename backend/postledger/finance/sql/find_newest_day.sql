-- The newest day with a rate.
SELECT max(on_day) FROM rates WHERE base = %s
