-- A key of this ledger, encrypted.
SELECT ciphertext FROM instance_keys WHERE name = %s
