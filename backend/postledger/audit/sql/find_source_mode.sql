-- The id and the mode of one source.
SELECT id, coalesce(settings ->> 'mode', 'enforce') FROM sources WHERE slug = %s
