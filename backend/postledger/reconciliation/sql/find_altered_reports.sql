-- Locks whose report is missing, does not have its hash, or has another hash than the audit chain says.
WITH locks AS (
    SELECT subject, convert_from(body, 'UTF8')::jsonb AS body FROM audit_log WHERE action = 'period.lock'
)

SELECT (locks.subject || '-01')::date AS period, (locks.body ->> 'version')::integer AS version
FROM locks
LEFT JOIN locked_reports AS kept
    ON kept.period = (locks.subject || '-01')::date AND kept.version = (locks.body ->> 'version')::integer
WHERE
    kept.sha256 IS DISTINCT FROM decode(locks.body ->> 'report_sha256', 'hex')
    OR kept.sha256 <> sha256(convert_to(kept.report::text, 'UTF8'))
ORDER BY period, version
