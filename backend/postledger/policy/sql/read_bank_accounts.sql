-- The bank accounts of all payees, retired ones too, because a retired payee can be revived.
SELECT id, bank_account, bank_account_hash FROM payees WHERE bank_account IS NOT NULL ORDER BY id
