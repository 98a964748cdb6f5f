-- When the last expense line was written.
SELECT max(created_at) FROM expense_lines
