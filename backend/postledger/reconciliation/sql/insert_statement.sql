-- Adds a network's report. Its lines are on record already.
INSERT INTO statements (
    id, kind, source_id, format, file_name, file_sha256, period, since, until, timezone, proof, replaces, lines, known,
    faults, imported_at, imported_by
)
VALUES (
    %(id)s, 'network', %(source_id)s, %(format)s, %(file_name)s, %(file_sha256)s, %(period)s, %(since)s, %(until)s,
    %(timezone)s, 'no_balances', %(replaces)s, %(lines)s, 0, %(faults)s, %(now)s, %(actor)s
)
