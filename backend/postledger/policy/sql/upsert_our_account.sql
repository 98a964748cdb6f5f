-- Puts one of our bank accounts into force with its number: creates it, changes it, or revives it.
INSERT INTO bank_accounts (slug, settings, account, account_hash, created_at, updated_at)
SELECT slug, settings, account, account_hash, at, at
FROM (VALUES (%s::text, %s::jsonb, %s::bytea, %s::bytea, %s::timestamptz))
    AS bank_account (slug, settings, account, account_hash, at)
ON CONFLICT (slug) DO UPDATE
SET settings = excluded.settings, account = excluded.account, account_hash = excluded.account_hash,
    updated_at = excluded.updated_at, removed_at = NULL
