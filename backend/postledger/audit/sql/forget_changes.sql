-- Erases a value from the changes of conversions: a refund has a transaction id of its own, which can equal a click id.
-- The amounts stay.
UPDATE conversion_events
SET transaction_id = %(forgotten)s::text
WHERE transaction_id = %(datum)s::text
