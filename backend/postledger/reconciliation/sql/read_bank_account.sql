-- The settings of a bank account in force.
SELECT settings FROM bank_accounts WHERE slug = %s AND removed_at IS NULL
