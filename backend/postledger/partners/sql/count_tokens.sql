-- How many tokens of a source are valid.
SELECT count(*) FROM partner_tokens WHERE source_id = %s AND revoked_at IS NULL
