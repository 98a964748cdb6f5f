-- Deletes the secrets of a forward, so that others can take their place.
DELETE FROM forward_secrets WHERE slug = %s
