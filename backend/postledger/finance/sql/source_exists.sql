-- Whether a source of this slug was ever configured.
SELECT EXISTS (SELECT FROM sources WHERE slug = %s)
