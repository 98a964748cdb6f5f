-- What this ledger has encrypted and cannot do without: the live secrets of sources, forwards and exports in force,
-- those of [notify], the numbers of its bank accounts, and its own keys.
SELECT slug, ciphertext
FROM source_secrets
JOIN sources ON sources.id = source_id
WHERE removed_at IS NULL
UNION ALL
SELECT 'forward ' || forwards.slug, ciphertext
FROM forward_secrets
JOIN forwards ON forwards.slug = forward_secrets.slug
WHERE removed_at IS NULL
UNION ALL
SELECT '[notify]', ciphertext FROM notify_secrets
UNION ALL
SELECT 'export ' || export_targets.slug, ciphertext
FROM export_secrets
JOIN export_targets ON export_targets.slug = export_secrets.slug
WHERE removed_at IS NULL
UNION ALL
SELECT 'bank account ' || slug, account FROM bank_accounts WHERE removed_at IS NULL
UNION ALL
SELECT 'its own key "' || name || '"', ciphertext FROM instance_keys
ORDER BY 1
