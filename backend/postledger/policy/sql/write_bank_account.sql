-- Replaces the bank account of a payee: its ciphertext, and the keyed hash that finds it again.
UPDATE payees SET bank_account = %s, bank_account_hash = %s WHERE id = %s
