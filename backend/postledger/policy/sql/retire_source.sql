-- Takes a source out of force, and revokes its partner tokens. Its row and its history stay.
WITH retired AS (
    UPDATE sources SET removed_at = %s WHERE slug = %s AND removed_at IS NULL
    RETURNING id, removed_at
),

revoked AS (
    UPDATE partner_tokens SET revoked_at = retired.removed_at
    FROM retired
    WHERE partner_tokens.source_id = retired.id AND partner_tokens.revoked_at IS NULL
)

SELECT id FROM retired
