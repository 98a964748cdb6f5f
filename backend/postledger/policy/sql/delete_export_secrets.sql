-- Deletes the secrets of a target of exports: others take their place, or it is retired.
DELETE FROM export_secrets WHERE slug = %s
