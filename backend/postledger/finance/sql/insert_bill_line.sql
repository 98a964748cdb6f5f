-- Adds a line of a bill.
INSERT INTO bill_lines (bill_id, nth, category, account, tax_code, exact, carried_in, amount, items)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
