-- The lines of a bill.
SELECT nth, category, account, tax_code, exact, carried_in, amount, items FROM bill_lines WHERE bill_id = %s ORDER BY nth
