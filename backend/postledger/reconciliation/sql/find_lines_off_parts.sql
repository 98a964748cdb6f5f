-- Lines whose match does not add up to them. Of a report the line is the amount of each of its matches.
SELECT matches.statement_id::text, matches.line_no, sum(matches.amount), lines.amount
FROM matches
JOIN statements ON statements.id = matches.statement_id AND statements.kind = 'bank'
LEFT JOIN statement_lines AS lines ON lines.statement_id = matches.statement_id AND lines.line_no = matches.line_no
WHERE matches.state IN ('matched', 'confirmed')
GROUP BY matches.statement_id, matches.line_no, lines.amount
HAVING sum(matches.amount) IS DISTINCT FROM lines.amount
ORDER BY matches.statement_id, matches.line_no
