-- Keeps the report of a month as it was when the month was locked. The hash is over the text that the table gives back.
INSERT INTO locked_reports (period, version, report, sha256, locked_at, locked_by)
VALUES (
    %(period)s, %(version)s, %(report)s::jsonb, sha256(convert_to(%(report)s::jsonb::text, 'UTF8')), %(now)s, %(actor)s
)
RETURNING sha256
