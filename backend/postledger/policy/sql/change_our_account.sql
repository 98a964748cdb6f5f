-- Changes or revives one of our bank accounts. Its number stays as it is.
UPDATE bank_accounts SET settings = %s::jsonb, updated_at = %s, removed_at = NULL WHERE slug = %s
