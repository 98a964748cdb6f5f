-- What was kept of a month at each of its locks, newest first.
SELECT version, report, sha256, locked_at, locked_by FROM locked_reports
WHERE period = %(period)s AND (%(version)s::integer IS NULL OR version = %(version)s)
ORDER BY version DESC
