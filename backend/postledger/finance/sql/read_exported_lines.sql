-- The lines of bills, in order.
SELECT bill_id, nth, category, account, tax_code, exact, amount, items
FROM bill_lines
WHERE bill_id = any(%s)
ORDER BY bill_id, nth
