-- Whether a bank account is, or was, configured.
SELECT true FROM bank_accounts WHERE slug = %s
