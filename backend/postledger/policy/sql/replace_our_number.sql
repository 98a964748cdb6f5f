-- Replaces the ciphertext of a bank account's number.
UPDATE bank_accounts SET account = %s WHERE slug = %s
