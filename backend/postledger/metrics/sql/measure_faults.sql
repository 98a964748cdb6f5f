-- How many lines of these statements could not be read, by reason.
SELECT statements.kind, statement_faults.reason, count(*)
FROM statement_faults
JOIN statements ON statements.id = statement_faults.statement_id
WHERE statement_faults.statement_id = any(%(ids)s::uuid [])
GROUP BY statements.kind, statement_faults.reason
