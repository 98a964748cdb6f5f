-- The numbers of all our bank accounts, retired ones too, because a retired account can be revived.
SELECT slug, account FROM bank_accounts ORDER BY slug
