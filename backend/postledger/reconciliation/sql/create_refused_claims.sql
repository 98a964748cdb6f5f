-- The pairs that a person has undone. No pass makes them again.
CREATE TEMPORARY TABLE refused_claims AS
SELECT DISTINCT report_lines.group_no, matches.dedup_key
FROM matches
JOIN report_lines ON report_lines.line_no = matches.line_no
WHERE matches.statement_id = %(statement_id)s AND matches.state = 'undone' AND matches.dedup_key IS NOT NULL
