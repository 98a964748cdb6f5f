-- Erases a click id that a network has as the id of a transaction from work items.
UPDATE discrepancies SET facts = facts - 'transaction_id' WHERE facts ->> 'transaction_id' = %(click_id)s
