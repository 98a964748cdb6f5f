-- Takes one of our bank accounts out of force. Statements that were imported for it stay.
UPDATE bank_accounts SET removed_at = %s WHERE slug = %s AND removed_at IS NULL
