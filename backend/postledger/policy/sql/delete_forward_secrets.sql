-- Deletes the secrets of a forward: others take their place, or it is retired.
DELETE FROM forward_secrets WHERE slug = %s
