-- Adds the match of a report line that a person made.
INSERT INTO matches (
    statement_id, line_no, nth, dedup_key, part, amount, currency, method, state, confirmed_by, matched_at
)
VALUES (
    %(statement)s, %(line_no)s, %(nth)s, %(dedup_key)s, 'payment', %(amount)s, %(currency)s, 'by_hand', 'confirmed',
    %(actor)s, %(now)s
)
