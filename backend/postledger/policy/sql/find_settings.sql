-- The settings of one source, as they are stored.
SELECT settings FROM sources WHERE slug = %s
