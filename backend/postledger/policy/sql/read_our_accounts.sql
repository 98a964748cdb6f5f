-- Our bank accounts in force, or the retired ones, with the hashes of their numbers.
SELECT settings, account_hash FROM bank_accounts WHERE (removed_at IS NULL) = %s ORDER BY slug
