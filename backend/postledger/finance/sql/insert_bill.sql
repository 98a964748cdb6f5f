-- Adds a bill.
INSERT INTO bills (
    id, number, payee, period, currency, nth, exact, carried_in, amount, carried_out, items_sha256, approved_by_rule,
    state, created_by, created_at, updated_at
)
VALUES (
    %(id)s, %(number)s, %(payee)s, %(period)s, %(currency)s, %(nth)s, %(exact)s, %(carried_in)s, %(amount)s,
    %(carried_out)s, %(items_sha256)s, %(approved_by_rule)s, %(state)s, %(actor)s, %(now)s, %(now)s
)
