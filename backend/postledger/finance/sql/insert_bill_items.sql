-- Puts the lines that are due into new bills. The key refuses a line that is in a bill already.
INSERT INTO bill_items (dedup_key, seq, bill_id, bill_line)
SELECT due.dedup_key, due.seq, bills.id, lines.nth
FROM due_lines AS due
JOIN bills
    ON bills.payee = due.payee AND bills.currency = due.currency AND bills.period = due.period AND bills.id = ANY(%s)
JOIN bill_lines AS lines
    ON
        lines.bill_id = bills.id AND lines.category = due.category
        AND lines.account IS NOT DISTINCT FROM due.account AND lines.tax_code IS NOT DISTINCT FROM due.tax_code
