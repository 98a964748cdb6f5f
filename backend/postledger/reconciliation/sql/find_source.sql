-- The id of a source by its slug.
SELECT id FROM sources WHERE slug = %s
