-- Writes what a payee's day sums to. Only one session maps at a time, so it knows the whole sum.
INSERT INTO payee_days (payee, day, currency, amount, base_amount, base_currency, rules_version)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (payee, day, currency) DO UPDATE SET
    amount = excluded.amount, base_amount = excluded.base_amount, base_currency = excluded.base_currency,
    rules_version = excluded.rules_version
