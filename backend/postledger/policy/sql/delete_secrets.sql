-- Deletes the secrets of a source, except those that stay.
DELETE FROM source_secrets WHERE source_id = %s AND NOT id = ANY(%s)
