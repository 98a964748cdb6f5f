-- Which of some conversions have lines. One that has lines is followed whenever it was opened.
SELECT key::text
FROM unnest(%s::uuid []) AS wanted (key)
WHERE EXISTS (SELECT FROM expense_lines WHERE expense_lines.dedup_key = wanted.key)
