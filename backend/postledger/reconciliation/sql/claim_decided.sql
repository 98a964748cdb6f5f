-- What a person confirmed, or matched by hand, is claimed first.
INSERT INTO claims (group_no, dedup_key, method, is_decided)
SELECT DISTINCT ON (report_lines.group_no) report_lines.group_no, matches.dedup_key, matches.method, true
FROM matches
JOIN report_lines ON report_lines.line_no = matches.line_no
JOIN conversions ON conversions.dedup_key = matches.dedup_key
WHERE
    matches.statement_id = %(statement_id)s AND NOT report_lines.is_duplicate
    AND (matches.state = 'confirmed' OR (matches.method = 'by_hand' AND matches.state = 'matched'))
ORDER BY report_lines.group_no, matches.matched_at DESC, matches.nth DESC
