-- Revokes all tokens of a source.
UPDATE partner_tokens SET revoked_at = %s WHERE source_id = %s AND revoked_at IS NULL
