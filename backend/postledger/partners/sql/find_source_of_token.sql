-- The source in force that a token opens.
SELECT sources.slug
FROM partner_tokens
JOIN sources ON sources.id = partner_tokens.source_id
WHERE partner_tokens.token_sha256 = %s AND partner_tokens.revoked_at IS NULL AND sources.removed_at IS NULL
