-- A source, in force or retired.
SELECT id FROM sources WHERE slug = %s
