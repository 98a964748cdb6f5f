-- Adds a bank statement. Its lines are on record already.
INSERT INTO statements (
    id, kind, account, format, file_name, file_sha256, number, since, until, currency, opening, closing, proof,
    proof_difference, lines, known, faults, imported_at, imported_by
)
VALUES (
    %(id)s, 'bank', %(account)s, %(format)s, %(file_name)s, %(file_sha256)s, %(number)s, %(since)s, %(until)s,
    %(currency)s, %(opening)s, %(closing)s, %(proof)s, %(proof_difference)s, %(lines)s, %(known)s, %(faults)s, %(now)s,
    %(actor)s
)
