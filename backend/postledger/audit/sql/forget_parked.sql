-- Erases a value from reversals that are or were parked, as from the changes of conversions.
UPDATE parked_reversals
SET transaction_id = %(forgotten)s::text
WHERE transaction_id = %(datum)s::text
