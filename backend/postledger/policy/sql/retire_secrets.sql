-- Takes the secrets of a source out of force, except those that stay, and remembers them.
WITH retired AS (
    DELETE FROM source_secrets
    WHERE source_id = %(source_id)s AND NOT id = ANY(%(kept)s)
    RETURNING source_id, ciphertext, created_at
)
INSERT INTO retired_secrets (source_id, ciphertext, created_at, retired_at, may_return)
SELECT source_id, ciphertext, created_at, %(now)s, %(may_return)s FROM retired
