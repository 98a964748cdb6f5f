-- Adds a run that begins.
INSERT INTO reconciliations (
    id, kind, source_id, account, period, statement_id, as_of, state, started_at, started_by
)
VALUES (
    %(id)s, %(kind)s, %(source_id)s, %(account)s, %(period)s, %(statement_id)s, %(as_of)s, 'running', %(now)s, %(actor)s
)
