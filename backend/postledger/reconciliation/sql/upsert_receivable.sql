-- Adds a receivable, or changes its amount.
INSERT INTO receivables (id, number, payee, period, currency, amount, created_at, updated_at)
VALUES (gen_random_uuid(), %(number)s, %(payee)s, %(period)s, %(currency)s, %(amount)s, %(now)s, %(now)s)
ON CONFLICT (payee, currency, period) DO UPDATE SET amount = excluded.amount, updated_at = excluded.updated_at
